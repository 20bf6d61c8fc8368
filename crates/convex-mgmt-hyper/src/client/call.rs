//! [`CallFuture`]: the part of a call that does not depend on the operation's types, so that it is compiled once.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::{CredentialKind, OperationMeta, ResponseError, Sent};
use http::{Request, Response, Uri};
use pin_project_lite::pin_project;

use crate::error::{Attempts, Cause, Error, TransportError};
use crate::layers::RefreshedCredential;
use crate::service::Transport;
use crate::timer::{Timer, elapsed};
use crate::trace::CallSpan;

/// A call: the facts that its errors report.
struct Call<T> {
    operation: &'static OperationMeta,
    uri: Uri,
    /// The kind of the credential that was sent last.
    credential: CredentialKind,
    timer: T,
    /// The time of the first poll, by the timer.
    started: Option<Duration>,
    /// The attempts that led to the response.
    attempts: Attempts,
    span: CallSpan,
}

impl<T: Timer> Call<T> {
    fn start(&mut self, request: &Request<Bytes>) {
        self.span = CallSpan::new(self.operation, request);
        self.uri = request.uri().clone();
        self.started = Some(self.timer.now());
    }

    fn responded(&mut self, response: &Response<Bytes>) {
        self.attempts = response.extensions().get().copied().unwrap_or(Attempts::ONE);
        if let Some(RefreshedCredential(kind)) = response.extensions().get() {
            self.credential = *kind;
        }
        self.span.responded(response, self.attempts);
    }

    fn error(&self, attempts: Attempts, sent: Sent, cause: Cause) -> Error {
        let url = self.operation.endpoint_url(&self.uri).unwrap_or_default().into();
        let elapsed = self.started.map(|started| elapsed(&self.timer, started)).unwrap_or_default();
        let error = Error::new(self.operation, url, attempts, elapsed, sent, cause).with_credential(self.credential);
        self.span.failed(&error);
        error
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, F> {
        Failed { error: Option<Error> },
        Readying { service: S, request: Option<Request<Bytes>> },
        Calling { #[pin] call: F },
        Ended,
    }
}

pin_project! {
    /// Waits until the service is ready, calls it, and returns its response or the error of the call.
    ///
    /// The time of the call starts with the first poll. An `async fn` would hold the request twice.
    pub(super) struct CallFuture<S: Transport, T: Timer> {
        call: Call<T>,
        #[pin]
        state: State<S, S::Future>,
    }
}

impl<S: Transport, T: Timer> CallFuture<S, T> {
    /// Creates the future of a call. If the request could not be built, it fails with that error.
    pub(super) fn new(
        service: S,
        timer: T,
        operation: &'static OperationMeta,
        credential: CredentialKind,
        request: Result<Request<Bytes>, Error>,
    ) -> Self {
        let state = match request {
            Ok(request) => State::Readying { service, request: Some(request) },
            Err(error) => State::Failed { error: Some(error) },
        };
        let (uri, attempts, span) = (Uri::default(), Attempts::ONE, CallSpan::none());
        Self { call: Call { operation, uri, credential, timer, started: None, attempts, span }, state }
    }

    /// Returns `true` if an attempt before the one with the response may have taken effect on the server.
    pub(super) fn maybe_applied(&self) -> bool {
        self.call.attempts.maybe_applied
    }

    /// Returns the error of a call whose response is not a success, or cannot be read.
    pub(super) fn rejected(&self, error: ResponseError) -> Error {
        self.call.error(self.call.attempts, Sent::Maybe, Cause::Response(error))
    }
}

impl<S: Transport, T: Timer> Future for CallFuture<S, T> {
    type Output = Result<Response<Bytes>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let StateProjection::Readying { request: Some(request), .. } = this.state.as_mut().project()
            && this.call.started.is_none()
        {
            this.call.start(request);
        }
        let result = {
            let _entered = this.call.span.enter();
            loop {
                let future = match this.state.as_mut().project() {
                    StateProjection::Readying { service, request } => match ready!(service.poll_ready(cx)) {
                        Ok(()) => match request.take() {
                            Some(request) => service.call(request),
                            None => return Poll::Pending,
                        },
                        Err(error) => break Err(TransportError::not_ready(error)),
                    },
                    StateProjection::Calling { call } => break ready!(call.poll(cx)).map_err(TransportError::from_any),
                    StateProjection::Failed { error } => {
                        return error.take().map_or(Poll::Pending, |error| Poll::Ready(Err(error)));
                    }
                    // Only a future that is polled after its end.
                    StateProjection::Ended => return Poll::Pending,
                };
                this.state.set(State::Calling { call: future });
            }
        };
        this.state.set(State::Ended);
        Poll::Ready(match result {
            Ok(response) => {
                this.call.responded(&response);
                Ok(response)
            }
            Err(error) => Err(this.call.error(error.history(), error.sent(), Cause::Transport(error))),
        })
    }
}
