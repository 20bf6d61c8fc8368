//! [`Retry`]: retries a request where its operation and the outcome allow it, until the call's deadline.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::{OperationMeta, Outcome, RetryBudget, RetryDecision, RetryPolicy, RetryState, Sent};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tower::{BoxError, Layer, Service};

use crate::error::{Attempts, TransportError, TransportErrorKind};
use crate::trace;
use crate::transport::Progress;

/// Applies [`Retry`] to a service. All services of one layer and its clones share the budget.
#[derive(Clone, Debug)]
pub struct RetryLayer(Arc<Settings>);

#[derive(Debug)]
struct Settings {
    policy: RetryPolicy,
    budget: RetryBudget,
    total: Option<Duration>,
}

impl RetryLayer {
    /// Creates a layer with a policy and a budget. `total` is the time of a call with all its attempts, the waits between them
    /// and the waits until the service below is ready; `None` sets no limit.
    pub fn new(policy: RetryPolicy, budget: RetryBudget, total: Option<Duration>) -> Self {
        Self(Arc::new(Settings { policy, budget, total }))
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;
    fn layer(&self, inner: S) -> Retry<S> {
        Retry { inner, settings: Arc::clone(&self.0) }
    }
}

/// Retries a request with [`RetryState`], for the operation in the request's extensions. A request without one is sent once.
///
/// Every attempt sends the same bytes. It waits until the service below is ready, and that wait counts towards the call's
/// deadline. The layer needs the timers of a tokio runtime to retry, and for calls with a deadline.
#[derive(Clone, Debug)]
pub struct Retry<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> Service<Request<Bytes>> for Retry<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone,
    S::Error: Into<BoxError>,
{
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = RetryFuture<S>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> RetryFuture<S> {
        let started = Instant::now();
        let deadline = self.settings.total.map(tokio::time::sleep);
        // The timer shortens times that are too long for it.
        let total = deadline.as_ref().map(|deadline| deadline.deadline().duration_since(started));
        let operation = request.extensions().get::<&'static OperationMeta>().copied();
        let retry = RetryState::new(operation, self.settings.policy.clone(), total);
        RetryFuture {
            call: CallState { retry, started, settings: Arc::clone(&self.settings) },
            request: Some(request),
            inner: self.inner.clone(),
            progress: Arc::default(),
            deadline,
            state: State::Readying,
        }
    }
}

/// A call in progress.
struct CallState {
    retry: RetryState,
    started: Instant,
    settings: Arc<Settings>,
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Readying,
        Calling { #[pin] attempt: trace::Attempt<F> },
        Waiting { #[pin] sleep: Sleep },
    }
}

pin_project! {
    /// The future of [`Retry`].
    #[must_use = "futures do nothing unless polled"]
    pub struct RetryFuture<S> where S: Service<Request<Bytes>> {
        call: CallState,
        // Moved into the attempt if none can follow it.
        request: Option<Request<Bytes>>,
        inner: S,
        progress: Arc<Progress>,
        #[pin]
        deadline: Option<Sleep>,
        #[pin]
        state: State<S::Future>,
    }
}

impl<S: Service<Request<Bytes>>> fmt::Debug for RetryFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryFuture").field("attempts", &self.call.retry.attempts()).finish_non_exhaustive()
    }
}

impl<S> Future for RetryFuture<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<Bytes>, TransportError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(result) = self.as_mut().poll_attempts(cx) {
            return Poll::Ready(self.call.end(result));
        }
        let this = self.project();
        let Some(deadline) = this.deadline.as_pin_mut() else { return Poll::Pending };
        ready!(deadline.poll(cx));
        let mut state = this.state;
        // The deadline ends the current attempt, and no other one follows.
        let exceeded = |sent| TransportError::timeout(TransportErrorKind::DeadlineExceeded, sent);
        let error = match state.as_mut().project() {
            StateProjection::Calling { attempt } => {
                let error = exceeded(this.progress.expire());
                trace::attempt_ended(&attempt, Err(&error));
                this.call.after(&error.outcome());
                error
            }
            _ => exceeded(Sent::No),
        };
        *this.request = None;
        state.set(State::Readying);
        Poll::Ready(this.call.end(Err(error)))
    }
}

