//! [`AttemptTimeout`]: bounds the time of one attempt.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use pin_project_lite::pin_project;
use tower::{BoxError, Layer, Service};

use crate::error::{TransportError, TransportErrorKind};
use crate::progress::Progress;
use crate::timer::{DefaultTimer, InitialTimer, Timer, sleep};

/// Applies [`AttemptTimeout`] to a service.
#[derive(Clone, Copy, Debug)]
pub struct AttemptTimeoutLayer<T = DefaultTimer> {
    timeout: Option<Duration>,
    timer: T,
}

impl AttemptTimeoutLayer<InitialTimer> {
    /// Creates a layer that bounds each attempt, from the request to the whole response. `None` sets no bound.
    ///
    /// `HyperTransport` does not need this layer: it bounds the wait for the head and each pause of the body.
    pub fn new(timeout: Option<Duration>) -> Self {
        Self { timeout, timer: Default::default() }
    }
}

impl<T> AttemptTimeoutLayer<T> {
    /// Sets the timer of another runtime.
    pub fn timer<U>(self, timer: U) -> AttemptTimeoutLayer<U> {
        AttemptTimeoutLayer { timeout: self.timeout, timer }
    }
}

impl<S, T: Clone> Layer<S> for AttemptTimeoutLayer<T> {
    type Service = AttemptTimeout<S, T>;
    fn layer(&self, inner: S) -> AttemptTimeout<S, T> {
        AttemptTimeout { inner, timeout: self.timeout, timer: self.timer.clone() }
    }
}

/// Fails an attempt that takes too long.
#[derive(Clone, Debug)]
pub struct AttemptTimeout<S, T = DefaultTimer> {
    inner: S,
    timeout: Option<Duration>,
    timer: T,
}

impl<S, B, T> Service<Request<B>> for AttemptTimeout<S, T>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
    T: Timer,
{
    type Response = S::Response;
    type Error = TransportError;
    type Future = AttemptTimeoutFuture<S::Future, T::Sleep>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx).map_err(TransportError::from_any)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let progress = Progress::start(&mut request);
        let sleep = self.timeout.map(|timeout| sleep(&self.timer, timeout));
        AttemptTimeoutFuture { inner: self.inner.call(request), progress, sleep }
    }
}

pin_project! {
    /// The future of [`AttemptTimeout`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct AttemptTimeoutFuture<F, W> {
        #[pin]
        inner: F,
        progress: Arc<Progress>,
        #[pin]
        sleep: Option<W>,
    }
}

impl<F, W, R, E> Future for AttemptTimeoutFuture<F, W>
where
    F: Future<Output = Result<R, E>>,
    E: Into<BoxError>,
    W: Future<Output = ()>,
{
    type Output = Result<R, TransportError>;

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
