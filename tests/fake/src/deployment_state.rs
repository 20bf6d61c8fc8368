//! Pausing and unpausing, as convex-backend's `crates/local_backend/src/deployment_state.rs` has them.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::StatusCode;
use serde_json::json;

use crate::auth::Caller;
use crate::error::Refusal;
use crate::state::Shared;

/// Why a deployment does not run functions. The reasons are independent.
#[derive(Debug, Default)]
pub(crate) struct StopState {
    pub(crate) by_user: bool,
    pub(crate) by_system: bool,
}

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/pause_deployment", post(pause)).route("/unpause_deployment", post(unpause))
}

async fn pause(State(state): State<Shared>, caller: Caller) -> Result<StatusCode, Refusal> {
    caller.require("deployment:pause")?;
    let mut deployment = state.deployment();
    if deployment.stop_state.by_system {
        return Err(Refusal::bad_request("PauseDeploymentFailed", "the deployment is disabled"));
    }
    if !deployment.stop_state.by_user {
        caller.require_plain()?;
        deployment.stop_state.by_user = true;
        deployment.record(&caller, "pause_deployment", json!({}));
    }
    Ok(StatusCode::OK)
}

async fn unpause(State(state): State<Shared>, caller: Caller) -> Result<StatusCode, Refusal> {
    caller.require("deployment:unpause")?;
    let mut deployment = state.deployment();
    if deployment.stop_state.by_system || !deployment.stop_state.by_user {
        return Err(Refusal::bad_request("UnpauseDeploymentFailed", "the deployment is not paused"));
    }
    caller.require_plain()?;
    deployment.stop_state.by_user = false;
    deployment.record(&caller, "unpause_deployment", json!({}));
    Ok(StatusCode::OK)
}
