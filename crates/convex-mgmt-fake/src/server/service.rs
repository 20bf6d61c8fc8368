//! The handling of a request: recording it, injecting faults, and [`Fake`] as a tower service.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use tower::{Service, ServiceExt};

use super::router::router;
use crate::api::{error_response, sleep};
use crate::control::{self, Fake};
use crate::state::{Fault, RecordedRequest, Settings, Shared};

/// A server, as a listener and a transport in process see it.
pub(crate) trait Respond: Clone + Send + Sync + 'static {
    /// Responds to a request, or resets the connection.
    fn respond(&self, request: Request<Body>) -> impl Future<Output = Result<Response, ConnectionReset>> + Send;
}

impl Respond for Fake {
    async fn respond(&self, request: Request<Body>) -> Result<Response, ConnectionReset> {
        if request.uri().path().starts_with(control::PREFIX) {
            return Ok(control::respond(self, request).await);
        }
        let router = self.router.get_or_init(|| router(self.state.clone()));
        respond(&self.state, router, request).await
    }
}

/// Records a request, injects a fault if one is due, and runs the handler.
pub(crate) async fn respond<S: Settings>(
    state: &Shared<S>,
    router: &Router,
    request: Request<Body>,
) -> Result<Response, ConnectionReset> {
    let (number, fault, request) = record(state, request).await?;
    let Some(fault) = fault else {
        return Ok(handle(state, router, number, request).await);
    };
    match fault {
        Fault::Response { status, code, retry_after } => Ok(fault_response(status, code.as_deref(), retry_after)),
        Fault::EmptyBody => {
            let mut response = handle(state, router, number, request).await;
            *response.body_mut() = Body::empty();
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            response.headers_mut().remove(CONTENT_TYPE);
            Ok(response)
        }
        Fault::HalfBody => {
            let (mut parts, body) = handle(state, router, number, request).await.into_parts();
            let body = body.collect().await.map_err(|_| ConnectionReset)?.to_bytes();
            let half = body.slice(..body.len() / 2);
            parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(half.len()));
            Ok(Response::from_parts(parts, Body::from(half)))
        }
        Fault::Delay { milliseconds } => {
            let timeout = state.state().knobs().request_timeout;
            let delay = Duration::from_millis(milliseconds);
            sleep(delay.min(timeout)).await;
            if delay >= timeout {
                return Ok(StatusCode::REQUEST_TIMEOUT.into_response());
            }
            Ok(handle(state, router, number, request).await)
        }
        Fault::Reset => Err(ConnectionReset),
        Fault::LostResponse => {
            handle(state, router, number, request).await;
            Err(ConnectionReset)
        }
    }
}

/// Runs the handler of a request, and records the status of its response.
async fn handle<S: Settings>(state: &Shared<S>, router: &Router, number: usize, request: Request<Body>) -> Response {
    let is_routable = state.state().is_routable();
    let response = if is_routable {
        match router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    } else {
        StatusCode::NOT_FOUND.into_response()
    };
    update(state, number, |recorded| recorded.status = Some(response.status()));
    response
}

/// Records a request with the fault that is due for it. Returns its number and the fault. A request with an incomplete body is not
/// recorded.
async fn record<S: Settings>(
    state: &Shared<S>,
    request: Request<Body>,
) -> Result<(usize, Option<Fault>, Request<Body>), ConnectionReset> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| ConnectionReset)?.to_bytes();
    let most = state.state().knobs().recorded_requests;
    // One lock for both, so that nobody sees a request without its fault, and faults follow the order of the requests.
    let mut requests = state.requests();
    let fault = state.faults().take(parts.uri.path());
    let recorded = RecordedRequest {
        method: parts.method.clone(),
        uri: parts.uri.to_string(),
        headers: parts.headers.clone(),
        body: body.clone(),
        fault: fault.clone(),
        status: None,
    };
    let number = requests.push(recorded, most);
    Ok((number, fault, Request::from_parts(parts, Body::from(body))))
}

fn update<S>(state: &Shared<S>, number: usize, update: impl FnOnce(&mut RecordedRequest)) {
    if let Some(recorded) = state.requests().get_mut(number) {
        update(recorded);
    }
}

fn fault_response(status: u16, code: Option<&str>, retry_after: Option<u64>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match code {
        Some(code) => error_response(status, code, "a fault injected by a test"),
        None => status.into_response(),
    };
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The future of a call in process.
pub(crate) type Call = Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, ConnectionReset>> + Send>>;

/// Calls a server in process.
pub(crate) fn call(server: impl Respond, request: Request<Bytes>) -> Call {
    Box::pin(async move {
        let (mut parts, body) = server.respond(request.map(Body::from)).await?.into_parts();
        let body = body.collect().await.map_err(|_| ConnectionReset)?.to_bytes();
        // Over a socket, hyper adds it.
        if parts.status != StatusCode::NO_CONTENT {
            parts.headers.entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(body.len()));
        }
        Ok(http::Response::from_parts(parts, body))
    })
}

impl Service<Request<Bytes>> for Fake {
    type Response = http::Response<Bytes>;
    type Error = ConnectionReset;
    type Future = Call;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), ConnectionReset>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Call {
        call(self.clone(), request)
    }
}

/// The error of a request whose connection was reset before a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionReset;

impl fmt::Display for ConnectionReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was reset")
    }
}

/// The source is an [`io::Error`] with the kind that a socket would report, because transports classify errors by it.
impl std::error::Error for ConnectionReset {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        static RESET: LazyLock<io::Error> = LazyLock::new(|| io::ErrorKind::ConnectionReset.into());
        Some(&*RESET)
    }
}
