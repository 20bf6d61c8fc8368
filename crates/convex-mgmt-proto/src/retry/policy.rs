//! [`RetryPolicy`]: the decision on another attempt. It is a pure function: time and randomness are parameters.

use std::time::Duration;

use crate::error::ErrorCode;
use crate::metadata::{Idempotency, OperationMeta};
use crate::response::{Outcome, Sent};

/// How many attempts a call has had, the one that has just ended included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptCounts {
    /// All attempts.
    pub attempts: u32,
    /// Those that lost against other writes ([`Outcome::is_conflict`]).
    pub conflicts: u32,
    /// Those that the server did not process ([`Outcome::Unprocessed`]).
    pub unprocessed: u32,
}

impl AttemptCounts {
    /// Creates the counts of a call that has made no attempt.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts an attempt that ended so.
    pub fn count(&mut self, outcome: &Outcome) {
        self.attempts = self.attempts.saturating_add(1);
        self.conflicts = self.conflicts.saturating_add(u32::from(outcome.is_conflict()));
        self.unprocessed = self.unprocessed.saturating_add(u32::from(*outcome == Outcome::Unprocessed));
    }
}

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryDecision {
    /// Hand the outcome to the caller.
    GiveUp,
    /// Try again after this time.
    RetryAfter(Duration),
}

/// How often and how soon to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How many attempts a call has, the first included; 1 means none again. Those that lost against other writes or were not
    /// processed count apart. Default 3.
    pub max_attempts: u32,
    /// How many attempts a call has that lose against other writes. The server commits nothing then, and each time some
    /// writer gets through, so with many writers it takes patience and nothing else. Default 100.
    pub max_conflicts: u32,
    /// How many attempts a call has that the server does not process ([`Outcome::Unprocessed`]), with the waits of
    /// [`max_conflict_delay`](Self::max_conflict_delay). Default 100.
    pub max_unprocessed: u32,
    /// The ceiling of the wait after the first attempt; it doubles with each further one. Default 100 ms.
    pub base_delay: Duration,
    /// The highest that the ceiling gets. Default 10 s.
    pub max_delay: Duration,
    /// The highest that the ceiling gets after a lost write. Default 1 s.
    pub max_conflict_delay: Duration,
    /// The longest `Retry-After` that is waited for. An answer that asks for more ends the call at once: an attempt before that
    /// time would meet the same answer. `Error::retry_after` says how long the server asked to wait. Default 30 s.
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
    /// A policy that never tries again.
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

    /// Decides after an attempt.
    ///
    /// * `counts` counts the attempts, the one that ended with `outcome` included.
    /// * `remaining` is the time that the call has left, if it is bounded: a wait that would not leave any is not begun.
    /// * `jitter` is a random number from 0 to 1, so that many clients do not come back at the same moment.
    pub fn decide(
        &self,
        operation: &OperationMeta,
        counts: AttemptCounts,
        remaining: Option<Duration>,
        jitter: f64,
        outcome: &Outcome,
    ) -> RetryDecision {
        let failures = counts.attempts.saturating_sub(counts.conflicts).saturating_sub(counts.unprocessed);
        // Three counts, so that none uses up what another has.
        let (count, is_last, max_delay) = match outcome {
            Outcome::Unprocessed => {
                (counts.unprocessed, counts.unprocessed > self.max_unprocessed, self.max_conflict_delay)
            }
            _ if outcome.is_conflict() => {
                (counts.conflicts, counts.conflicts > self.max_conflicts, self.max_conflict_delay)
            }
            _ => (failures, failures >= self.max_attempts, self.max_delay),
        };
        if is_last || !may_repeat(operation.idempotency, outcome) {
            return RetryDecision::GiveUp;
        }
        let doublings = count.saturating_sub(1).min(31);
        let ceiling = self.base_delay.saturating_mul(1 << doublings).min(max_delay);
        let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 1.0 };
        // `mul_f64` would panic where rounding leads beyond the longest duration.
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

/// Whether an operation may be done again after this outcome, and whether that can help.
fn may_repeat(repeat: Idempotency, outcome: &Outcome) -> bool {
    let harmless = repeat != Idempotency::NonIdempotent;
    match outcome {
        Outcome::Final => false,
        Outcome::NoResponse(Sent::No) | Outcome::Unprocessed => true,
        Outcome::NoResponse(Sent::Maybe) => harmless,
        Outcome::ErrorResponse { status, code, .. } => match (status.as_u16(), code) {
            // The data asked for is no longer kept: it will not come back.
            (503, Some(ErrorCode::InternalServerError)) => false,
            (421 | 425 | 429, _) => true,
            // By their definitions the same request meets the same again: what is asked for is not implemented, or a login is
            // due first.
            (501 | 505 | 506 | 508 | 510 | 511, _) => false,
            // The outcome is unknown. Any other status of 500 and above counts as 500 (RFC 9110, section 15): those that edges
            // and proxies made up are among them, such as 520 to 530, 598 and 599.
            (408 | 500.., _) => harmless || !outcome.maybe_applied(),
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests;
