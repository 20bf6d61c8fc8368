//! The statements of custom roles.

use serde::{Deserialize, Serialize};

use super::actions::ACTIONS;
use crate::api::ApiError;

/// A rule of a custom role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Statement {
    effect: Effect,
    actions: Actions,
    /// Kept as text.
    resource: String,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Effect {
    Allow,
    Deny,
}

/// All actions, or a list of actions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Actions {
    All(Wildcard),
    Only(Vec<Action>),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Wildcard {
    #[serde(rename = "*")]
    All,
}

/// An action that the document names.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
struct Action(String);

impl TryFrom<String> for Action {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match ACTIONS.contains(&text.as_str()) {
            true => Ok(Self(text)),
            false => Err(format!("unknown action '{text}'")),
        }
    }
}

impl Statement {
    /// Checks the form of the resource: pairs of a kind and its selectors, such as `project:*:deployment:type=prod`. Kinds and
    /// selectors may be unknown. Inferred: the code.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        let parts: Vec<&str> = self.resource.split(':').collect();
        if parts.len().is_multiple_of(2) && parts.iter().all(|part| !part.trim().is_empty()) {
            return Ok(());
        }
        let message = format!("the resource '{}' is not a list of kinds with selectors", self.resource);
        Err(ApiError::bad_request("InvalidRoleStatement", message))
    }
}
