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

/// A call in flight: the facts that its errors report.
pub(super) struct Call<T> {
    operation: &'static OperationMeta,
    uri: Uri,
    /// The kind of the credential that was sent last.
    credential: CredentialKind,
    timer: T,
    /// By the timer.
    started: Duration,
    /// The attempts that led to the response.
    attempts: Attempts,
    span: CallSpan,
}

impl<T: Timer> Call<T> {
    fn start(
        timer: T,
        operation: &'static OperationMeta,
        credential: CredentialKind,
        request: &Request<Bytes>,
    ) -> Self {
        let span = CallSpan::new(operation, request);
        let uri = request.uri().clone();
        let started = timer.now();
        Self { operation, uri, credential, timer, started, attempts: Attempts::ONE, span }
    }

    /// Returns the error of a call without a complete response.
    fn failed(&self, error: TransportError) -> Error {
        self.error(error.history(), error.sent(), Cause::Transport(error))
    }

    /// Returns the error of a call whose response is not a success, or cannot be read.
    pub(super) fn rejected(&self, error: ResponseError) -> Error {
        self.error(self.attempts, Sent::Maybe, Cause::Response(error))
    }

    /// Returns `true` if an earlier attempt may have taken effect on the server.
    pub(super) fn maybe_applied(&self) -> bool {
        self.attempts.maybe_applied
    }

    fn error(&self, attempts: Attempts, sent: Sent, cause: Cause) -> Error {
        let url = self.operation.endpoint_url(&self.uri).unwrap_or_default().into();
        let elapsed = elapsed(&self.timer, self.started);
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
    }
}

pin_project! {
    /// Waits until the service is ready, calls it, and returns its response or the error of the call.
    ///
    /// The time of the call starts with the first poll. An `async fn` would hold the request twice.
    pub(super) struct CallFuture<S: Transport, T: Timer> {
        operation: &'static OperationMeta,
        // The kind of the endpoint's credential.
        credential: CredentialKind,
        timer: T,
        // Set by the first poll, and taken by the last one.
        call: Option<Call<T>>,
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
        Self { operation, credential, timer, call: None, state }
    }
}

impl<S: Transport, T: Timer> Future for CallFuture<S, T> {
    type Output = Result<(Response<Bytes>, Call<T>), Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.call.is_none() {
            match this.state.as_mut().project() {
                StateProjection::Readying { request: Some(request), .. } => {
                    let timer = this.timer.clone();
                    *this.call = Some(Call::start(timer, this.operation, *this.credential, request));
                }
                StateProjection::Failed { error } => {
                    return error.take().map_or(Poll::Pending, |error| Poll::Ready(Err(error)));
                }
                // Only a future that is polled after its end has no call.
                _ => return Poll::Pending,
            }
        }
        let Some(call) = this.call else { return Poll::Pending };
        let result = {
            let _entered = call.span.enter();
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
                    StateProjection::Failed { .. } => return Poll::Pending,
                };
                this.state.set(State::Calling { call: future });
            }
        };
        let Some(mut call) = this.call.take() else { return Poll::Pending };
        Poll::Ready(match result {
            Ok(response) => {
                call.attempts = response.extensions().get().copied().unwrap_or(Attempts::ONE);
                if let Some(RefreshedCredential(kind)) = response.extensions().get() {
                    call.credential = *kind;
                }
                call.span.responded(&response, call.attempts);
                Ok((response, call))
            }
            Err(error) => Err(call.failed(error)),
        })
    }
}
