//! [`ConcurrencyLimit`]: bounds how many requests of a client are under way at once.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tower::{BoxError, Layer, Service};

/// Makes a [`ConcurrencyLimit`] of a service. All services made by one layer or its clones share the limit.
///
/// The layer of the same name in tower does the same, but would make the limit a part of the client's type.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimitLayer(Option<Arc<Semaphore>>);

impl ConcurrencyLimitLayer {
    /// At most this many requests at once; `None` sets no limit.
    pub fn new(limit: Option<usize>) -> Self {
        Self(limit.map(|limit| Arc::new(Semaphore::new(limit.clamp(1, Semaphore::MAX_PERMITS)))))
    }
}

impl<S> Layer<S> for ConcurrencyLimitLayer {
    type Service = ConcurrencyLimit<S>;
    fn layer(&self, inner: S) -> ConcurrencyLimit<S> {
        ConcurrencyLimit { inner, permits: self.0.clone() }
    }
}

/// Lets a request wait until fewer than the limit are under way.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimit<S> {
    inner: S,
    permits: Option<Arc<Semaphore>>,
}

impl<S, R> Service<R> for ConcurrencyLimit<S>
where
    S: Service<R> + Clone,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ConcurrencyLimitFuture<S, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let state = match &self.permits {
            None => State::Calling { call: self.inner.call(request), _permit: None },
            Some(permits) => {
                let clone = self.inner.clone();
                // The service that was polled ready is the one to call.
                let waiting = Waiting {
                    inner: mem::replace(&mut self.inner, clone),
                    request: Some(request),
                    permit: Box::pin(Arc::clone(permits).acquire_owned()),
                };
                State::Waiting { waiting: Box::new(waiting) }
            }
        };
        ConcurrencyLimitFuture { state }
    }
}

struct Waiting<S, R> {
    inner: S,
    request: Option<R>,
    permit: Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>,
}

pin_project! {
    #[project = StateProjection]
    enum State<S, R> where S: Service<R> {
        Waiting { waiting: Box<Waiting<S, R>> },
        Calling { #[pin] call: S::Future, _permit: Option<OwnedSemaphorePermit> },
    }
}

pin_project! {
    /// The future of [`ConcurrencyLimit`].
    pub struct ConcurrencyLimitFuture<S, R> where S: Service<R> {
        #[pin]
        state: State<S, R>,
    }
}

impl<S, R> std::fmt::Debug for ConcurrencyLimitFuture<S, R>
where
    S: Service<R>,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConcurrencyLimitFuture").finish_non_exhaustive()
    }
}

impl<S, R> Future for ConcurrencyLimitFuture<S, R>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
{
    type Output = Result<S::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Waiting { waiting } => {
                    let permit = ready!(waiting.permit.as_mut().poll(cx))?;
                    let Some(request) = waiting.request.take() else { return Poll::Pending };
                    let call = waiting.inner.call(request);
                    state.set(State::Calling { call, _permit: Some(permit) });
                }
                StateProjection::Calling { call, .. } => return call.poll(cx).map_err(Into::into),
            }
        }
    }
}
