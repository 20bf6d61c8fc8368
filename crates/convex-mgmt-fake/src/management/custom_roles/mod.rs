//! Custom roles. The control plane keeps their statements but does not enforce them: every member has all permissions.

mod actions;
mod handlers;
mod role;
mod statement;

use axum::Router;
use axum::routing::{get, post};

use super::state::Plane;

pub(super) use role::CustomRoles;

pub(super) fn routes() -> Router<Plane> {
    Router::new()
        .route("/teams/{team_id}/create_custom_role", post(handlers::create))
        .route("/teams/{team_id}/list_custom_roles", get(handlers::list))
        .route("/teams/{team_id}/update_custom_role", post(handlers::update))
        .route("/teams/{team_id}/delete_custom_role", post(handlers::delete))
}
