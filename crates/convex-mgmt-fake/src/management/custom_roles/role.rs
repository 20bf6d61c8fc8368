//! [`CustomRoles`]: the custom roles of all teams.

use std::collections::BTreeMap;
use std::time::Duration;

use super::statement::Statement;
use crate::api::ApiError;

/// A custom role of a team.
#[derive(Clone, Debug)]
pub(super) struct CustomRole {
    pub(super) id: u64,
    pub(super) team: u64,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) statements: Vec<Statement>,
    pub(super) creator: u64,
    pub(super) created: Duration,
}

/// The custom roles of all teams, by id.
#[derive(Debug, Default)]
pub(crate) struct CustomRoles(pub(super) BTreeMap<u64, CustomRole>);

/// Inferred: the code.
pub(super) fn not_found() -> ApiError {
    ApiError::not_found("CustomRoleNotFound", "the team has no such custom role")
}

impl CustomRoles {
    /// The custom roles of a team, in the order of their creation.
    pub(super) fn of_team(&self, team: u64) -> impl DoubleEndedIterator<Item = &CustomRole> {
        self.0.values().filter(move |role| role.team == team)
    }

    /// Finds a custom role of a team.
    pub(super) fn of_team_by_id(&mut self, team: u64, id: u64) -> Result<&mut CustomRole, ApiError> {
        self.0.get_mut(&id).filter(|role| role.team == team).ok_or_else(not_found)
    }

    /// Fails unless the team has all of these custom roles.
    pub(crate) fn check(&self, team: u64, ids: &[u64]) -> Result<(), ApiError> {
        let exists = |id: &u64| self.of_team(team).any(|role| role.id == *id);
        if ids.iter().all(exists) { Ok(()) } else { Err(not_found()) }
    }

    /// Returns the ids and names of those of these custom roles that exist.
    pub(crate) fn names(&self, ids: &[u64]) -> Vec<(u64, String)> {
        ids.iter().filter_map(|id| self.0.get(id)).map(|role| (role.id, role.name.clone())).collect()
    }
}
