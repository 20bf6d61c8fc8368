//! [`Retry`]: retries a request where its operation and the outcome allow it, until the call's deadline.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::{OperationMeta, Outcome, RetryBudget, RetryDecision, RetryPolicy, RetryState, Sent};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{BoxError, Layer, Service};

use super::upcoming::Upcoming;
use crate::error::{Attempts, TransportError, TransportErrorKind};
use crate::progress::Progress;
use crate::timer::{DefaultTimer, InitialTimer, LONGEST_WAIT, Timer, elapsed, sleep};
use crate::trace;

/// Applies [`Retry`] to a service. All services of one layer and its clones share the budget.
#[derive(Clone, Debug)]
pub struct RetryLayer<T = DefaultTimer> {
    settings: Arc<Settings>,
    timer: T,
}

#[derive(Debug)]
struct Settings {
    policy: RetryPolicy,
    budget: RetryBudget,
    total: Option<Duration>,
    /// The operation of requests that are repeated only while they were not sent, and whose extensions have no operation.
    only_unsent: Option<&'static OperationMeta>,
}

impl RetryLayer<InitialTimer> {
    /// Creates a layer with a policy and a budget. `total` is the time of a call with all its attempts, the waits between them
    /// and the waits until the service below is ready; `None` sets no limit. At most 30 years.
    pub fn new(policy: RetryPolicy, budget: RetryBudget, total: Option<Duration>) -> Self {
        Self::with_settings(Settings { policy, budget, total, only_unsent: None })
    }

    /// Creates a layer for requests that have no operation in their extensions and must be executed at most once. It ignores the codes of
    /// responses, and repeats a request only if the server provably did not receive it. `operation` is not idempotent.
    #[cfg(feature = "oauth")]
    pub(crate) fn only_unsent(operation: &'static OperationMeta, total: Duration) -> Self {
        let (policy, budget) = (RetryPolicy::default(), RetryBudget::default());
        Self::with_settings(Settings { policy, budget, total: Some(total), only_unsent: Some(operation) })
    }

    fn with_settings(settings: Settings) -> Self {
        // The state of a call and its timer have to agree on the deadline.
        let total = settings.total.map(|total| total.min(LONGEST_WAIT));
        Self { settings: Arc::new(Settings { total, ..settings }), timer: Default::default() }
    }
}

impl<T> RetryLayer<T> {
    /// Sets the timer of another runtime.
    pub fn timer<U>(self, timer: U) -> RetryLayer<U> {
        RetryLayer { settings: self.settings, timer }
    }
}

impl<S, T: Clone> Layer<S> for RetryLayer<T> {
    type Service = Retry<S, T>;
    fn layer(&self, inner: S) -> Retry<S, T> {
        Retry { inner, settings: Arc::clone(&self.settings), timer: self.timer.clone() }
    }
}

/// Retries a request with [`RetryState`], for the operation in the request's extensions. A request without one is sent once.
///
/// Every attempt sends the same bytes. It waits until the service below is ready, and that wait counts towards the call's
/// deadline.
#[derive(Clone, Debug)]
pub struct Retry<S, T = DefaultTimer> {
    inner: S,
    settings: Arc<Settings>,
    timer: T,
}

impl<S, T> Service<Request<Bytes>> for Retry<S, T>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone,
    S::Error: Into<BoxError>,
    T: Timer,
{
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = RetryFuture<S, T>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> RetryFuture<S, T> {
        let timer = self.timer.clone();
        let started = timer.now();
        let total = self.settings.total;
        let deadline = total.map(|total| sleep(&timer, total));
        let operation = request.extensions().get::<&'static OperationMeta>().copied().or(self.settings.only_unsent);
        let retry = RetryState::new(operation, self.settings.policy.clone(), total);
        RetryFuture {
            call: CallState { retry, timer, started, settings: Arc::clone(&self.settings) },
            request: Some(Upcoming::Original(request)),
            inner: self.inner.clone(),
            deadline,
            state: State::Readying,
        }
    }
}

