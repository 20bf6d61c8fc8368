//! The preview deploy keys of a project.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::key::{self, Created, Delete, KeyResponse};
use crate::api::{ApiError, Contention, JsonBody, PathArg, QueryArgs};
use crate::management::api::{Caller, OP, OT, P, T};
use crate::management::state::{Plane, TokenKind};

/// Observed: of two deletions at the same time, one fails with 500.
pub(super) const DELETES: Contention = Contention::on("preview deploy keys")
    .lost(|| ApiError::internal("another deletion of a preview deploy key committed first"));

/// Unknown fields are ignored, as the document says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct New {
    name: String,
    expires_at: Option<i64>,
}

pub(super) async fn create(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(project): PathArg<u64>,
    JsonBody(New { name, expires_at }): JsonBody<New>,
) -> Result<Json<Value>, ApiError> {
    let mut state = plane.state();
    let project = caller.project(&state, project)?;
    let kind = TokenKind::PreviewDeployKey { project: project.id };
    let Created { secret, minted } = key::create(&mut state, &caller, &name, kind, expires_at)?;
    if let Some(token) = minted {
        let metadata = json!({"projectId": project.id, "id": token.id, "name": token.name});
        state.record(project.team, &caller.origin, "project:token:create", metadata);
    }
    let team = state.teams.by_id(project.team).map(|team| team.slug.clone()).unwrap_or_default();
    Ok(Json(json!({"previewDeployKey": format!("preview:{team}:{}|{secret}", project.slug)})))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    include_managed: Option<bool>,
}

/// Inferred: the managed keys are the tokens that OAuth applications have for the project.
pub(super) async fn list(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(project): PathArg<u64>,
    QueryArgs(List { include_managed }): QueryArgs<List>,
) -> Result<Json<Value>, ApiError> {
    let state = plane.state();
    let project = caller.project(&state, project)?;
    let is_listed = |kind: &TokenKind| match kind {
        TokenKind::PreviewDeployKey { project: id } => *id == project.id,
        TokenKind::OAuthProject { project: id } => include_managed == Some(true) && *id == project.id,
        _ => false,
    };
    let listed = state.tokens.listed(state.listed_since()).filter(|token| is_listed(&token.kind));
    Ok(Json(json!({"items": listed.map(KeyResponse::from).collect::<Vec<_>>()})))
}

pub(super) async fn delete(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(project): PathArg<u64>,
    JsonBody(Delete { id }): JsonBody<Delete>,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let project = caller.project(&state, project)?;
    let is_for = |kind: &TokenKind| matches!(kind, TokenKind::PreviewDeployKey { project: id } if *id == project.id);
    let token = key::delete(&mut state, project.id, &id, is_for)?;
    let metadata = json!({"projectId": project.id, "id": token.id, "name": token.name});
    state.record(project.team, &caller.origin, "project:token:delete", metadata);
    Ok(StatusCode::OK)
}
