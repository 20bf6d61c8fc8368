//! Projects.

mod create;
mod handlers;
mod slug;

use axum::Router;
use axum::routing::{get, post};

use super::state::Plane;

pub(crate) use create::add_project;

pub(super) fn routes() -> Router<Plane> {
    Router::new()
        .route("/teams/{team_id}/create_project", post(create::create))
        .route("/projects/{project_id}", get(handlers::by_id).patch(handlers::update))
        .route("/teams/{team_id}/projects", get(handlers::list))
        .route("/teams/{team_id_or_slug}/projects/{project_slug}", get(handlers::by_slug))
        .route("/projects/{project_id}/delete", post(handlers::delete))
}