/// The error at the deadline. `sent` is that of the last attempt, if it has not ended.
fn exceeded(sent: Sent) -> TransportError {
    TransportError::timeout(TransportErrorKind::DeadlineExceeded, sent)
}

/// A call in progress.
struct CallState<T> {
    retry: RetryState,
    timer: T,
    started: Duration,
    settings: Arc<Settings>,
}

pin_project! {
    #[project = StateProjection]
    enum State<F, W> {
        Readying,
        Calling { #[pin] attempt: trace::Attempt<F>, progress: Arc<Progress> },
        Waiting { #[pin] sleep: W },
    }
}

pin_project! {
    /// The future of [`Retry`].
    #[must_use = "futures do nothing unless polled"]
    pub struct RetryFuture<S, T = DefaultTimer> where S: Service<Request<Bytes>>, T: Timer {
        call: CallState<T>,
        // The request of the next attempt, if there may be one.
        request: Option<Upcoming>,
        inner: S,
        #[pin]
        deadline: Option<T::Sleep>,
        #[pin]
        state: State<S::Future, T::Sleep>,
    }
}

impl<S: Service<Request<Bytes>>, T: Timer> fmt::Debug for RetryFuture<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryFuture").field("attempts", &self.call.retry.attempts()).finish_non_exhaustive()
    }
}

impl<S, T> Future for RetryFuture<S, T>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>>,
    S::Error: Into<BoxError>,
    T: Timer,
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
        let error = match state.as_mut().project() {
            StateProjection::Calling { attempt, progress } => {
                let error = exceeded(progress.expire());
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

impl<S, T> RetryFuture<S, T>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>>,
    S::Error: Into<BoxError>,
    T: Timer,
{
    fn poll_attempts(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response<Bytes>, TransportError>> {
        let mut this = self.project();
        let call = this.call;
        loop {
            match this.state.as_mut().project() {
                StateProjection::Readying => {
                    ready!(this.inner.poll_ready(cx)).map_err(TransportError::not_ready)?;
                    // The request is missing only if the future is polled after its end.
                    let Some(mut request) = this.request.take().map(Upcoming::into_request) else {
                        return Poll::Pending;
                    };
                    if call.retry.may_retry() {
                        *this.request = Some(Upcoming::copy_of(&request));
                    }
                    let progress = Progress::start(&mut request);
                    let attempt = trace::attempt(this.inner.call(request), call.retry.attempts() + 1);
                    this.state.set(State::Calling { attempt, progress });
                }
                StateProjection::Calling { mut attempt, .. } => {
                    let result = ready!(attempt.as_mut().poll(cx)).map_err(TransportError::from_any);
                    trace::attempt_ended(&attempt, result.as_ref());
                    let Some(delay) = call.next_delay(&result) else { return Poll::Ready(result) };
                    this.state.set(State::Waiting { sleep: sleep(&call.timer, delay) });
                }
                StateProjection::Waiting { sleep } => {
                    ready!(sleep.poll(cx));
                    this.state.set(State::Readying);
                    // The wait may have been longer than requested, because the machine was suspended. The timer of the deadline may not
                    // have counted that time.
                    if call.retry.remaining(call.elapsed()) == Some(Duration::ZERO) {
                        *this.request = None;
                        return Poll::Ready(Err(exceeded(Sent::No)));
                    }
                }
            }
        }
    }
}

impl<T: Timer> CallState<T> {
    /// Returns the time since the call began.
    fn elapsed(&self) -> Duration {
        elapsed(&self.timer, self.started)
    }

    /// Returns the wait before the next attempt, or `None` if the call ends with this one.
    fn next_delay(&mut self, result: &Result<Response<Bytes>, TransportError>) -> Option<Duration> {
        let outcome = match (result, self.retry.operation()) {
            (Ok(_), Some(_)) if self.settings.only_unsent.is_some() => Outcome::NotRetryable(Sent::Maybe),
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
            _ => (self.elapsed(), self.timer.jitter()),
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
