//! Deploy keys of deployments, and preview deploy keys of projects.

mod deployment;
mod key;
mod preview;

use axum::Router;
use axum::routing::{get, post};

use super::state::Plane;

pub(super) fn routes() -> Router<Plane> {
    Router::new()
        .route("/deployments/{deployment_name}/create_deploy_key", post(deployment::create))
        .route("/deployments/{deployment_name}/list_deploy_keys", get(deployment::list))
        .route("/deployments/{deployment_name}/delete_deploy_key", post(deployment::delete))
        .route("/projects/{project_id}/create_preview_deploy_key", post(preview::create))
        .route("/projects/{project_id}/list_preview_deploy_keys", get(preview::list))
        .route("/projects/{project_id}/delete_preview_deploy_key", preview::DELETES.post(preview::delete))
}
