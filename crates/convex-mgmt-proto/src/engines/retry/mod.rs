//! Retries without IO: policy, budget, and the state of a call. Every transport follows the same rules.

mod budget;
mod call_error;
mod policy;
mod state;

pub use self::budget::RetryBudget;
pub use self::call_error::{Applied, CallError, CallErrorCause};
pub use self::policy::{AttemptCounts, RetryDecision, RetryPolicy};
pub use self::state::RetryState;
