//! Retries without IO, so that every transport follows the same rules.

mod budget;
mod policy;

pub use self::budget::RetryBudget;
pub use self::policy::{AttemptCounts, RetryDecision, RetryPolicy};
