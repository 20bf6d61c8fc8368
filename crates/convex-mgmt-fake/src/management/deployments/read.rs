//! One deployment, by name or by a selector in its project.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::response::DeploymentResponse;
use crate::api::{ApiError, PathArg, QueryArgs};
use crate::management::api::{Bearer, Caller, OP, OT, P, T};
use crate::management::state::{ControlPlane, DeploymentType, Plane, Project};

/// The selector of a deployment in its project. Inferred: exactly one is accepted, and `false` is as absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Selector {
    reference: Option<String>,
    default_prod: Option<bool>,
    default_dev: Option<bool>,
}

pub(super) async fn by_name(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(name): PathArg,
) -> Result<Json<DeploymentResponse>, ApiError> {
    let state = plane.state();
    let (deployment, _) = caller.deployment(&state, &name)?;
    Ok(Json(DeploymentResponse::cloud(&state, &deployment)))
}

pub(super) async fn by_project_id(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(project): PathArg<u64>,
    QueryArgs(selector): QueryArgs<Selector>,
) -> Result<Json<DeploymentResponse>, ApiError> {
    let state = plane.state();
    let project = caller.project(&state, project)?;
    select(&state, &caller, &project, selector).map(Json)
}

pub(super) async fn by_project_slug(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg((team, project)): PathArg<(String, String)>,
    QueryArgs(selector): QueryArgs<Selector>,
) -> Result<Json<DeploymentResponse>, ApiError> {
    let state = plane.state();
    let project = caller.project_by_slug(&state, &team, &project)?;
    select(&state, &caller, &project, selector).map(Json)
}

fn select(
    state: &ControlPlane,
    caller: &Bearer,
    project: &Project,
    Selector { reference, default_prod, default_dev }: Selector,
) -> Result<DeploymentResponse, ApiError> {
    let (deployments, member) = (&state.deployments, Some(caller.token.member));
    let found = match (reference, default_prod.unwrap_or(false), default_dev.unwrap_or(false)) {
        (Some(reference), false, false) => {
            deployments.of_project(project.id).find(|deployment| deployment.reference == reference)
        }
        (None, true, false) => deployments.default_of(project.id, DeploymentType::Prod, None),
        (None, false, true) => match deployments.active_local(project.id, member) {
            Some(local) => return Ok(DeploymentResponse::local(local)),
            None => deployments.default_of(project.id, DeploymentType::Dev, member),
        },
        _ => {
            let message = "exactly one of reference, defaultProd and defaultDev is required";
            return Err(ApiError::bad_request("BadQueryArgs", message));
        }
    };
    match found {
        Some(deployment) => Ok(DeploymentResponse::cloud(state, deployment)),
        None => Err(ApiError::not_found("DeploymentNotFound", "the project has no such deployment")),
    }
}
