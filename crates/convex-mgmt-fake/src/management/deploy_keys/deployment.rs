//! The deploy keys of a deployment.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::key::{self, Created, Delete, KeyResponse};
use crate::api::{ApiError, JsonBody, PathArg};
use crate::management::api::{Caller, OP, OT, P, T};
use crate::management::state::{Plane, TokenKind};

/// The actions that a deploy key may permit.
const ACTIONS: [&str; 25] = [
    "deployment:deploy",
    "deployment:env:view",
    "deployment:env:write",
    "deployment:pause",
    "deployment:unpause",
    "deployment:logs:view",
    "deployment:metrics:view",
    "deployment:integrations:view",
    "deployment:integrations:write",
    "deployment:data:view",
    "deployment:data:write",
    "deployment:backups:view",
    "deployment:backups:create",
    "deployment:backups:download",
    "deployment:backups:delete",
    "deployment:backups:import",
    "deployment:functions:actAsUser",
    "deployment:functions:runInternalQueries",
    "deployment:functions:runInternalMutations",
    "deployment:functions:runInternalActions",
    "deployment:functions:runTestQuery",
    "deployment:auditLog:view",
    "deployment:usageLimits:view",
    "deployment:usageLimits:write",
    "deployment:usage:view",
];

/// Unknown fields are ignored, as the document says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct New {
    name: String,
    /// The document permits no `null`. Inferred: an empty list permits everything, as on the deployment.
    #[serde(default, deserialize_with = "known_actions")]
    allowed_actions: Vec<String>,
    expires_at: Option<i64>,
}

fn known_actions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let actions = Vec::<String>::deserialize(deserializer)?;
    match actions.iter().find(|action| !ACTIONS.contains(&action.as_str())) {
        Some(unknown) => Err(serde::de::Error::custom(format!("unknown action '{unknown}'"))),
        None => Ok(actions),
    }
}

pub(super) async fn create(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(deployment): PathArg,
    JsonBody(New { name, allowed_actions, expires_at }): JsonBody<New>,
) -> Result<Json<Value>, ApiError> {
    let mut state = plane.state();
    let (deployment, project) = caller.deployment(&state, &deployment)?;
    let kind = TokenKind::DeployKey { deployment: deployment.name.clone(), allowed: allowed_actions };
    let Created { secret, minted } = key::create(&mut state, &caller, &name, kind, expires_at)?;
    if let Some(token) = minted {
        let metadata = json!({"deploymentName": deployment.name, "id": token.id, "name": token.name});
        state.record(project.team, &caller.origin, "deployment:token:create", metadata);
    }
    Ok(Json(json!({"deployKey": format!("{}:{}|{secret}", deployment.kind, deployment.name)})))
}

fn is_for(deployment: &str) -> impl Fn(&TokenKind) -> bool {
    move |kind| matches!(kind, TokenKind::DeployKey { deployment: name, .. } if name == deployment)
}

/// A bare array, in the order of creation.
pub(super) async fn list(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(deployment): PathArg,
) -> Result<Json<Vec<KeyResponse>>, ApiError> {
    let state = plane.state();
    let (deployment, _) = caller.deployment(&state, &deployment)?;
    let is_for = is_for(&deployment.name);
    let listed = state.tokens.listed(state.listed_since()).filter(|token| is_for(&token.kind));
    Ok(Json(listed.map(KeyResponse::from).collect()))
}

pub(super) async fn delete(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(deployment): PathArg,
    JsonBody(Delete { id }): JsonBody<Delete>,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let (deployment, project) = caller.deployment(&state, &deployment)?;
    let token = key::delete(&mut state, project.id, &id, is_for(&deployment.name))?;
    let metadata = json!({"deploymentName": deployment.name, "id": token.id, "name": token.name});
    state.record(project.team, &caller.origin, "deployment:token:delete", metadata);
    Ok(StatusCode::OK)
}
