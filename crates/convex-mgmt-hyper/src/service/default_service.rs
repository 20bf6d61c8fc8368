//! [`DefaultService`]: the library's own services around a transport.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::{RetryBudget, RetryPolicy};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::transport::{DefaultTransport, Transport};
use crate::error::TransportError;
use crate::layers::future::{GuardFuture, RetryFuture};
use crate::layers::{ConcurrencyLimit, ConcurrencyLimitLayer, Guard, GuardLayer, Retry, RetryLayer};
use crate::timer::{DefaultTimer, Timer};

/// The library's services around the attempts of a call: guard, total deadline, retries and concurrency limit.
///
/// `S` performs one attempt: `HyperTransport`, or another transport with the layers of
/// [`ClientBuilder::attempt_layer`](crate::ClientBuilder::attempt_layer) around it. `T` is the timer.
#[derive(Clone, Debug)]
pub struct DefaultService<S = DefaultTransport, T = DefaultTimer>(Guard<Retry<ConcurrencyLimit<S>, T>>);

impl<S, T: Clone> DefaultService<S, T> {
    pub(crate) fn new(
        attempt: S,
        timer: T,
        max_concurrency: Option<usize>,
        policy: RetryPolicy,
        budget: RetryBudget,
        total: Option<Duration>,
        require_confirmation: bool,
    ) -> Self {
        let limited = ConcurrencyLimitLayer::new(max_concurrency).layer(attempt);
        let retry = RetryLayer::new(policy, budget, total).timer(timer).layer(limited);
        Self(GuardLayer::new(require_confirmation).layer(retry))
    }
}

impl<S: Transport, T: Timer> Service<Request<Bytes>> for DefaultService<S, T> {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = DefaultServiceFuture<S, T>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Bytes>) -> DefaultServiceFuture<S, T> {
        DefaultServiceFuture { call: self.0.call(request) }
    }
}

pin_project! {
    /// The future of [`DefaultService`].
    #[must_use = "futures do nothing unless polled"]
    pub struct DefaultServiceFuture<S: Transport, T: Timer = DefaultTimer> {
        #[pin]
        call: GuardFuture<RetryFuture<ConcurrencyLimit<S>, T>>,
    }
}

impl<S: Transport, T: Timer> fmt::Debug for DefaultServiceFuture<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultServiceFuture").finish_non_exhaustive()
    }
}

impl<S: Transport, T: Timer> Future for DefaultServiceFuture<S, T> {
    type Output = Result<Response<Bytes>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().call.poll(cx)
    }
}
