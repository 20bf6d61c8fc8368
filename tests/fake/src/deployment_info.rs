//! What a deployment is, as convex-backend's `crates/local_backend/src/deployment_info.rs` tells it.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::auth::Caller;
use crate::error::Refusal;
use crate::state::Shared;

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/deployment_info", get(info))
}

async fn info(State(state): State<Shared>, caller: Caller) -> Result<Json<Value>, Refusal> {
    caller.require("deployment:data:view")?;
    Ok(Json(match &state.deployment().plan {
        None => json!({"kind": "selfHosted"}),
        Some(plan) => json!({
            "kind": "cloud",
            "teamId": plan.team_id,
            "projectId": plan.project_id,
            "projectName": plan.project_name,
            "projectSlug": plan.project_slug,
            "id": plan.deployment_id,
            "deploymentType": plan.deployment_type,
            "reference": plan.reference,
        }),
    }))
}
