//! The personal access tokens of the caller. They are no matter of a team, so no audit log has entries about them.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::token::{self, Delete};
use crate::api::{ApiError, JsonBody, QueryArgs};
use crate::management::api::{Caller, P, PageArgs};
use crate::management::state::{Plane, Token, TokenKind};
use crate::state::millis;

/// A token as the API returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenResponse {
    id: u64,
    name: String,
    creation_time: u64,
    last_used_time: Option<u64>,
    expires_at: Option<u64>,
    /// The control plane has no single sign-on.
    sso_team_id: Option<u64>,
}

impl From<Token> for TokenResponse {
    fn from(token: Token) -> Self {
        let Token { id, name, created, last_used, expires_at, .. } = token;
        let (creation_time, last_used_time) = (millis(created), last_used.map(millis));
        Self { id, name, creation_time, last_used_time, expires_at, sso_team_id: None }
    }
}

pub(super) async fn list(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P }>,
    QueryArgs(args): QueryArgs<PageArgs>,
) -> Result<Json<Value>, ApiError> {
    let (items, pagination) = token::list(&plane.state(), &caller, &TokenKind::Personal, args)?;
    let items: Vec<TokenResponse> = items.into_iter().map(TokenResponse::from).collect();
    Ok(Json(json!({"items": items, "pagination": pagination})))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct New {
    name: String,
    expires_at: Option<i64>,
}

pub(super) async fn create(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P }>,
    JsonBody(New { name, expires_at }): JsonBody<New>,
) -> Result<Json<Value>, ApiError> {
    let created = token::create(&mut plane.state(), &caller, TokenKind::Personal, &name, expires_at)?;
    Ok(Json(json!({"accessToken": created.secret})))
}

pub(super) async fn delete(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P }>,
    JsonBody(delete): JsonBody<Delete>,
) -> Result<StatusCode, ApiError> {
    token::delete(&mut plane.state(), &caller, &TokenKind::Personal, &delete)?;
    Ok(StatusCode::OK)
}
