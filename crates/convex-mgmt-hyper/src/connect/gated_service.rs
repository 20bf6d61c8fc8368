//! [`GatedService`]: a service for tests, which is not ready before it is opened.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use tower::Service;

/// A service that becomes ready when it is opened, together with its clones. A call before that panics. It wakes no task.
pub(crate) struct GatedService<R, E> {
    open: Arc<AtomicBool>,
    respond: fn() -> Result<R, E>,
}

impl<R, E> GatedService<R, E> {
    /// Creates a closed service. Once it is open, it responds with the result of `respond`.
    pub(crate) fn new(respond: fn() -> Result<R, E>) -> Self {
        Self { open: Arc::default(), respond }
    }

    pub(crate) fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }
}

impl<R, E> Clone for GatedService<R, E> {
    fn clone(&self) -> Self {
        Self { open: Arc::clone(&self.open), respond: self.respond }
    }
}

impl<T, R, E> Service<T> for GatedService<R, E> {
    type Response = R;
    type Error = E;
    type Future = Ready<Result<R, E>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        if self.open.load(Ordering::SeqCst) { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn call(&mut self, _request: T) -> Self::Future {
        assert!(self.open.load(Ordering::SeqCst), "called without being ready");
        ready((self.respond)())
    }
}

/// Returns `true` if a service is ready. Panics if it failed.
pub(crate) fn is_ready<T, S: Service<T>>(service: &mut S) -> bool {
    match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => {
            assert!(result.is_ok(), "the service failed");
            true
        }
        Poll::Pending => false,
    }
}

/// Polls a future once.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}
