//! [`ConcurrencyLimit`]: bounds the number of attempts in flight.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tower::{BoxError, Layer, Service};

use crate::error::TransportError;

/// The wait for a permit.
type Acquiring = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + Sync>>;

/// Applies [`ConcurrencyLimit`] to a service. All services of one layer and its clones share the limit.
///
/// Unlike tower's layer of this name, it has the same type with and without a limit.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimitLayer(Option<Arc<Semaphore>>);

impl ConcurrencyLimitLayer {
    /// Creates a layer with a maximum number of attempts in flight. `None` sets no limit, and 0 counts as 1.
    pub fn new(limit: Option<usize>) -> Self {
        Self(limit.map(|limit| Arc::new(Semaphore::new(limit.clamp(1, Semaphore::MAX_PERMITS)))))
    }
}

impl<S> Layer<S> for ConcurrencyLimitLayer {
    type Service = ConcurrencyLimit<S>;
    fn layer(&self, inner: S) -> ConcurrencyLimit<S> {
        ConcurrencyLimit { inner, permits: self.0.clone(), acquiring: None, permit: None }
    }
}

/// Is ready only while fewer attempts than the limit are in flight.
pub struct ConcurrencyLimit<S> {
    inner: S,
    permits: Option<Arc<Semaphore>>,
    acquiring: Option<Acquiring>,
    permit: Option<OwnedSemaphorePermit>,
}

impl<S: Clone> Clone for ConcurrencyLimit<S> {
    fn clone(&self) -> Self {
        // A permit belongs to one service. A clone acquires its own.
        Self { inner: self.inner.clone(), permits: self.permits.clone(), acquiring: None, permit: None }
    }
}

impl<S: fmt::Debug> fmt::Debug for ConcurrencyLimit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimit")
            .field("inner", &self.inner)
            .field("permits", &self.permits)
            .finish_non_exhaustive()
    }
}

impl<S, R> Service<R> for ConcurrencyLimit<S>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = TransportError;
    type Future = ConcurrencyLimitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if let Some(permits) = &self.permits
            && self.permit.is_none()
        {
            let acquiring = self.acquiring.get_or_insert_with(|| Box::pin(Arc::clone(permits).acquire_owned()));
            self.permit = Some(ready!(acquiring.as_mut().poll(cx)).map_err(TransportError::from_any)?);
            self.acquiring = None;
        }
        self.inner.poll_ready(cx).map_err(TransportError::from_any)
    }

    fn call(&mut self, request: R) -> Self::Future {
        ConcurrencyLimitFuture { call: self.inner.call(request), _permit: self.permit.take() }
    }
}

pin_project! {
    /// The future of [`ConcurrencyLimit`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ConcurrencyLimitFuture<F> {
        #[pin]
        call: F,
        _permit: Option<OwnedSemaphorePermit>,
    }
}

impl<F, T, E> Future for ConcurrencyLimitFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().call.poll(cx).map_err(TransportError::from_any)
    }
}
