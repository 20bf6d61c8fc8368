//! The members of a team.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::role::{self, RoleName};
use crate::api::{ApiError, JsonBody, PathArg};
use crate::management::api::{Caller, P};
use crate::management::state::{Member, Plane, Role};

/// A member as the API returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberResponse {
    id: u64,
    name: Option<String>,
    email: String,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_roles: Option<Vec<RoleName>>,
}

pub(super) async fn list(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P }>,
    PathArg(team): PathArg<u64>,
) -> Result<Json<Value>, ApiError> {
    let mut state = plane.state();
    let team = caller.team(&state, team)?;
    let mut items = Vec::new();
    for (id, membership) in &team.members {
        let Some(Member { id, name, email }) = state.teams.members.get(id).cloned() else { continue };
        let custom_roles = role::names(&mut state, membership);
        items.push(MemberResponse { id, name, email, role: membership.role, custom_roles });
    }
    Ok(Json(json!({"items": items})))
}

/// A built-in role, or custom roles. Inferred: `null` is the same as absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UpdateRole {
    member_id: u64,
    role: Option<Role>,
    custom_roles: Option<Vec<u64>>,
}

pub(super) async fn update_role(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P }>,
    PathArg(team): PathArg<u64>,
    JsonBody(UpdateRole { member_id, role, custom_roles }): JsonBody<UpdateRole>,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let team = caller.team(&state, team)?.id;
    let membership = match (role, custom_roles) {
        (Some(role), None) => role::built_in(role)?,
        (None, Some(ids)) => role::custom(&mut state, team, ids)?,
        (Some(_), Some(_)) => return Err(role::both()),
        (None, None) => return Err(role::neither()),
    };
    let metadata =
        json!({"memberId": member_id, "role": membership.role, "customRoles": membership.custom_roles.clone()});
    let member = state.teams.teams.get_mut(&team).and_then(|team| team.members.get_mut(&member_id));
    // Inferred: the code.
    let missing = || ApiError::not_found("MemberNotFound", "the team has no such member");
    *member.ok_or_else(missing)? = membership;
    state.record(team, &caller.origin, "member:updateRole", metadata);
    Ok(StatusCode::OK)
}
