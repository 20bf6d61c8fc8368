//! Deployment info. Source: convex-backend's `crates/local_backend/src/deployment_info.rs`.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::api::{ApiError, Caller};
use crate::state::{Plan, Shared};

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/deployment_info", get(read))
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Info {
    Cloud {
        team_id: u64,
        project_id: u64,
        project_name: Option<String>,
        project_slug: Option<String>,
        id: u64,
        deployment_type: String,
        reference: Option<String>,
    },
    SelfHosted,
}

async fn read(State(state): State<Shared>, caller: Caller) -> Result<Json<Info>, ApiError> {
    caller.require("deployment:data:view")?;
    Ok(Json(match state.deployment().plan.clone() {
        Some(Plan {
            team_id,
            project_id,
            project_name,
            project_slug,
            deployment_id: id,
            deployment_type,
            reference,
            ..
        }) => Info::Cloud { team_id, project_id, project_name, project_slug, id, deployment_type, reference },
        None => Info::SelfHosted,
    }))
}
