//! The access tokens of a team that the calling member created.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::token::{self, Delete};
use crate::api::{ApiError, JsonBody, OptionalJsonBody, PathArg, QueryArgs};
use crate::management::api::{Caller, OT, P, PageArgs, T};
use crate::management::state::{Plane, Token, TokenKind};
use crate::state::millis;

/// The name of a token without one. Inferred.
const DEFAULT_NAME: &str = "Team access token";

/// A token as the API returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenResponse {
    id: u64,
    name: String,
    creation_time: u64,
    last_used_time: Option<u64>,
    expires_at: Option<u64>,
    creator: u64,
}

impl From<Token> for TokenResponse {
    fn from(token: Token) -> Self {
        let Token { id, name, member, created, last_used, expires_at, .. } = token;
        let (creation_time, last_used_time) = (millis(created), last_used.map(millis));
        Self { id, name, creation_time, last_used_time, expires_at, creator: member }
    }
}

pub(super) async fn list(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg(team): PathArg<u64>,
    QueryArgs(args): QueryArgs<PageArgs>,
) -> Result<Json<Value>, ApiError> {
    let state = plane.state();
    let team = caller.team(&state, team)?.id;
    let (items, pagination) = token::list(&state, &caller, &TokenKind::Team { team }, args)?;
    let items: Vec<TokenResponse> = items.into_iter().map(TokenResponse::from).collect();
    Ok(Json(json!({"items": items, "pagination": pagination})))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct New {
    name: Option<String>,
    expires_at: Option<i64>,
}

/// Inferred: an OAuth caller gets a new token, and not its own as with deploy keys.
pub(super) async fn create(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT }>,
    PathArg(team): PathArg<u64>,
    OptionalJsonBody(new): OptionalJsonBody<New>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let New { name, expires_at } = new.unwrap_or_default();
    let mut state = plane.state();
    let team = caller.team(&state, team)?.id;
    let name = name.as_deref().unwrap_or(DEFAULT_NAME);
    let created = token::create(&mut state, &caller, TokenKind::Team { team }, name, expires_at)?;
    state.record(team, &caller.origin, "team:token:create", json!({"id": created.id, "name": created.name}));
    Ok((StatusCode::CREATED, Json(json!({"accessToken": created.secret, "tokenType": "bearer"}))))
}

pub(super) async fn delete(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg(team): PathArg<u64>,
    JsonBody(delete): JsonBody<Delete>,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let team = caller.team(&state, team)?.id;
    let deleted = token::delete(&mut state, &caller, &TokenKind::Team { team }, &delete)?;
    state.record(team, &caller.origin, "team:token:delete", json!({"id": deleted.id, "name": deleted.name}));
    Ok(StatusCode::OK)
}