impl<S> RetryFuture<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>>,
    S::Error: Into<BoxError>,
{
    fn poll_attempts(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response<Bytes>, TransportError>> {
        let mut this = self.project();
        let call = this.call;
        loop {
            match this.state.as_mut().project() {
                StateProjection::Readying => {
                    ready!(this.inner.poll_ready(cx)).map_err(TransportError::not_ready)?;
                    let request = if call.retry.may_retry() { this.request.clone() } else { this.request.take() };
                    // The request is missing only if the future is polled after its end.
                    let Some(mut request) = request else { return Poll::Pending };
                    *this.progress = Progress::start(&mut request);
                    let attempt = trace::attempt(this.inner.call(request), call.retry.attempts() + 1);
                    this.state.set(State::Calling { attempt });
                }
                StateProjection::Calling { mut attempt } => {
                    let result = ready!(attempt.as_mut().poll(cx)).map_err(TransportError::from_any);
                    trace::attempt_ended(&attempt, result.as_ref());
                    let Some(delay) = call.next_delay(&result) else { return Poll::Ready(result) };
                    this.state.set(State::Waiting { sleep: tokio::time::sleep(delay) });
                }
                StateProjection::Waiting { sleep } => {
                    ready!(sleep.poll(cx));
                    // The wait may have been longer than requested, because the machine was suspended.
                    if call.retry.remaining(call.started.elapsed()) == Some(Duration::ZERO) {
                        return Poll::Pending;
                    }
                    this.state.set(State::Readying);
                }
            }
        }
    }
}

impl CallState {
    /// Returns the wait before the next attempt, or `None` if the call ends with this one.
    fn next_delay(&mut self, result: &Result<Response<Bytes>, TransportError>) -> Option<Duration> {
        let outcome = match (result, self.retry.operation()) {
            // The usual end. The body is read only if its author matters, which is when the budget is not full.
            (Ok(response), Some(_)) if response.status().is_success() && self.settings.budget.is_full() => {
                Outcome::Final
            }
            (Ok(response), Some(operation)) => Outcome::of(operation, response),
            (Ok(_), None) => Outcome::NotRetryable(Sent::Maybe),
            (Err(error), _) => error.outcome(),
        };
        let delay = self.after(&outcome)?;
        trace::retry(self.retry.attempts(), delay, result.as_ref(), &outcome);
        Some(delay)
    }

    /// Records the outcome of an attempt. Returns the wait before the next one, if there is to be one.
    fn after(&mut self, outcome: &Outcome) -> Option<Duration> {
        // A success is not retried, so it needs neither the time nor a random number.
        let (elapsed, jitter) = match outcome {
            Outcome::Final => (Duration::ZERO, 0.0),
            _ => (self.started.elapsed(), jitter()),
        };
        match self.retry.after(outcome, elapsed, jitter, &self.settings.budget) {
            RetryDecision::RetryAfter(delay) => Some(delay),
            _ => None,
        }
    }

    /// Adds the history of the call to its result.
    fn end(&self, result: Result<Response<Bytes>, TransportError>) -> Result<Response<Bytes>, TransportError> {
        let attempts = Attempts::new(self.retry.attempts(), self.retry.earlier_maybe_applied());
        match result {
            Ok(mut response) => {
                if attempts.count > 1 {
                    response.extensions_mut().insert(attempts);
                }
                Ok(response)
            }
            Err(error) => {
                let sent = if error.sent() == Sent::Maybe { Sent::Maybe } else { self.retry.sent() };
                Err(error.after(attempts, sent))
            }
        }
    }
}

/// A random number in `0.0..1.0`. The standard library's hash keys differ with each `RandomState`, which is enough randomness
/// to spread retries.
pub(crate) fn jitter() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

/// Returns a random pause between half of `longest` and `longest`.
pub(crate) fn jittered(longest: Duration) -> Duration {
    longest.mul_f64(0.5 + jitter() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_in_its_range_and_varies() {
        let samples: Vec<f64> = (0..100).map(|_| jitter()).collect();
        assert!(samples.iter().all(|sample| (0.0..1.0).contains(sample)));
        assert!(samples.iter().any(|sample| *sample < 0.5) && samples.iter().any(|sample| *sample >= 0.5));
    }
}
