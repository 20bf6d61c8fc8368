//! The audit log of a team.

mod actions;
mod list;

use axum::Router;
use axum::routing::get;

use super::state::Plane;

pub(super) fn routes() -> Router<Plane> {
    Router::new().route("/teams/{team_id}/list_audit_log_events", get(list::list))
}
