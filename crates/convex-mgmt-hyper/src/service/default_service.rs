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

use super::Transport;
use crate::error::TransportError;
use crate::layers::future::{GuardFuture, RetryFuture};
use crate::layers::{ConcurrencyLimit, ConcurrencyLimitLayer, Guard, GuardLayer, Retry, RetryLayer};
use crate::transport::HyperTransport;

/// The library's services around the attempts of a call: guard, total deadline, retries and concurrency limit.
///
/// `T` performs one attempt: [`HyperTransport`], or another transport with the layers of
/// [`ClientBuilder::attempt_layer`](crate::ClientBuilder::attempt_layer) around it.
#[derive(Clone, Debug)]
pub struct DefaultService<T = HyperTransport>(Guard<Retry<ConcurrencyLimit<T>>>);

impl<T> DefaultService<T> {
    pub(crate) fn new(
        attempt: T,
        max_concurrency: Option<usize>,
        policy: RetryPolicy,
        budget: RetryBudget,
        total: Option<Duration>,
        require_confirmation: bool,
    ) -> Self {
        let limited = ConcurrencyLimitLayer::new(max_concurrency).layer(attempt);
        let retry = RetryLayer::new(policy, budget, total).layer(limited);
        Self(GuardLayer::new(require_confirmation).layer(retry))
    }
}

impl<T: Transport> Service<Request<Bytes>> for DefaultService<T> {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = DefaultServiceFuture<T>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Bytes>) -> DefaultServiceFuture<T> {
        DefaultServiceFuture { call: self.0.call(request) }
    }
}

pin_project! {
    /// The future of [`DefaultService`].
    #[must_use = "futures do nothing unless polled"]
    pub struct DefaultServiceFuture<T: Transport> {
        #[pin]
        call: GuardFuture<RetryFuture<ConcurrencyLimit<T>>>,
    }
}

impl<T: Transport> fmt::Debug for DefaultServiceFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultServiceFuture").finish_non_exhaustive()
    }
}

impl<T: Transport> Future for DefaultServiceFuture<T> {
    type Output = Result<Response<Bytes>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().call.poll(cx)
    }
}
