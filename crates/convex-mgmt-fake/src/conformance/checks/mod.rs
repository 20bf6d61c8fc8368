//! The checks.

mod expect;
mod messages;
mod network;
mod repetition;
mod time;

use super::caller::Caller;
use super::check::Check;
use super::session::{Checked, Run};
use super::target::Target;

/// Performs a check.
pub(super) async fn perform<C: Caller, F: FnMut(&Target) -> C>(check: Check, run: &mut Run<F>) -> Checked {
    match check {
        Check::List => messages::list(run).await,
        Check::Update => messages::update(run).await,
        Check::Request => messages::request(run).await,
        Check::LargeBodies => messages::large_bodies(run).await,
        Check::Pages => messages::pages(run).await,
        Check::ErrorCode => messages::error_code(run).await,
        Check::Unavailable => repetition::unavailable(run).await,
        Check::RetryAfter => repetition::retry_after(run).await,
        Check::LostResponse => repetition::lost_response(run).await,
        Check::LostCreate => repetition::lost_create(run).await,
        Check::AttemptTimeout => time::attempt_timeout(run).await,
        Check::Deadline => time::deadline(run).await,
        Check::Redirect => network::redirect(run).await,
        Check::TruncatedBody => network::truncated_body(run).await,
        Check::NobodyListens => network::nobody_listens(run).await,
    }
}
