//! [`AttemptTimeout`]: bounds the time of one attempt.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower::{BoxError, Layer, Service};

use crate::error::{TransportError, TransportErrorKind};
use crate::transport::Progress;

/// Applies [`AttemptTimeout`] to a service.
#[derive(Clone, Copy, Debug)]
pub struct AttemptTimeoutLayer(Option<Duration>);

impl AttemptTimeoutLayer {
    /// Creates a layer that bounds each attempt, from the request to the whole response. `None` sets no bound.
    ///
    /// [`HyperTransport`](crate::HyperTransport) does not need this layer: it bounds the wait for the head and each pause of
    /// the body.
    pub fn new(timeout: Option<Duration>) -> Self {
        Self(timeout)
    }
}

impl<S> Layer<S> for AttemptTimeoutLayer {
    type Service = AttemptTimeout<S>;
    fn layer(&self, inner: S) -> AttemptTimeout<S> {
        AttemptTimeout { inner, timeout: self.0 }
    }
}

/// Fails an attempt that takes too long. With a bound it needs the timers of a tokio runtime.
#[derive(Clone, Debug)]
pub struct AttemptTimeout<S> {
    inner: S,
    timeout: Option<Duration>,
}

impl<S, B> Service<Request<B>> for AttemptTimeout<S>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = TransportError;
    type Future = AttemptTimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx).map_err(TransportError::from_any)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let progress = Progress::start(&mut request);
        AttemptTimeoutFuture { inner: self.inner.call(request), progress, sleep: self.timeout.map(tokio::time::sleep) }
    }
}

pin_project! {
    /// The future of [`AttemptTimeout`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct AttemptTimeoutFuture<F> {
        #[pin]
        inner: F,
        progress: Arc<Progress>,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<F, T, E> Future for AttemptTimeoutFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(result) = this.inner.poll(cx) {
            return Poll::Ready(result.map_err(TransportError::from_any));
        }
        match this.sleep.as_pin_mut().map(|sleep| sleep.poll(cx)) {
            Some(Poll::Ready(())) => {
                // The caller drops the inner future.
                let sent = this.progress.expire();
                Poll::Ready(Err(TransportError::timeout(TransportErrorKind::AttemptTimeout, sent)))
            }
            Some(Poll::Pending) | None => Poll::Pending,
        }
    }
}
