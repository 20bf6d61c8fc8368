//! The slugs of projects. Inferred: the codes.

use crate::api::ApiError;
use crate::management::api;
use crate::management::state::ControlPlane;

/// Returns a slug for a name that no other project of the team has.
pub(super) fn new_slug(state: &ControlPlane, team: u64, name: &str) -> String {
    api::new_slug(name, "project", |slug| is_taken(state, team, slug, None))
}

/// Checks a slug for a project.
pub(super) fn check_slug(state: &ControlPlane, team: u64, slug: &str, project: u64) -> Result<(), ApiError> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !(3..=64).contains(&slug.len()) || !slug.bytes().all(is_word) {
        return Err(ApiError::bad_request("InvalidSlug", "a slug has 3 to 64 letters, digits, '_' and '-'"));
    }
    if is_taken(state, team, slug, Some(project)) {
        return Err(ApiError::bad_request("InvalidSlug", "another project of the team has this slug"));
    }
    Ok(())
}

fn is_taken(state: &ControlPlane, team: u64, slug: &str, except: Option<u64>) -> bool {
    let mut of_team = state.projects.iter().filter(|project| project.team == team);
    of_team.any(|project| project.slug == slug && Some(project.id) != except)
}
