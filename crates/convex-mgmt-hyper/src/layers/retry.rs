//! [`Retry`]: tries again where the operation and the outcome allow it.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::{OperationMeta, Outcome, RetryBudget, RetryPolicy, Sent, Verdict};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tower::{BoxError, Layer, Service};

use crate::error::TransportError;
use crate::progress::CallProgress;
use crate::trace;

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
    /// Tries again by this policy and out of this budget. `total` is the time of the whole call, if it is bounded: no wait
    /// is begun that would exceed it.
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

/// Repeats a request by the rules of [`RetryPolicy::judge`], for the operation that it finds in the request's extensions.
/// A request without one is not repeated.
///
/// Every attempt sends the same bytes. Each waits itself until the service below is ready, so that the time of that counts
/// as time of the call. Needs the timers of a tokio runtime once it repeats.
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
    type Error = BoxError;
    type Future = RetryFuture<S>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> RetryFuture<S> {
        RetryFuture {
            operation: request.extensions().get::<&'static OperationMeta>().copied(),
            progress: request.extensions().get::<Arc<CallProgress>>().cloned(),
            deadline: self.settings.total.map(|total| Instant::now() + total),
            attempt: 1,
            request: Some(request),
            inner: self.inner.clone(),
            settings: Arc::clone(&self.settings),
            state: State::Readying,
        }
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Readying,
        Calling { #[pin] call: trace::Attempt<F> },
        Waiting { #[pin] sleep: Sleep },
    }
}

pin_project! {
    /// The future of [`Retry`].
    pub struct RetryFuture<S> where S: Service<Request<Bytes>> {
        operation: Option<&'static OperationMeta>,
        progress: Option<Arc<CallProgress>>,
        deadline: Option<Instant>,
        attempt: u32,
        // Taken by the last attempt.
        request: Option<Request<Bytes>>,
        inner: S,
        settings: Arc<Settings>,
        #[pin]
        state: State<S::Future>,
    }
}

impl<S> std::fmt::Debug for RetryFuture<S>
where
    S: Service<Request<Bytes>>,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RetryFuture").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

impl<S> Future for RetryFuture<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<Bytes>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Readying => {
                    ready!(this.inner.poll_ready(cx)).map_err(Into::into)?;
                    let last = this.operation.is_none() || *this.attempt >= this.settings.policy.max_attempts;
                    let request = if last { this.request.take() } else { this.request.clone() };
                    // Only a future that is polled after its end has none left.
                    let Some(request) = request else { return Poll::Pending };
                    if let Some(progress) = this.progress {
                        progress.begin_attempt();
                    }
                    let call = trace::attempt(this.inner.call(request), *this.attempt);
                    this.state.set(State::Calling { call });
                }
                StateProjection::Calling { call } => {
                    let result = ready!(call.poll(cx)).map_err(Into::into);
                    let (outcome, sent) = read(&result);
                    if let Some(progress) = this.progress {
                        progress.end_attempt(sent);
                    }
                    if outcome == Outcome::Settled {
                        if result.is_ok() {
                            this.settings.budget.deposit();
                        }
                        return Poll::Ready(result);
                    }
                    let delay = this.settings.next_delay(*this.operation, *this.attempt, *this.deadline, &outcome);
                    let Some(delay) = delay else { return Poll::Ready(result) };
                    trace::retry(*this.attempt, delay, &outcome);
                    *this.attempt += 1;
                    this.state.set(State::Waiting { sleep: tokio::time::sleep(delay) });
                }
                StateProjection::Waiting { sleep } => {
                    ready!(sleep.poll(cx));
                    this.state.set(State::Readying);
                }
            }
        }
    }
}

/// How an attempt ended, and whether the server may have got its request.
fn read(result: &Result<Response<Bytes>, BoxError>) -> (Outcome, Sent) {
    match result {
        Ok(response) => (Outcome::of(response), Sent::Maybe),
        Err(error) => match error.downcast_ref::<TransportError>() {
            Some(error) => (error.outcome(), error.sent()),
            None => (Outcome::Settled, Sent::Maybe),
        },
    }
}

impl Settings {
    /// How long to wait before the next attempt; `None` if there is none.
    fn next_delay(
        &self,
        operation: Option<&OperationMeta>,
        attempt: u32,
        deadline: Option<Instant>,
        outcome: &Outcome,
    ) -> Option<Duration> {
        let remaining = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match self.policy.judge(operation?, attempt, remaining, dice(), outcome) {
            Verdict::RetryIn(delay) if self.budget.withdraw() => Some(delay),
            Verdict::RetryIn(_) | Verdict::Stop => None,
        }
    }
}

/// A random number from 0 to 1. The standard library's hash keys differ with each `RandomState`, and that is all the
/// randomness that spreading retries needs.
fn dice() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_stay_in_their_range_and_vary() {
        let rolls: Vec<f64> = (0..100).map(|_| dice()).collect();
        assert!(rolls.iter().all(|roll| (0.0..1.0).contains(roll)));
        assert!(rolls.iter().any(|roll| *roll < 0.5) && rolls.iter().any(|roll| *roll >= 0.5));
    }
}
