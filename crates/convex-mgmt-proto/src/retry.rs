//! When to try again: a pure decision, to which elapsed times and dice are passed in, so that every transport follows
//! the same rules.
//!
//! Source: convex-backend `crates/errors/src/lib.rs`, for what each status says of the execution.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::code::ErrorCode;
use crate::operation::{OperationMeta, Repeat};
use crate::reply::{Reply, ResponseError};

/// Whether the server may have got a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Certainly not: nothing of the request left.
    No,
    /// Possibly: some of it left, or that is not known.
    Maybe,
}

/// How an attempt ended, as far as the decision needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// An answer that is not a success.
    Refused {
        /// Its status.
        status: StatusCode,
        /// Its code, if it is one of the server's errors.
        code: Option<ErrorCode>,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// No answer: the connection failed or broke, or an answer did not come in time.
    Broken(Sent),
    /// A success, or a failure that another attempt would meet again.
    Settled,
}

impl Outcome {
    /// Reads an answer as far as the decision needs it.
    pub fn of(response: &Response<Bytes>) -> Self {
        if response.status().is_success() {
            return Self::Settled;
        }
        let mut copy = Response::new(response.body().clone());
        *copy.status_mut() = response.status();
        *copy.headers_mut() = response.headers().clone();
        match Reply::open(copy) {
            Err(ResponseError::Api(error)) => {
                Self::Refused { status: error.status, code: Some(error.code), retry_after: error.retry_after }
            }
            Err(ResponseError::Unexpected(reply)) => {
                Self::Refused { status: reply.status, code: None, retry_after: reply.retry_after }
            }
            Err(ResponseError::Redirect(_) | ResponseError::Decode(_)) | Ok(_) => Self::Settled,
        }
    }
}

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Hand the outcome to the caller.
    Stop,
    /// Try again after this time.
    RetryIn(Duration),
}

/// How often and how soon to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How many attempts a call has, the first included; 1 means none again. Default 3.
    pub max_attempts: u32,
    /// The ceiling of the wait after the first attempt; it doubles with each further one. Default 100 ms.
    pub base_delay: Duration,
    /// The highest that the ceiling gets. Default 10 s.
    pub max_delay: Duration,
    /// The most that a `Retry-After` of the answer is followed. Default 30 s.
    pub max_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// A policy that never tries again.
    pub fn never() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets [`RetryPolicy::max_attempts`].
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
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

    /// Sets [`RetryPolicy::max_retry_after`].
    pub fn max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = delay;
        self
    }

    /// Decides after an attempt.
    ///
    /// * `attempt` counts from 1.
    /// * `remaining` is the time that the call has left, if it is bounded: a wait that would not leave any is not begun.
    /// * `dice` is a random number from 0 to 1, so that many clients do not come back at the same moment.
    pub fn judge(
        &self,
        operation: &OperationMeta,
        attempt: u32,
        remaining: Option<Duration>,
        dice: f64,
        outcome: &Outcome,
    ) -> Verdict {
        if attempt >= self.max_attempts || !may_repeat(operation.repeat, outcome) {
            return Verdict::Stop;
        }
        let doublings = attempt.saturating_sub(1).min(31);
        let ceiling = self.base_delay.saturating_mul(1 << doublings).min(self.max_delay);
        let dice = if dice.is_finite() { dice.clamp(0.0, 1.0) } else { 1.0 };
        let mut delay = ceiling.mul_f64(dice);
        if let Outcome::Refused { retry_after: Some(asked), .. } = outcome {
            delay = delay.max((*asked).min(self.max_retry_after));
        }
        match remaining {
            Some(remaining) if delay >= remaining => Verdict::Stop,
            _ => Verdict::RetryIn(delay),
        }
    }
}

/// Whether an operation may be done again after this outcome, and whether that can help.
fn may_repeat(repeat: Repeat, outcome: &Outcome) -> bool {
    let harmless = repeat != Repeat::Never;
    match outcome {
        Outcome::Settled => false,
        Outcome::Broken(Sent::No) => true,
        Outcome::Broken(Sent::Maybe) => harmless,
        Outcome::Refused { status, code, .. } => match (status.as_u16(), code) {
            // The data asked for is no longer kept: it will not come back.
            (503, Some(ErrorCode::InternalServerError)) => false,
            // The server says that it committed nothing.
            (421 | 425 | 429, _) | (503, Some(_)) => true,
            // The outcome is unknown.
            (408 | 500 | 502 | 503 | 504, _) => harmless,
            _ => false,
        },
    }
}

