//! Invitations to teams. Inferred: the errors, and that an expired invitation stays in the list until it is renewed or canceled.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::role::{self, RoleName};
use crate::api::{ApiError, JsonBody, PathArg};
use crate::management::api::{Caller, P};
use crate::management::state::{ControlPlane, Member, Membership, Plane, Role};
use crate::state::Origin;

/// An invitation that was not accepted.
#[derive(Clone, Debug)]
struct Invitation {
    team: u64,
    email: String,
    membership: Membership,
    expires: Duration,
}

impl Invitation {
    /// Inferred: the case of letters has no significance.
    fn is_for(&self, team: u64, email: &str) -> bool {
        self.team == team && self.email.eq_ignore_ascii_case(email)
    }
}

/// The invitations of all teams, in the order of their creation.
#[derive(Debug, Default)]
struct Invitations(Vec<Invitation>);

/// Unknown fields are ignored, as the document says. Inferred: `null` is the same as absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invite {
    email: String,
    role: Role,
    custom_roles: Option<Vec<u64>>,
}

fn check_email(email: &str) -> Result<(), ApiError> {
    let (name, host) = email.split_once('@').unwrap_or_default();
    if name.is_empty() || host.is_empty() || host.contains('@') || email.contains(char::is_whitespace) {
        return Err(ApiError::bad_request("InvalidEmail", "the text is not an email address"));
    }
    Ok(())
}

pub(super) async fn invite(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P }>,
    PathArg(team): PathArg<u64>,
    JsonBody(Invite { email, role, custom_roles }): JsonBody<Invite>,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let team = caller.team(&state, team)?;
    check_email(&email)?;
    let membership = match (role, custom_roles) {
        (Role::Custom, Some(ids)) => role::custom(&mut state, team.id, ids)?,
        (role, None) => role::built_in(role)?,
        (_, Some(_)) => return Err(role::both()),
    };
    let now = state.now();
    let emails = team.members.keys().filter_map(|id| state.teams.members.get(id)).map(|member| &member.email);
    let mut is_in_use = emails.into_iter().any(|other| other.eq_ignore_ascii_case(&email));
    let expires = now + state.knobs.invitation_lifetime;
    let metadata = json!({"email": email, "role": role, "customRoles": membership.custom_roles.clone()});
    let Invitations(invitations) = state.topics.of();
    is_in_use |= invitations.iter().any(|pending| pending.is_for(team.id, &email) && pending.expires > now);
    if is_in_use {
        return Err(ApiError::bad_request(
            "EmailAlreadyExists",
            "the team has a member or an invitation with this email",
        ));
    }
    invitations.retain(|pending| !pending.is_for(team.id, &email));
    invitations.push(Invitation { team: team.id, email, membership, expires });
    state.record(team.id, &caller.origin, "member:invite", metadata);
    Ok(StatusCode::OK)
}

/// An invitation as the API returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvitationResponse {
    email: String,
    expired: bool,
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
    let (team, now) = (caller.team(&state, team)?.id, state.now());
    let pending = state.topics.of::<Invitations>().0.clone();
    let items: Vec<InvitationResponse> = pending
        .into_iter()
        .filter(|invitation| invitation.team == team)
        .map(|Invitation { email, membership, expires, .. }| {
            let custom_roles = role::names(&mut state, &membership);
            InvitationResponse { email, expired: expires <= now, role: membership.role, custom_roles }
        })
        .collect();
    Ok(Json(json!({"items": items})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cancel {
    email: String,
}

pub(super) async fn cancel(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P }>,
    PathArg(team): PathArg<u64>,
    JsonBody(Cancel { email }): JsonBody<Cancel>,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let team = caller.team(&state, team)?.id;
    if take(&mut state, team, &email).is_none() {
        return Err(ApiError::not_found("InvitationNotFound", "the team has no invitation for this email"));
    }
    state.record(team, &caller.origin, "member:cancelInvitation", json!({"email": email}));
    Ok(StatusCode::OK)
}

fn take(state: &mut ControlPlane, team: u64, email: &str) -> Option<Invitation> {
    let Invitations(invitations) = state.topics.of();
    let position = invitations.iter().position(|invitation| invitation.is_for(team, email))?;
    Some(invitations.remove(position))
}

/// Lets a person accept an invitation that has not expired. Returns the id of the member.
pub(crate) fn accept(state: &mut ControlPlane, team: u64, email: &str) -> Option<u64> {
    let now = state.now();
    let Invitations(invitations) = state.topics.of();
    if !invitations.iter().any(|pending| pending.is_for(team, email) && pending.expires > now) {
        return None;
    }
    let Invitation { email, membership, .. } = take(state, team, email)?;
    let known = state.teams.members.values().find(|member| member.email.eq_ignore_ascii_case(&email));
    let id = match known {
        Some(member) => member.id,
        None => {
            let id = state.next_id();
            state.teams.members.insert(id, Member { id, name: None, email });
            id
        }
    };
    state.teams.teams.get_mut(&team)?.members.insert(id, membership);
    let actor = json!({"kind": "member", "member_id": id});
    let origin = Origin { actor, client_ip: None, user_agent: None };
    state.record(team, &origin, "team:join", json!({"memberId": id}));
    Some(id)
}
