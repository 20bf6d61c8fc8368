//! [`HyperTransport`]: sends requests over pooled HTTP connections and reads whole responses under limits.

mod body;
mod exchange;
mod failure;
mod pool;
mod stall;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::OperationMeta;
use http::response::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tower::Service;

use self::body::BodyBuffer;
use self::exchange::{Exchange, exchange};
use self::failure::broken;
pub(crate) use self::pool::PoolSettings;
use self::pool::{Lease, Pool};
use self::stall::StallTimer;
use crate::connect::Connector;
use crate::error::{TransportError, TransportErrorKind};
use crate::progress::Progress;

/// Sends a request over a pooled connection and reads the whole response. Clones share the pool.
///
/// The body is read inside the attempt, so a connection that breaks in the middle of it fails the attempt, which can be retried.
/// The attempt timeout applies to the head of the response, and then to each wait for more of its body.
///
/// [`ClientBuilder::build`](crate::ClientBuilder::build) creates one for the client;
/// [`ClientBuilder::build_transport`](crate::ClientBuilder::build_transport) creates one for a stack of your own, or for several
/// clients.
#[derive(Clone)]
pub struct HyperTransport {
    pool: Arc<Pool>,
    settings: TransportSettings,
}

/// The bounds of a [`HyperTransport`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct TransportSettings {
    pub(crate) limits: ResponseLimits,
    /// The longest wait for the head of a response, and then for more of its body.
    pub(crate) attempt_timeout: Option<Duration>,
}

/// The largest bodies of responses, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResponseLimits {
    pub(crate) usual: usize,
    /// For operations with large responses.
    pub(crate) large: usize,
}

impl ResponseLimits {
    fn of<B>(self, request: &Request<B>) -> usize {
        let operation = request.extensions().get::<&'static OperationMeta>();
        if operation.is_some_and(|operation| operation.large_response) { self.large } else { self.usual }
    }
}

impl HyperTransport {
    pub(crate) fn new(connector: Connector, pool: PoolSettings, settings: TransportSettings) -> Self {
        Self { pool: Arc::new(Pool::new(connector, pool)), settings }
    }

    /// Returns a transport over the same pool with other bounds.
    pub(crate) fn with_settings(&self, settings: TransportSettings) -> Self {
        Self { pool: Arc::clone(&self.pool), settings }
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Service<Request<Bytes>> for HyperTransport {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = HyperTransportFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> HyperTransportFuture {
        let TransportSettings { limits, attempt_timeout } = self.settings;
        let body = BodyBuffer::new(limits.of(&request));
        let progress = Arc::new(Progress::below(&request));
        let state = State::Head(exchange(Arc::clone(&self.pool), request, Arc::clone(&progress)));
        HyperTransportFuture {
            response: Receiving { progressed: false, body, state },
            progress,
            timer: StallTimer::new(attempt_timeout),
        }
    }
}

pin_project! {
    /// The future of [`HyperTransport`].
    #[must_use = "futures do nothing unless polled"]
    pub struct HyperTransportFuture {
        response: Receiving,
        progress: Arc<Progress>,
        #[pin]
        timer: StallTimer,
    }
}

impl fmt::Debug for HyperTransportFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransportFuture").finish_non_exhaustive()
    }
}

impl Future for HyperTransportFuture {
    type Output = Result<Response<Bytes>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(result) = this.response.poll(cx) {
            return Poll::Ready(result);
        }
        if std::mem::take(&mut this.response.progressed) {
            this.timer.as_mut().restart();
        }
        ready!(this.timer.poll(cx));
        // This closes the connection. A shared one is not used again either: it may be dead.
        let sent = this.progress.expire();
        this.response.state = State::Ended;
        Poll::Ready(Err(TransportError::timeout(TransportErrorKind::AttemptTimeout, sent)))
    }
}

/// A response that is being received.
struct Receiving {
    /// `true` if the head or bytes of the body have arrived since this was last reset.
    progressed: bool,
    body: BodyBuffer,
    state: State,
}

#[allow(
    clippy::large_enum_variant,
    reason = "every call reaches the large variant, and a box would cost it an allocation"
)]
enum State {
    Head(Exchange),
    Body(Parts, Incoming, Lease),
    /// Only a future that is polled after its end reaches this state.
    Ended,
}

impl Receiving {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<Bytes>, TransportError>> {
        loop {
            match &mut self.state {
                State::Head(exchange) => {
                    let (response, lease) = ready!(exchange.as_mut().poll(cx))?;
                    let (head, body) = response.into_parts();
                    // The server behind the connection does not host the deployment. Another attempt over it would fail alike,
                    // and the host's other connections may lead to the same server.
                    if head.status == StatusCode::MISDIRECTED_REQUEST {
                        lease.retire();
                    }
                    self.body.expect(&body.size_hint())?;
                    self.state = State::Body(head, body, lease);
                    self.progressed = true;
                }
                State::Body(_, body, _) => {
                    while let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(cx)) {
                        let frame = frame.map_err(broken)?;
                        let Ok(data) = frame.into_data() else { continue };
                        self.progressed |= !data.is_empty();
                        self.body.push(data)?;
                    }
                    let State::Body(head, _, lease) = std::mem::replace(&mut self.state, State::Ended) else {
                        return Poll::Pending;
                    };
                    lease.finish();
                    return Poll::Ready(Ok(Response::from_parts(head, self.body.take())));
                }
                State::Ended => return Poll::Pending,
            }
        }
    }
}
