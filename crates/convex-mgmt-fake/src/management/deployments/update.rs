//! Changes of a deployment's settings, and its deletion.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::catalogue::check_class;
use super::expiry::check_expires_at;
use super::reference::{check_reference, reference_in_use};
use super::show::show;
use crate::api::{ApiError, JsonBody, PathArg};
use crate::management::api::{Caller, OP, OT, P, T, nullable};
use crate::management::state::{DeploymentType, Plane};

/// The fields to change. `null` resets the three-state fields. Inferred: `null` leaves the other fields unchanged.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Update {
    reference: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    dashboard_edit_confirmation: Option<Option<bool>>,
    #[serde(default, deserialize_with = "nullable")]
    expires_at: Option<Option<i64>>,
    #[serde(default, deserialize_with = "nullable")]
    send_logs_to_client: Option<Option<bool>>,
    class: Option<String>,
    is_default: Option<bool>,
    deployment_type: Option<DeploymentType>,
}

/// All fields are checked before the first is changed.
pub(super) async fn update(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(name): PathArg,
    JsonBody(update): JsonBody<Update>,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let (mut changed, project) = caller.deployment(&state, &name)?;
    if let Some(reference) = update.reference {
        check_reference(&reference)?;
        let mut others = state.deployments.of_project(project.id).filter(|other| other.id != changed.id);
        if others.any(|other| other.reference == reference) {
            return Err(reference_in_use());
        }
        changed.reference = reference;
    }
    if let Some(class) = update.class {
        check_class(&class)?;
        changed.class = class;
    }
    if let Some(kind) = update.deployment_type {
        changed.kind = kind;
        // Inferred: a default of one type is no default of another.
        changed.is_default &= Some(kind) == state.deployments.by_name(&name).map(|before| before.kind);
    }
    match update.is_default {
        Some(true) if !matches!(changed.kind, DeploymentType::Dev | DeploymentType::Prod) => {
            return Err(ApiError::bad_request("InvalidIsDefault", "only dev and prod deployments can be a default"));
        }
        Some(true) => {
            let existing = state.deployments.default_of(project.id, changed.kind, changed.creator);
            if existing.is_some_and(|existing| existing.id != changed.id) {
                let message = "the project has a default deployment of this type";
                return Err(ApiError::bad_request("DefaultDeploymentExists", message));
            }
            changed.is_default = true;
        }
        Some(false) => changed.is_default = false,
        None => {}
    }
    if let Some(expires_at) = update.expires_at {
        changed.expires_at = check_expires_at(&state, expires_at)?;
    }
    if let Some(confirmation) = update.dashboard_edit_confirmation {
        changed.dashboard_edit_confirmation = confirmation;
    }
    if let Some(send) = update.send_logs_to_client {
        changed.send_logs_to_client = send;
    }
    if let Some(stored) = state.deployments.cloud.iter_mut().find(|stored| stored.id == changed.id) {
        *stored = changed.clone();
    }
    show(&state, &changed);
    state.record(project.team, &caller.origin, "deployment:update", json!({"deploymentName": name}));
    Ok(StatusCode::OK)
}

pub(super) async fn delete(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(name): PathArg,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let (deployment, _) = caller.deployment(&state, &name)?;
    state.delete_deployments(&caller.origin, |other| other.id == deployment.id);
    Ok(StatusCode::OK)
}
