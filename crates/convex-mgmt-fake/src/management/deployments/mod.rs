//! Deployments.

mod catalogue;
mod create;
mod expiry;
mod list;
mod read;
mod reference;
mod response;
mod show;
mod transfer;
mod update;

use axum::Router;
use axum::routing::{get, post};

use super::state::Plane;

pub(super) use create::{NewDeployment, bind, create};
pub(super) use show::show_project;

pub(super) fn routes() -> Router<Plane> {
    Router::new()
        .route("/projects/{project_id}/create_deployment", post(create::create_in_project))
        .route("/projects/{project_id}/list_deployments", get(list::of_project))
        .route("/projects/{project_id}/deployment", get(read::by_project_id))
        .route("/teams/{team_id_or_slug}/projects/{project_slug}/deployment", get(read::by_project_slug))
        .route("/teams/{team_id}/list_deployments", get(list::of_team))
        .route("/teams/{team_id}/list_local_deployments", get(list::local))
        .route("/teams/{team_id}/list_deployment_classes", get(catalogue::classes))
        .route("/teams/{team_id}/list_deployment_regions", get(catalogue::regions))
        .route("/deployments/{deployment_name}", get(read::by_name).patch(update::update))
        .route("/deployments/{deployment_name}/delete", post(update::delete))
        .route("/deployments/{deployment_name}/transfer", post(transfer::transfer))
}
