//! The operations on custom roles.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::role::{CustomRole, CustomRoles};
use super::statement::Statement;
use crate::api::{ApiError, JsonBody, PathArg, QueryArgs};
use crate::management::api::{Caller, OT, P, PageArgs, T, page};
use crate::management::state::Plane;
use crate::state::millis;

/// A custom role as the API returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoleResponse {
    id: u64,
    team_id: u64,
    name: String,
    description: Option<String>,
    statements: Vec<Statement>,
    creator: u64,
    create_time: u64,
}

impl From<&CustomRole> for RoleResponse {
    fn from(role: &CustomRole) -> Self {
        let CustomRole { id, team, name, description, statements, creator, created } = role.clone();
        Self { id, team_id: team, name, description, statements, creator, create_time: millis(created) }
    }
}

/// Inferred: the code, and that two roles of a team may have the same name.
fn check(name: &str, statements: &[Statement]) -> Result<(), ApiError> {
    if name.trim().is_empty() {
        return Err(ApiError::bad_request("InvalidCustomRoleName", "the name of the role is empty"));
    }
    statements.iter().try_for_each(Statement::check)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
    description: Option<String>,
    statements: Vec<Statement>,
}

pub(super) async fn create(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg(team): PathArg<u64>,
    JsonBody(New { name, description, statements }): JsonBody<New>,
) -> Result<(StatusCode, Json<RoleResponse>), ApiError> {
    let mut state = plane.state();
    let team = caller.team(&state, team)?.id;
    check(&name, &statements)?;
    let (id, creator, created) = (state.next_id(), caller.token.member, state.now());
    let role = CustomRole { id, team, name, description, statements, creator, created };
    state.topics.of::<CustomRoles>().0.insert(id, role.clone());
    state.record(team, &caller.origin, "customRole:create", json!({"id": id, "name": role.name}));
    Ok((StatusCode::CREATED, Json(RoleResponse::from(&role))))
}

/// Inferred: the oldest roles come first.
pub(super) async fn list(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg(team): PathArg<u64>,
    QueryArgs(args): QueryArgs<PageArgs>,
) -> Result<Json<Value>, ApiError> {
    let mut state = plane.state();
    let team = caller.team(&state, team)?.id;
    let sizes = state.knobs.custom_roles_page_size;
    let roles = state.topics.of::<CustomRoles>().of_team(team).map(|role| (role.id, RoleResponse::from(role)));
    let (items, pagination) = page(("custom roles", team), roles, args, sizes)?;
    Ok(Json(json!({"items": items, "pagination": pagination})))
}

/// The new content of a role. An absent description removes the old one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    id: u64,
    name: String,
    description: Option<String>,
    statements: Vec<Statement>,
}

pub(super) async fn update(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg(team): PathArg<u64>,
    JsonBody(Update { id, name, description, statements }): JsonBody<Update>,
) -> Result<Json<RoleResponse>, ApiError> {
    let mut state = plane.state();
    let team = caller.team(&state, team)?.id;
    let role = state.topics.of::<CustomRoles>().of_team_by_id(team, id)?;
    check(&name, &statements)?;
    *role = CustomRole { name, description, statements, ..role.clone() };
    let response = RoleResponse::from(&*role);
    state.record(team, &caller.origin, "customRole:update", json!({"id": id, "name": response.name}));
    Ok(Json(response))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Delete {
    id: u64,
}

/// Inferred: invitations do not keep a role in use. An invitation loses a deleted role.
pub(super) async fn delete(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg(team): PathArg<u64>,
    JsonBody(Delete { id }): JsonBody<Delete>,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let team = caller.team(&state, team)?;
    let name = state.topics.of::<CustomRoles>().of_team_by_id(team.id, id)?.name.clone();
    if team.members.values().any(|member| member.custom_roles.contains(&id)) {
        return Err(ApiError::bad_request("CustomRoleInUse", "members of the team have this role"));
    }
    state.topics.of::<CustomRoles>().0.remove(&id);
    state.record(team.id, &caller.origin, "customRole:delete", json!({"id": id, "name": name}));
    Ok(StatusCode::OK)
}
