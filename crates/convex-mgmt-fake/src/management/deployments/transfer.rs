//! The transfer of a deployment to another project of its team. Inferred: the errors, and that a default loses its mark if
//! the destination has a default of the same type.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::reference::reference_in_use;
use super::show::show;
use crate::api::{ApiError, JsonBody, PathArg};
use crate::management::api::{Caller, OP, OT, P, T};
use crate::management::state::Plane;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Transfer {
    destination_project_id: u64,
}

pub(super) async fn transfer(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(name): PathArg,
    JsonBody(Transfer { destination_project_id }): JsonBody<Transfer>,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let (mut moved, source) = caller.deployment(&state, &name)?;
    let destination = caller.project(&state, destination_project_id)?;
    if destination.team != source.team {
        return Err(ApiError::bad_request("InvalidTransfer", "the projects belong to different teams"));
    }
    if destination.id != source.id {
        if state.deployments.of_project(destination.id).any(|other| other.reference == moved.reference) {
            return Err(reference_in_use());
        }
        let has_default = state.deployments.default_of(destination.id, moved.kind, moved.creator).is_some();
        moved.is_default &= !has_default;
        moved.project = destination.id;
        if let Some(stored) = state.deployments.cloud.iter_mut().find(|stored| stored.id == moved.id) {
            *stored = moved.clone();
        }
        show(&state, &moved);
        let metadata = |project: u64| json!({"projectId": project, "deploymentName": name});
        state.record(source.team, &caller.origin, "deployment:transfer", metadata(source.id));
        state.record(source.team, &caller.origin, "deployment:receive", metadata(destination.id));
    }
    Ok(StatusCode::NO_CONTENT)
}
