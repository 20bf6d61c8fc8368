//! One request through a service: written out as a future by hand, because an `async fn` would hold the request twice.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use convex_mgmt_proto::{OperationMeta, ResponseError, Sent};
use http::{Request, Response, Uri};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower::{BoxError, Service};

use crate::error::{Attempts, Cause, Error, TransportError};
use crate::trace::CallSpan;

/// A call in progress, with the facts for its error.
#[derive(Clone)]
pub(crate) struct Call {
    operation: &'static OperationMeta,
    uri: Uri,
    started: Instant,
    /// The retry history of the response.
    attempts: Attempts,
    span: CallSpan,
}

impl Call {
    fn failed(&self, error: TransportError) -> Error {
        self.error(error.history(), error.sent(), Cause::Transport(error))
    }

    pub(crate) fn refused(&self, error: ResponseError) -> Error {
        self.error(self.attempts, Sent::Maybe, Cause::Response(error))
    }

    /// Returns `true` if an attempt before the last one may have taken effect.
    pub(crate) fn maybe_applied(&self) -> bool {
        self.attempts.maybe_applied
    }

    fn error(&self, attempts: Attempts, sent: Sent, cause: Cause) -> Error {
        let url = self.operation.endpoint_url(&self.uri).unwrap_or_default().into();
        let error = Error::new(self.operation, url, attempts, self.started.elapsed(), sent, cause);
        self.span.failed(&error);
        error
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, F> {
        Readying { service: S, request: Option<Request<Bytes>> },
        Calling { #[pin] call: F },
    }
}

pin_project! {
    /// Waits until the service is ready, calls it, and returns the response or the error of the call.
    pub(crate) struct Exchange<S> where S: Service<Request<Bytes>> {
        #[pin]
        state: State<S, S::Future>,
        call: Call,
    }
}

impl<S: Service<Request<Bytes>>> Exchange<S> {
    pub(crate) fn new(service: S, operation: &'static OperationMeta, request: Request<Bytes>) -> Self {
        let span = CallSpan::new(operation, &request);
        let uri = request.uri().clone();
        let call = Call { operation, uri, started: Instant::now(), attempts: Attempts::ONE, span };
        Self { state: State::Readying { service, request: Some(request) }, call }
    }
}

impl<S> Future for Exchange<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<(Response<Bytes>, Call), Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let _entered = this.call.span.enter();
        let result = loop {
            let call = match this.state.as_mut().project() {
                StateProjection::Readying { service, request } => match ready!(service.poll_ready(cx)) {
                    Ok(()) => match request.take() {
                        Some(request) => service.call(request),
                        None => return Poll::Pending,
                    },
                    Err(error) => break Err(TransportError::not_ready(error)),
                },
                StateProjection::Calling { call } => break ready!(call.poll(cx)).map_err(TransportError::from_any),
            };
            this.state.set(State::Calling { call });
        };
        Poll::Ready(match result {
            Ok(response) => {
                let attempts = response.extensions().get().copied().unwrap_or(Attempts::ONE);
                this.call.span.responded(&response, attempts);
                Ok((response, Call { attempts, ..this.call.clone() }))
            }
            Err(error) => Err(this.call.failed(error)),
        })
    }
}
