//! [`RetryState`]: the state of one call across its attempts.

use std::time::Duration;

use bytes::Bytes;
use http::Response;

use super::budget::RetryBudget;
use super::call_error::{CallError, CallErrorCause, History};
use super::policy::{AttemptCounts, RetryDecision, RetryPolicy};
use crate::metadata::OperationMeta;
use crate::operation::Operation;
use crate::response::{Outcome, Reply, Sent};

/// The state of one call across its attempts: the counts, the time left, and whether an attempt may have taken effect.
///
/// It drives the retries of any transport, async or blocking. It performs no IO and reads no clock: the caller sends the
/// request, measures the time and waits. Every attempt sends the same request.
///
/// ```
/// use std::thread::sleep;
/// use std::time::{Duration, Instant};
///
/// use convex_mgmt::bytes::Bytes;
/// use convex_mgmt::http;
/// use convex_mgmt::deployment::ListEnvironmentVariables;
/// use convex_mgmt::proto::{Outcome, RetryDecision, RetryState};
/// use convex_mgmt::{DeployKey, Endpoint, Operation, RetryBudget, RetryPolicy, Sent};
///
/// /// A transport of your own. `Sent` in its error says whether the server may have received the request.
/// fn send(request: http::Request<Bytes>) -> Result<http::Response<Bytes>, (Sent, std::io::Error)> {
/// #   drop(request);
/// #   Ok(http::Response::new(Bytes::from(r#"{"environmentVariables":{"GREETING":"hi"}}"#)))
///     // ...
/// }
///
/// let key = DeployKey::parse("prod:happy-animal-123|made-up")?;
/// let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &key)?;
/// let request = ListEnvironmentVariables::new().to_request(&endpoint)?;
///
/// let budget = RetryBudget::default(); // one for all calls
/// let meta = ListEnvironmentVariables::META;
/// let mut state = RetryState::new(meta, RetryPolicy::default(), Duration::from_secs(90));
/// let started = Instant::now();
/// let result = loop {
///     let (outcome, result) = match send(request.clone()) {
///         Ok(response) => (Outcome::of(meta, &response), Ok(response)),
///         Err((sent, error)) => (Outcome::NoResponse(sent), Err(error)),
///     };
///     let jitter = 0.5; // a random number
///     match state.after(&outcome, started.elapsed(), jitter, &budget) {
///         RetryDecision::RetryAfter(delay) => sleep(delay),
///         _ => break state.finish::<ListEnvironmentVariables, _>(result),
///     }
/// };
/// assert_eq!(result?.output.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RetryState {
    operation: Option<&'static OperationMeta>,
    policy: RetryPolicy,
    total: Option<Duration>,
    counts: AttemptCounts,
    history: History,
}

impl RetryState {
    /// Starts a call.
    ///
    /// * `operation` is [`Operation::META`]. `None` is for a request of an unknown operation, which is never retried.
    /// * `total` is the time for all attempts and the waits between them; `None` sets no limit.
    pub fn new(
        operation: impl Into<Option<&'static OperationMeta>>,
        policy: RetryPolicy,
        total: impl Into<Option<Duration>>,
    ) -> Self {
        Self {
            operation: operation.into(),
            policy,
            total: total.into(),
            counts: AttemptCounts::default(),
            history: History::NONE,
        }
    }

    /// Records the outcome of an attempt and decides on another one.
    ///
    /// * `elapsed` is the time since the call started.
    /// * `jitter` is a random number in `0.0..=1.0` that scales the backoff, so that clients do not retry in lockstep.
    /// * `budget` is shared by all calls of a client. A retry takes from it and [`Outcome::Final`] refills it. Write conflicts
    ///   and unprocessed requests are retried without it, because they do not mean that the server is failing.
    pub fn after(&mut self, outcome: &Outcome, elapsed: Duration, jitter: f64, budget: &RetryBudget) -> RetryDecision {
        self.counts.count(outcome);
        self.history.attempts = self.counts.attempts;
        self.history.elapsed = elapsed;
        if outcome.sent() == Sent::Maybe {
            self.history.sent = Sent::Maybe;
        }
        self.history.last_maybe_applied = outcome.maybe_applied();
        let Some(operation) = self.operation else { return RetryDecision::GiveUp };
        if *outcome == Outcome::Final {
            budget.deposit();
            return RetryDecision::GiveUp;
        }
        let decision = self.policy.decide(operation, self.counts, self.remaining(elapsed), jitter, outcome);
        let is_free = outcome.is_conflict() || *outcome == Outcome::Unprocessed;
        if decision == RetryDecision::GiveUp || !(is_free || budget.withdraw()) {
            return RetryDecision::GiveUp;
        }
        self.history.earlier_maybe_applied |= outcome.maybe_applied();
        decision
    }

    /// Ends the call with the last attempt's response, or with the transport's error if there was none.
    ///
    /// A deletion that finds nothing is a success with [`Reply::already_deleted`] if an earlier attempt may have taken effect.
    ///
    /// Pass the outcome of every attempt to [`RetryState::after`] first. Without any, the result counts as one attempt that may
    /// have been sent.
    ///
    /// # Errors
    /// A [`CallError`] with the history of the call: its attempts, whether anything was sent and whether the operation took
    /// effect.
    pub fn finish<O: Operation, E>(
        mut self,
        result: Result<Response<Bytes>, E>,
    ) -> Result<Reply<O::Output>, CallError<E>> {
        if self.history.attempts == 0 {
            // There is a result, so "nothing was sent" would be a guess.
            self.history = History { attempts: 1, sent: Sent::Maybe, last_maybe_applied: true, ..self.history };
        }
        let cause = match result {
            Ok(response) => {
                let reply = match self.history.earlier_maybe_applied {
                    true => O::reply_from_retry(response),
                    false => O::reply_from_response(response),
                };
                match reply {
                    Ok(reply) => return Ok(reply),
                    Err(error) => CallErrorCause::Response(error),
                }
            }
            Err(error) => CallErrorCause::Transport(error),
        };
        Err(CallError::new(O::META, self.history, cause))
    }

    /// Returns the time left for the call, or `None` if it has no limit. Use it as the timeout of the next attempt, and make no
    /// attempt when it is zero.
    pub fn remaining(&self, elapsed: Duration) -> Option<Duration> {
        self.total.map(|total| total.saturating_sub(elapsed))
    }

    /// Returns `true` if another attempt may follow the next one. If not, the transport needs no copy of the request.
    pub fn may_retry(&self) -> bool {
        let RetryPolicy { max_attempts, max_conflicts, max_unprocessed, .. } = self.policy;
        self.operation.is_some() && (max_attempts > 1 || max_conflicts > 0 || max_unprocessed > 0)
    }

    /// The operation, if it is known.
    pub fn operation(&self) -> Option<&'static OperationMeta> {
        self.operation
    }

    /// The number of attempts that have ended.
    pub fn attempts(&self) -> u32 {
        self.history.attempts
    }

    /// Returns [`Sent::Maybe`] if the server may have received the request in an attempt that has ended.
    pub fn sent(&self) -> Sent {
        self.history.sent
    }

    /// Returns `true` if an attempt that was followed by another may have taken effect. [`RetryState::finish`] then reads the
    /// response with [`Operation::reply_from_retry`].
    pub fn earlier_maybe_applied(&self) -> bool {
        self.history.earlier_maybe_applied
    }
}

#[cfg(test)]
mod tests;
