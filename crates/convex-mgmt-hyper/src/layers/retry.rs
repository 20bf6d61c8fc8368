//! [`Retry`]: tries again where the operation and the outcome allow it, until the call's time is up.

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

use crate::error::{TransportError, TransportErrorKind};
use crate::trace;
use crate::transport::Progress;

/// Makes a [`Retry`] of a service. All services made by one layer or its clones share the budget.
#[derive(Clone, Debug)]
pub struct RetryLayer(Arc<Settings>);

#[derive(Debug)]
struct Settings {
    policy: RetryPolicy,
    budget: RetryBudget,
    total: Option<Duration>,
}

impl RetryLayer {
    /// Tries again by this policy and out of this budget. `total` is the time of a call with all its attempts, the waits
    /// between them and the waits for a place; `None` sets no bound.
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

/// What there was before an answer, in its extensions if it took more than one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempts {
    /// How many attempts it took.
    pub count: u32,
    /// Whether one of those before the last may have been carried out.
    pub maybe_applied: bool,
}

impl Attempts {
    /// The first one, and none before it.
    pub(crate) const ONE: Self = Self { count: 1, maybe_applied: false };
}

/// Repeats a request by the rules of [`RetryPolicy::decide`], for the operation that it finds in the request's extensions.
/// A request without one is not repeated.
///
/// Every attempt sends the same bytes. Each waits itself until the service below is ready, so that the time of that counts
/// as time of the call. Needs the timers of a tokio runtime once it repeats or where its time is bounded.
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

/// What is known of a call so far.
struct CallState {
    operation: Option<&'static OperationMeta>,
    /// How many attempts were begun.
    attempts: u32,
    /// How those ended that have.
    counts: AttemptCounts,
    /// Whether the server may have got the request of an attempt that has ended.
    sent: Sent,
    /// Whether an attempt that was followed by another may have been carried out.
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
        // Taken by the last attempt.
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
        // The attempt ends now, and knows why. No other one follows.
        let sent = match state.as_mut().project() {
            StateProjection::Calling { .. } => this.progress.expire(),
            _ => Sent::No,
        };
        *this.request = None;
        state.set(State::Readying);
        Poll::Ready(this.call.end(Err(TransportError::timeout(TransportErrorKind::DeadlineExceeded, sent))))
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
                    // Only a future that is polled after its end has none left.
                    let Some(mut request) = request else { return Poll::Pending };
                    *this.progress = Progress::start(&mut request);
                    call.attempts += 1;
                    let attempt = trace::attempt(this.inner.call(request), call.attempts);
                    this.state.set(State::Calling { attempt });
                }
                StateProjection::Calling { attempt } => {
                    let result = ready!(attempt.poll(cx)).map_err(TransportError::from_any);
                    let Some(delay) = call.next_delay(&result, &this.deadline) else { return Poll::Ready(result) };
                    this.state.set(State::Waiting { sleep: tokio::time::sleep(delay) });
                }
                StateProjection::Waiting { sleep } => {
                    ready!(sleep.poll(cx));
                    // Whoever slept longer than asked, because the machine did, has no time for an attempt.
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
    /// Whether no attempt follows another, whatever comes of it.
    fn is_only(&self) -> bool {
        let RetryPolicy { max_attempts, max_conflicts, max_unprocessed, .. } = self.settings.policy;
        self.operation.is_none() || (max_attempts <= 1 && max_conflicts == 0 && max_unprocessed == 0)
    }

    /// How long to wait before the next attempt; `None` if the call ends with this one.
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
            // The usual end. Whose success it is matters to the budget only.
            Ok(response) if response.status().is_success() && budget.is_full() => return None,
            Ok(response) => Outcome::of(operation, response),
            Err(error) => error.outcome(),
        };
        if outcome == Outcome::Final {
            // Only the API's own successes say that the server is well.
            if result.is_ok() {
                budget.deposit();
            }
            return None;
        }
        self.counts.count(&outcome);
        match policy.decide(operation, self.counts, remaining(deadline), jitter(), &outcome) {
            // A server that settles conflicts or puts requests off is in no trouble that the budget is there for.
            RetryDecision::RetryAfter(delay)
                if outcome.is_conflict() || outcome == Outcome::Unprocessed || budget.withdraw() =>
            {
                trace::retry(self.attempts, delay, &outcome);
                self.maybe_applied |= outcome.maybe_applied();
                Some(delay)
            }
            _ => None,
        }
    }

    /// Writes into what the call ends with what is known of all its attempts.
    fn end(&self, result: Result<Response<Bytes>, TransportError>) -> Result<Response<Bytes>, TransportError> {
        let attempts = Attempts { count: self.attempts, maybe_applied: self.maybe_applied };
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

/// How much time a call has left, if it is bounded.
fn remaining(deadline: &Option<Sleep>) -> Option<Duration> {
    deadline.as_ref().map(|deadline| deadline.deadline().saturating_duration_since(Instant::now()))
}

/// A random number from 0 to 1. The standard library's hash keys differ with each `RandomState`, and that is all the
/// randomness that spreading retries needs.
fn jitter() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_stay_in_their_range_and_vary() {
        let rolls: Vec<f64> = (0..100).map(|_| jitter()).collect();
        assert!(rolls.iter().all(|roll| (0.0..1.0).contains(roll)));
        assert!(rolls.iter().any(|roll| *roll < 0.5) && rolls.iter().any(|roll| *roll >= 0.5));
    }
}
