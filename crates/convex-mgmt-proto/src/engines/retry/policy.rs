//! [`RetryPolicy`]: the decision on another attempt, as a pure function. Time and randomness are parameters.

use std::time::Duration;

use crate::error::ErrorCode;
use crate::metadata::{Idempotency, OperationMeta};
use crate::response::{Outcome, Sent};

/// The counts of a call's attempts, including the attempt that has just ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptCounts {
    /// All attempts.
    pub attempts: u32,
    /// Attempts that lost against concurrent writes ([`Outcome::is_conflict`]).
    pub conflicts: u32,
    /// Attempts that the server did not process ([`Outcome::Unprocessed`]).
    pub unprocessed: u32,
}

impl AttemptCounts {
    /// Creates the counts of a call that has made no attempt.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts an attempt with this outcome.
    pub fn count(&mut self, outcome: &Outcome) {
        self.attempts = self.attempts.saturating_add(1);
        self.conflicts = self.conflicts.saturating_add(u32::from(outcome.is_conflict()));
        self.unprocessed = self.unprocessed.saturating_add(u32::from(*outcome == Outcome::Unprocessed));
    }
}

/// The decision after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryDecision {
    /// End the call with the outcome of this attempt.
    GiveUp,
    /// Make another attempt after this delay.
    RetryAfter(Duration),
}

/// Retry limits and backoff.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Maximum number of attempts per call, including the first. [`max_conflicts`](Self::max_conflicts) and
    /// [`max_unprocessed`](Self::max_unprocessed) count their attempts instead. `1` leaves only their retries. Defaults to 3.
    pub max_attempts: u32,
    /// Maximum number of retries per call after a write conflict. The server commits nothing then, and in each round one of the
    /// writers succeeds. Many concurrent writers therefore need many retries. Defaults to 100.
    pub max_conflicts: u32,
    /// Maximum number of retries per call after a request that the server did not process ([`Outcome::Unprocessed`]). Their
    /// backoff is limited by [`max_conflict_delay`](Self::max_conflict_delay). Defaults to 100.
    pub max_unprocessed: u32,
    /// Upper bound of the first backoff. It doubles with every further attempt. Defaults to 100 ms.
    pub base_delay: Duration,
    /// Upper bound of every backoff. Defaults to 10 s.
    pub max_delay: Duration,
    /// Upper bound of every backoff after a write conflict. Defaults to 1 s.
    pub max_conflict_delay: Duration,
    /// Longest `Retry-After` that is honored. A response with a longer one ends the call at once, because an attempt before that
    /// time would get the same response. `Error::retry_after` returns the requested delay. Defaults to 30 s.
    pub max_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            max_conflicts: 100,
            max_unprocessed: 100,
            base_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(10),
            max_conflict_delay: Duration::from_secs(1),
            max_retry_after: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// Creates a policy without retries.
    pub fn never() -> Self {
        Self::default().max_attempts(1).max_conflicts(0).max_unprocessed(0)
    }

    /// Sets [`RetryPolicy::max_attempts`].
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets [`RetryPolicy::max_conflicts`].
    pub fn max_conflicts(mut self, conflicts: u32) -> Self {
        self.max_conflicts = conflicts;
        self
    }

    /// Sets [`RetryPolicy::max_unprocessed`].
    pub fn max_unprocessed(mut self, attempts: u32) -> Self {
        self.max_unprocessed = attempts;
        self
    }

    /// Sets [`RetryPolicy::base_delay`].
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// Sets [`RetryPolicy::max_delay`].
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets [`RetryPolicy::max_conflict_delay`].
    pub fn max_conflict_delay(mut self, delay: Duration) -> Self {
        self.max_conflict_delay = delay;
        self
    }

    /// Sets [`RetryPolicy::max_retry_after`].
    pub fn max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = delay;
        self
    }

    /// Decides on another attempt. [`RetryState`](super::RetryState) keeps the parameters of a whole call.
    ///
    /// * `counts` includes the attempt that ended with `outcome`.
    /// * `remaining` is the time that is left for the call, if it is limited. A retry has to leave some of it after its delay.
    /// * `jitter` is a random number in `0.0..=1.0` that scales the backoff, so that clients do not retry in lockstep.
    pub fn decide(
        &self,
        operation: &OperationMeta,
        counts: AttemptCounts,
        remaining: Option<Duration>,
        jitter: f64,
        outcome: &Outcome,
    ) -> RetryDecision {
        let failures = counts.attempts.saturating_sub(counts.conflicts).saturating_sub(counts.unprocessed);
        // Three separate counts: conflicts do not use up the attempts for failures.
        let (count, is_last, max_delay) = match outcome {
            Outcome::Unprocessed => {
                (counts.unprocessed, counts.unprocessed > self.max_unprocessed, self.max_conflict_delay)
            }
            _ if outcome.is_conflict() => {
                (counts.conflicts, counts.conflicts > self.max_conflicts, self.max_conflict_delay)
            }
            _ => (failures, failures >= self.max_attempts, self.max_delay),
        };
        if is_last || !is_retryable(operation.idempotency, outcome) {
            return RetryDecision::GiveUp;
        }
        let doublings = count.saturating_sub(1).min(31);
        let ceiling = self.base_delay.saturating_mul(1 << doublings).min(max_delay);
        let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 1.0 };
        // `mul_f64` would panic if rounding exceeded the longest duration.
        let mut delay = Duration::try_from_secs_f64(ceiling.as_secs_f64() * jitter).unwrap_or(ceiling).min(ceiling);
        if let Outcome::ErrorResponse { retry_after: Some(asked), .. } = outcome {
            if *asked > self.max_retry_after {
                return RetryDecision::GiveUp;
            }
            delay = delay.max(*asked);
        }
        match remaining {
            Some(remaining) if delay >= remaining => RetryDecision::GiveUp,
            _ => RetryDecision::RetryAfter(delay),
        }
    }
}

/// Returns `true` if a retry after this outcome is safe, and can succeed.
fn is_retryable(idempotency: Idempotency, outcome: &Outcome) -> bool {
    let harmless = idempotency != Idempotency::NonIdempotent;
    match outcome {
        Outcome::Final | Outcome::NotRetryable(_) => false,
        Outcome::NoResponse(Sent::No) | Outcome::Unprocessed => true,
        Outcome::NoResponse(Sent::Maybe) => harmless,
        Outcome::ErrorResponse { status, code, .. } => match (status.as_u16(), code) {
            // The server no longer has the requested data.
            (503, Some(ErrorCode::InternalServerError)) => false,
            (421 | 425 | 429, _) => true,
            // Permanent by definition: the server does not implement the request, or the network needs a login first.
            (501 | 505 | 506 | 508 | 510 | 511, _) => false,
            // The outcome is unknown. Any other status of 500 and above counts as 500 (RFC 9110, section 15), including the
            // nonstandard ones of proxies and CDNs, such as 520 to 530, 598 and 599.
            (408 | 500.., _) => harmless || !outcome.maybe_applied(),
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests;