/// What all calls of a client may spend on trying again, so that a server in trouble is not met with more load.
///
/// It starts full. Every further attempt costs [`RetryBudget::COST`], every success gives 1 back. When it is empty, calls
/// get their first attempt only.
#[derive(Debug)]
pub struct RetryBudget {
    left: AtomicU32,
    capacity: u32,
}

impl RetryBudget {
    /// What one more attempt costs.
    pub const COST: u32 = 5;

    /// A budget of this size, full.
    pub fn new(capacity: u32) -> Self {
        Self { left: AtomicU32::new(capacity), capacity }
    }

    /// Takes the cost of one more attempt, if that much is left.
    pub fn withdraw(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(Self::COST)).is_ok()
    }

    /// Gives 1 back, up to the capacity.
    pub fn deposit(&self) {
        // Full is the usual state, and then there is nothing to write.
        if self.left.load(Ordering::Relaxed) < self.capacity {
            let more = |left: u32| (left < self.capacity).then(|| left + 1);
            let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }
}

impl Default for RetryBudget {
    /// A budget of 100: twenty further attempts before the first success pays any back.
    fn default() -> Self {
        Self::new(100)
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use proptest::prelude::*;

    use super::*;
    use crate::operation::Deployment;

    fn operation(repeat: Repeat) -> OperationMeta {
        OperationMeta::new::<Deployment>("x", Method::POST, "/x", repeat)
    }

    fn refused(status: u16, code: Option<&str>) -> Outcome {
        let status = StatusCode::from_u16(status).unwrap();
        Outcome::Refused { status, code: code.map(ErrorCode::from), retry_after: None }
    }

    fn retries(repeat: Repeat, outcome: &Outcome) -> bool {
        RetryPolicy::default().judge(&operation(repeat), 1, None, 0.5, outcome) != Verdict::Stop
    }

    #[test]
    fn the_table_of_outcomes() {
        use Repeat::{Idempotent, Never, Safe};
        for (outcome, safe, idempotent, never) in [
            (Outcome::Broken(Sent::No), true, true, true),
            (Outcome::Broken(Sent::Maybe), true, true, false),
            (refused(429, Some("TooManyWrites")), true, true, true),
            (refused(421, Some("MisdirectedRequest")), true, true, true),
            (refused(425, Some("TooEarly")), true, true, true),
            (refused(503, Some("OptimisticConcurrencyControlFailure")), true, true, true),
            (refused(503, Some("SomethingNew")), true, true, true),
            (refused(503, Some("InternalServerError")), false, false, false),
            (refused(503, None), true, true, false),
            (refused(502, None), true, true, false),
            (refused(504, None), true, true, false),
            (refused(408, None), true, true, false),
            (refused(500, Some("InternalServerError")), true, true, false),
            (refused(400, Some("BadJsonBody")), false, false, false),
            (refused(401, Some("BadAdminKey")), false, false, false),
            (refused(403, Some("BadDeployKey")), false, false, false),
            (refused(404, None), false, false, false),
            (refused(409, Some("LogStreamAlreadyExists")), false, false, false),
            (refused(501, None), false, false, false),
            (Outcome::Settled, false, false, false),
        ] {
            assert_eq!(retries(Safe, &outcome), safe, "safe, {outcome:?}");
            assert_eq!(retries(Idempotent, &outcome), idempotent, "idempotent, {outcome:?}");
            assert_eq!(retries(Never, &outcome), never, "never, {outcome:?}");
        }
    }

    #[test]
    fn the_wait_doubles_up_to_its_cap_and_is_scaled_by_the_dice() {
        let policy = RetryPolicy::default().max_attempts(100).max_delay(Duration::from_secs(1));
        let delay =
            |attempt, dice| policy.judge(&operation(Repeat::Safe), attempt, None, dice, &Outcome::Broken(Sent::No));
        assert_eq!(delay(1, 1.0), Verdict::RetryIn(Duration::from_millis(100)));
        assert_eq!(delay(2, 1.0), Verdict::RetryIn(Duration::from_millis(200)));
        assert_eq!(delay(2, 0.25), Verdict::RetryIn(Duration::from_millis(50)));
        assert_eq!(delay(3, 0.0), Verdict::RetryIn(Duration::ZERO));
        assert_eq!(delay(5, 1.0), Verdict::RetryIn(Duration::from_secs(1)));
        assert_eq!(delay(99, 1.0), Verdict::RetryIn(Duration::from_secs(1)));
        assert_eq!(delay(100, 1.0), Verdict::Stop);
    }

    #[test]
    fn retry_after_is_followed_up_to_its_cap() {
        let judge = |asked| {
            let outcome = Outcome::Refused {
                status: StatusCode::TOO_MANY_REQUESTS,
                code: None,
                retry_after: Some(Duration::from_secs(asked)),
            };
            RetryPolicy::default().judge(&operation(Repeat::Never), 1, None, 1.0, &outcome)
        };
        assert_eq!(judge(0), Verdict::RetryIn(Duration::from_millis(100)));
        assert_eq!(judge(7), Verdict::RetryIn(Duration::from_secs(7)));
        assert_eq!(judge(86_400), Verdict::RetryIn(Duration::from_secs(30)));
    }

    #[test]
    fn a_wait_that_the_deadline_would_cut_is_not_begun() {
        let judge = |remaining| {
            let outcome = Outcome::Broken(Sent::No);
            RetryPolicy::default().judge(&operation(Repeat::Safe), 1, Some(remaining), 1.0, &outcome)
        };
        assert_eq!(judge(Duration::from_millis(100)), Verdict::Stop);
        assert_eq!(judge(Duration::from_millis(101)), Verdict::RetryIn(Duration::from_millis(100)));
    }

    #[test]
    fn an_answer_is_read_as_far_as_needed() {
        let response = |status: u16, body: &str| {
            let body = Bytes::copy_from_slice(body.as_bytes());
            Response::builder().status(status).header("retry-after", "3").body(body).unwrap()
        };
        assert_eq!(Outcome::of(&response(200, "")), Outcome::Settled);
        assert_eq!(Outcome::of(&response(307, "")), Outcome::Settled);
        let retry_after = Some(Duration::from_secs(3));
        assert_eq!(
            Outcome::of(&response(503, r#"{"code":"Busy","message":"m"}"#)),
            Outcome::Refused { status: StatusCode::SERVICE_UNAVAILABLE, code: Some("Busy".into()), retry_after }
        );
        assert_eq!(
            Outcome::of(&response(502, "<html>")),
            Outcome::Refused { status: StatusCode::BAD_GATEWAY, code: None, retry_after }
        );
    }

    #[test]
    fn a_budget_runs_dry_and_recovers_by_success() {
        let budget = RetryBudget::new(12);
        assert!(budget.withdraw() && budget.withdraw());
        assert!(!budget.withdraw());
        budget.deposit();
        budget.deposit();
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(budget.withdraw());
        (0..100).for_each(|_| budget.deposit());
        assert!(budget.withdraw() && budget.withdraw() && !budget.withdraw(), "never above its capacity");
    }

    proptest! {
        #[test]
        fn a_wait_never_exceeds_the_caps_whatever_is_passed_in(
            attempt in any::<u32>(), dice in any::<f64>(), asked in any::<u64>(), left in any::<u64>(),
        ) {
            let outcome = Outcome::Refused {
                status: StatusCode::TOO_MANY_REQUESTS, code: None, retry_after: Some(Duration::from_secs(asked)),
            };
            let policy = RetryPolicy::default().max_attempts(u32::MAX);
            let left = Duration::from_millis(left);
            if let Verdict::RetryIn(delay) = policy.judge(&operation(Repeat::Safe), attempt, Some(left), dice, &outcome) {
                prop_assert!(delay <= policy.max_retry_after && delay < left);
            }
        }
    }
}
