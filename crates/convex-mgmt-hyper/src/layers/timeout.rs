//! [`Timeout`]: bounds the time of an attempt, or of a whole call.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower::{BoxError, Layer, Service};

use crate::error::{TransportError, TransportErrorKind};

/// Makes a [`Timeout`] of a service.
#[derive(Clone, Copy, Debug)]
pub struct TimeoutLayer {
    after: Option<Duration>,
    kind: TransportErrorKind,
}

impl TimeoutLayer {
    /// Bounds each attempt: head and body of the answer together. `None` sets no bound.
    pub fn per_attempt(after: Option<Duration>) -> Self {
        Self { after, kind: TransportErrorKind::AttemptTimeout }
    }

    /// Bounds the call with all its attempts and the waits between them. `None` sets no bound.
    pub fn per_call(after: Option<Duration>) -> Self {
        Self { after, kind: TransportErrorKind::TotalTimeout }
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;
    fn layer(&self, inner: S) -> Timeout<S> {
        Timeout { inner, settings: *self }
    }
}

/// Ends a request that takes too long. Needs the timers of a tokio runtime where it has a bound.
#[derive(Clone, Debug)]
pub struct Timeout<S> {
    inner: S,
    settings: TimeoutLayer,
}

impl<S, R> Service<R> for Timeout<S>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = TimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let TimeoutLayer { after, kind } = self.settings;
        TimeoutFuture { inner: self.inner.call(request), sleep: after.map(tokio::time::sleep), kind }
    }
}

pin_project! {
    /// The future of [`Timeout`].
    #[derive(Debug)]
    pub struct TimeoutFuture<F> {
        #[pin]
        inner: F,
        #[pin]
        sleep: Option<Sleep>,
        kind: TransportErrorKind,
    }
}

impl<F, T, E> Future for TimeoutFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(result) = this.inner.poll(cx) {
            return Poll::Ready(result.map_err(Into::into));
        }
        match this.sleep.as_pin_mut().map(|sleep| sleep.poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(Err(TransportError::timeout(*this.kind).into())),
            Some(Poll::Pending) | None => Poll::Pending,
        }
    }
}
