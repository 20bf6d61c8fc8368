//! [`Retry`]: retries a request if the operation and the outcome allow it, until the deadline of the call.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::{AttemptCounts, OperationMeta, Outcome, RetryBudget, RetryDecision, RetryPolicy, Sent};
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
    /// Creates a layer that retries by this policy, within this budget. `total` bounds a call: all its attempts, the waits
    /// between them, and the waits for the inner service. `None` sets no bound.
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

/// Retries a request by the rules of [`RetryPolicy::decide`], for the operation in the request's extensions. A request without
/// an operation is sent once.
///
/// Every attempt sends the same bytes. It waits until the inner service is ready, and that time counts towards the deadline.
/// Retries and deadlines need the timers of a tokio runtime.
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
        RetryFuture {
            call: CallState {
                operation: request.extensions().get::<&'static OperationMeta>().copied(),
                attempts: 0,
                counts: AttemptCounts::new(),
                sent: Sent::No,
                maybe_applied: false,
                settings: Arc::clone(&self.settings),
            },
            request: Some(request),
            inner: self.inner.clone(),
            progress: Arc::default(),
            deadline: self.settings.total.map(tokio::time::sleep),
            state: State::Readying,
        }
    }
}

/// The state of a call.
struct CallState {
    operation: Option<&'static OperationMeta>,
    /// The number of attempts that were started.
    attempts: u32,
    /// The outcomes of the attempts that have ended.
    counts: AttemptCounts,
    /// `Maybe` if the server may have received the request of an attempt that has ended.
    sent: Sent,
    /// `true` if an attempt before the current one may have taken effect.
    maybe_applied: bool,
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
    pub struct RetryFuture<S> where S: Service<Request<Bytes>> {
        call: CallState,
        // The last attempt takes it.
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
        f.debug_struct("RetryFuture").field("attempts", &self.call.attempts).finish_non_exhaustive()
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
        // This ends the attempt, and its transport can find out why. No other attempt follows.
        let exceeded = |sent| TransportError::timeout(TransportErrorKind::DeadlineExceeded, sent);
        let error = match state.as_mut().project() {
            StateProjection::Calling { attempt } => {
                let error = exceeded(this.progress.expire());
                trace::attempt_ended(&attempt, Err(&error));
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
                    let request = if call.is_only() { this.request.take() } else { this.request.clone() };
                    // Only a future that is polled after its end has no request.
                    let Some(mut request) = request else { return Poll::Pending };
                    *this.progress = Progress::start(&mut request);
                    call.attempts += 1;
                    let attempt = trace::attempt(this.inner.call(request), call.attempts);
                    this.state.set(State::Calling { attempt });
                }
                StateProjection::Calling { mut attempt } => {
                    let result = ready!(attempt.as_mut().poll(cx)).map_err(TransportError::from_any);
                    trace::attempt_ended(&attempt, result.as_ref());
                    let Some(delay) = call.next_delay(&result, &this.deadline) else { return Poll::Ready(result) };
                    this.state.set(State::Waiting { sleep: tokio::time::sleep(delay) });
                }
                StateProjection::Waiting { sleep } => {
                    ready!(sleep.poll(cx));
                    // The timer may fire late, for example after the machine slept, and then no time is left.
                    if remaining(&this.deadline) == Some(Duration::ZERO) {
                        return Poll::Pending;
                    }
                    this.state.set(State::Readying);
                }
            }
        }
    }
}

impl CallState {
    /// Returns `true` if the policy allows a single attempt only.
    fn is_only(&self) -> bool {
        let RetryPolicy { max_attempts, max_conflicts, max_unprocessed, .. } = self.settings.policy;
        self.operation.is_none() || (max_attempts <= 1 && max_conflicts == 0 && max_unprocessed == 0)
    }

    /// Returns the wait before the next attempt, or `None` if the call ends with this one.
    fn next_delay(
        &mut self,
        result: &Result<Response<Bytes>, TransportError>,
        deadline: &Option<Sleep>,
    ) -> Option<Duration> {
        let sent = result.as_ref().map_or_else(TransportError::sent, |_| Sent::Maybe);
        if sent == Sent::Maybe {
            self.sent = Sent::Maybe;
        }
        let operation = self.operation?;
        let Settings { policy, budget, .. } = &*self.settings;
        let outcome = match result {
            // The usual case. Only the budget depends on who sent the success.
            Ok(response) if response.status().is_success() && budget.is_full() => return None,
            Ok(response) => Outcome::of(operation, response),
            Err(error) => error.outcome(),
        };
        if outcome == Outcome::Final {
            // Only successes of the API itself show that the server is healthy.
            if result.is_ok() {
                budget.deposit();
            }
            return None;
        }
        self.counts.count(&outcome);
        match policy.decide(operation, self.counts, remaining(deadline), jitter(), &outcome) {
            // Conflicts and unprocessed requests do not show that the server is overloaded, so they are free.
            RetryDecision::RetryAfter(delay)
                if outcome.is_conflict() || outcome == Outcome::Unprocessed || budget.withdraw() =>
            {
                trace::retry(self.attempts, delay, result.as_ref(), &outcome);
                self.maybe_applied |= outcome.maybe_applied();
                Some(delay)
            }
            _ => None,
        }
    }

    /// Adds the retry history to the result of the call.
    fn end(&self, result: Result<Response<Bytes>, TransportError>) -> Result<Response<Bytes>, TransportError> {
        let attempts = Attempts::new(self.attempts, self.maybe_applied);
        match result {
            Ok(mut response) => {
                if attempts.count > 1 {
                    response.extensions_mut().insert(attempts);
                }
                Ok(response)
            }
            Err(error) => {
                let sent = if error.sent() == Sent::Maybe { Sent::Maybe } else { self.sent };
                Err(error.after(attempts, sent))
            }
        }
    }
}

/// Returns the time until the deadline, if there is one.
fn remaining(deadline: &Option<Sleep>) -> Option<Duration> {
    deadline.as_ref().map(|deadline| deadline.deadline().saturating_duration_since(Instant::now()))
}

/// Returns a random number in `0.0..1.0`. The hash keys of each `RandomState` differ, which is random enough to spread retries.
fn jitter() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_in_its_range_and_varies() {
        let numbers: Vec<f64> = (0..100).map(|_| jitter()).collect();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        assert!(numbers.iter().any(|number| *number < 0.5) && numbers.iter().any(|number| *number >= 0.5));
    }
}
