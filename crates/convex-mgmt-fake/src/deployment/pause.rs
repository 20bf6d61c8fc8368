//! Pausing a deployment, and the other reasons why it may be stopped. Source: convex-backend's
//! `crates/application/src/deployment_state.rs`.

use axum::Router;
use axum::extract::State;
use http::StatusCode;
use serde_json::json;

use crate::api::{ApiError, Caller, Contention};
use crate::state::Shared;

/// The reasons why a deployment runs no functions. They are independent of each other, and the API works in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stops {
    /// The deployment is paused.
    pub paused: bool,
    /// A usage limit is reached.
    pub usage_limit: bool,
    /// The operator has disabled or suspended the deployment.
    pub system: bool,
}

const WRITES: Contention = Contention::on("deployment state");

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/pause_deployment", WRITES.post(pause)).route("/unpause_deployment", WRITES.post(unpause))
}

async fn pause(State(state): State<Shared>, caller: Caller) -> Result<StatusCode, ApiError> {
    caller.require("deployment:pause")?;
    let mut deployment = state.deployment();
    let stops: &mut Stops = deployment.topics.of();
    if stops.system {
        return Err(ApiError::bad_request("PauseDeploymentFailed", "the operator has stopped this deployment"));
    }
    if !stops.paused {
        caller.reject_impersonation()?;
        stops.paused = true;
        deployment.record(&caller.origin, "pause_deployment", json!({}));
    }
    Ok(StatusCode::OK)
}

async fn unpause(State(state): State<Shared>, caller: Caller) -> Result<StatusCode, ApiError> {
    caller.require("deployment:unpause")?;
    let mut deployment = state.deployment();
    let failed = |message| Err(ApiError::bad_request("UnpauseDeploymentFailed", message));
    let stops: &mut Stops = deployment.topics.of();
    if stops.system {
        return failed("the operator has stopped this deployment");
    }
    if !stops.paused {
        return failed("this deployment is not paused");
    }
    caller.reject_impersonation()?;
    stops.paused = false;
    deployment.record(&caller.origin, "unpause_deployment", json!({}));
    Ok(StatusCode::OK)
}
