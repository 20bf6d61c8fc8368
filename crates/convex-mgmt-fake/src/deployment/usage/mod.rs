//! Usage, its limits, and their evaluation. Source: convex-backend's `crates/usage_limits/src`.

mod current;
mod evaluation;
mod limit;
mod limits;
mod meter;
mod state;

use axum::Router;

use crate::state::Shared;

pub use meter::{SeedStatus, UsageMetric, UsageWindow};

pub(crate) use evaluation::evaluate_limits;
pub(crate) use state::Usage;

pub(super) use evaluation::on_clock_advance;

pub(super) fn routes() -> Router<Shared> {
    current::routes().merge(limits::routes())
}
