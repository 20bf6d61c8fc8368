//! The roles of members and invitations: a built-in role, or custom roles. Inferred: the code of the errors.

use serde::Serialize;

use crate::api::ApiError;
use crate::management::custom_roles::CustomRoles;
use crate::management::state::{ControlPlane, Membership, Role};

fn invalid(message: &str) -> ApiError {
    ApiError::bad_request("InvalidRole", message)
}

/// A built-in role.
pub(super) fn built_in(role: Role) -> Result<Membership, ApiError> {
    match role {
        Role::Custom => Err(invalid("the role 'custom' needs custom roles")),
        role => Ok(Membership { role, custom_roles: Vec::new() }),
    }
}

/// A list of custom roles of a team.
pub(super) fn custom(state: &mut ControlPlane, team: u64, mut ids: Vec<u64>) -> Result<Membership, ApiError> {
    if ids.is_empty() {
        return Err(invalid("the list of custom roles is empty"));
    }
    state.topics.of::<CustomRoles>().check(team, &ids)?;
    ids.sort_unstable();
    ids.dedup();
    Ok(Membership { role: Role::Custom, custom_roles: ids })
}

pub(super) fn both() -> ApiError {
    invalid("custom roles exclude a built-in role")
}

pub(super) fn neither() -> ApiError {
    invalid("a role or custom roles are missing")
}

/// A custom role as members and invitations show it.
#[derive(Serialize)]
pub(super) struct RoleName {
    id: u64,
    name: String,
}

/// The custom roles of a member or invitation, if it has the role `custom`.
pub(super) fn names(state: &mut ControlPlane, membership: &Membership) -> Option<Vec<RoleName>> {
    let names = || state.topics.of::<CustomRoles>().names(&membership.custom_roles);
    let shown = (membership.role == Role::Custom).then(names)?;
    Some(shown.into_iter().map(|(id, name)| RoleName { id, name }).collect())
}
