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
use crate::layers::future::RetryFuture;
use crate::layers::{ConcurrencyLimit, ConcurrencyLimitLayer, Retry, RetryLayer};
use crate::transport::HyperTransport;

/// The library's services around the attempts of a call: total deadline, retries and concurrency limit.
///
/// `T` performs one attempt: [`HyperTransport`], or another transport with the layers of
/// [`ClientBuilder::attempt_layer`](crate::ClientBuilder::attempt_layer) around it.
#[derive(Clone, Debug)]
pub struct DefaultService<T = HyperTransport>(Retry<ConcurrencyLimit<T>>);

impl<T> DefaultService<T> {
    pub(crate) fn new(
        attempt: T,
        max_concurrency: Option<usize>,
        policy: RetryPolicy,
        budget: RetryBudget,
        total: Option<Duration>,
    ) -> Self {
        let limited = ConcurrencyLimitLayer::new(max_concurrency).layer(attempt);
        Self(RetryLayer::new(policy, budget, total).layer(limited))
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
        call: RetryFuture<ConcurrencyLimit<T>>,
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
