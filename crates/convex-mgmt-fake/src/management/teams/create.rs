//! The creation of teams. Inferred: the errors.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{ApiError, JsonBody};
use crate::management::api::{self, Caller, P};
use crate::management::state::{ControlPlane, Membership, Plane, Region, Role, Team};

/// Unknown fields are ignored, as the document says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewTeam {
    default_region: Region,
    name: String,
}

/// A team as the API returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TeamResponse {
    id: u64,
    name: String,
    slug: String,
    creator: Option<u64>,
    suspended: bool,
    referral_code: String,
    referred_by: Option<u64>,
    managed_by: Option<Value>,
    default_region: Option<Region>,
    sso_login_id: Option<String>,
    managed_by_url: Option<String>,
}

impl From<Team> for TeamResponse {
    fn from(team: Team) -> Self {
        let Team { id, name, slug, creator, default_region, .. } = team;
        Self {
            id,
            name,
            slug,
            creator,
            suspended: false,
            referral_code: format!("REFERRAL{id}"),
            referred_by: None,
            managed_by: None,
            default_region,
            sso_login_id: None,
            managed_by_url: None,
        }
    }
}

/// Returns a slug for a team that no other team has. Fails if the name is not fit for a slug.
fn new_slug(state: &ControlPlane, name: &str) -> Result<String, ApiError> {
    let error = |message: &str| Err(ApiError::bad_request("InvalidTeamName", message));
    if name.trim().is_empty() {
        return error("the name of the team is empty");
    }
    let slug = api::new_slug(name, "team", |slug| state.teams.teams.values().any(|team| team.slug == slug));
    if slug.contains("convex") { error("a team must not have 'convex' in its slug") } else { Ok(slug) }
}

/// Creates a team with the caller as its admin. The document lists no class of tokens for this operation, and a 403. Inferred:
/// a personal access token can create teams, and the 403 is for other tokens.
pub(super) async fn create(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P }>,
    JsonBody(NewTeam { default_region, name }): JsonBody<NewTeam>,
) -> Result<(StatusCode, Json<TeamResponse>), ApiError> {
    let mut state = plane.state();
    let slug = new_slug(&state, &name)?;
    let (id, creator) = (state.next_id(), caller.token.member);
    let members = BTreeMap::from([(creator, Membership { role: Role::Admin, custom_roles: Vec::new() })]);
    let team = Team { id, name, slug, creator: Some(creator), default_region: Some(default_region), members };
    state.teams.teams.insert(id, team.clone());
    state.record(id, &caller.origin, "team:create", json!({"id": id, "name": team.name, "slug": team.slug}));
    Ok((StatusCode::CREATED, Json(team.into())))
}
