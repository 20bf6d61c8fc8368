//! Whether the deployment runs: pausing, and what else may stop it, as convex-backend's
//! `crates/application/src/deployment_state.rs` has it.

use axum::Router;
use axum::extract::State;
use http::StatusCode;
use serde_json::json;

use crate::auth::Caller;
use crate::contention::Contention;
use crate::error::Refusal;
use crate::fake::Fake;
use crate::state::Shared;

/// What keeps functions from running. The three do not depend on each other, and none of them stops the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stops {
    /// Somebody paused the deployment.
    pub paused: bool,
    /// A usage limit is reached.
    pub usage_limit: bool,
    /// The operator disabled or suspended it.
    pub system: bool,
}

impl Fake {
    /// What keeps functions from running now.
    pub fn stops(&self) -> Stops {
        self.state.deployment().stops
    }

    /// Stops or frees the deployment as its operator would, unseen by the audit log.
    pub fn set_system_stop(&self, stopped: bool) {
        self.state.deployment().stops.system = stopped;
    }

    /// Stops or frees the deployment as a usage limit would, unseen by the audit log, until usage is next held against
    /// the limits.
    pub fn set_usage_stop(&self, stopped: bool) {
        self.state.deployment().stops.usage_limit = stopped;
    }
}

const WRITES: Contention = Contention::on("deployment state");

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/pause_deployment", WRITES.post(pause)).route("/unpause_deployment", WRITES.post(unpause))
}

async fn pause(State(state): State<Shared>, caller: Caller) -> Result<StatusCode, Refusal> {
    caller.require("deployment:pause")?;
    let mut deployment = state.deployment();
    if deployment.stops.system {
        return Err(Refusal::bad_request("PauseDeploymentFailed", "the operator stopped this deployment"));
    }
    if !deployment.stops.paused {
        caller.require_plain()?;
        deployment.stops.paused = true;
        deployment.record(&caller, "pause_deployment", json!({}));
    }
    Ok(StatusCode::OK)
}

async fn unpause(State(state): State<Shared>, caller: Caller) -> Result<StatusCode, Refusal> {
    caller.require("deployment:unpause")?;
    let mut deployment = state.deployment();
    let refused = |message| Err(Refusal::bad_request("UnpauseDeploymentFailed", message));
    if deployment.stops.system {
        return refused("the operator stopped this deployment");
    }
    if !deployment.stops.paused {
        return refused("this deployment is not paused");
    }
    caller.require_plain()?;
    deployment.stops.paused = false;
    deployment.record(&caller, "unpause_deployment", json!({}));
    Ok(StatusCode::OK)
}
