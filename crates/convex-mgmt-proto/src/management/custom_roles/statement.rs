//! [`RoleStatement`]: one rule of a custom role.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use super::actions::RoleAction;
use super::resource::RoleResource;
use crate::error::Violation;
use crate::types::open::{UnknownText, open_enum};

open_enum! {
    /// The effect of a statement.
    pub enum RoleEffect {
        /// The statement allows the actions.
        Allow = "allow",
        /// The statement denies the actions, even if another statement of the role allows them.
        Deny = "deny",
    }
}

/// The actions of a statement: all, or a list.
///
/// A text that this version of the library does not know is kept, and sent as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoleActions {
    /// All actions on the resources, including future ones: `*` on the wire.
    All,
    /// These actions.
    Only(Vec<RoleAction>),
    #[doc(hidden)]
    _Unknown(UnknownText),
}

/// The text of [`RoleActions::All`].
const ALL: &str = "*";

impl RoleActions {
    /// Selects these actions.
    pub fn only(actions: impl IntoIterator<Item = RoleAction>) -> Self {
        Self::Only(actions.into_iter().collect())
    }
}

impl From<RoleAction> for RoleActions {
    fn from(action: RoleAction) -> Self {
        Self::only([action])
    }
}

impl<const N: usize> From<[RoleAction; N]> for RoleActions {
    fn from(actions: [RoleAction; N]) -> Self {
        Self::only(actions)
    }
}

impl Serialize for RoleActions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str(ALL),
            Self::Only(actions) => actions.serialize(serializer),
            Self::_Unknown(text) => serializer.serialize_str(text.as_str()),
        }
    }
}

impl<'de> Deserialize<'de> for RoleActions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Actions;

        impl<'de> de::Visitor<'de> for Actions {
            type Value = RoleActions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of actions")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RoleActions, E> {
                Ok(if text == ALL { RoleActions::All } else { RoleActions::_Unknown(UnknownText::new(text)) })
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<RoleActions, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(RoleActions::Only)
            }
        }

        deserializer.deserialize_any(Actions)
    }
}

/// A rule of a custom role: it allows or denies actions on resources.
///
/// The server rejects an action on a resource of another kind: `deployment:view` needs a [`RoleResource`] that ends with a
/// deployment. An action on tokens needs the tokens of the kind that it names. Source: convex-backend `crates/roles/src/types.rs`.
///
/// ```
/// use convex_mgmt::DeploymentType;
/// use convex_mgmt::management::custom_roles::resource::{DeploymentScope, ProjectScope};
/// use convex_mgmt::management::custom_roles::{RoleAction, RoleActions, RoleResource, RoleStatement};
///
/// let production = RoleResource::project(ProjectScope::slug("shop"))
///     .deployment(DeploymentScope::Type(DeploymentType::Prod));
/// let statement = RoleStatement::allow([RoleAction::DeploymentView, RoleAction::DeploymentLogsView], production);
/// assert_eq!(
///     serde_json::to_string(&statement)?,
///     r#"{"effect":"allow","actions":["deployment:view","deployment:logs:view"],"#.to_owned()
///         + r#""resource":"project:slug=shop:deployment:type=prod"}"#
/// );
///
/// // A text that the library does not know is sent as it is.
/// let statement = RoleStatement::deny(RoleActions::All, "project:*:deployment:*:component:path=cart");
/// assert!(!statement.resource.is_known());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct RoleStatement {
    /// The effect.
    pub effect: RoleEffect,
    /// The actions.
    pub actions: RoleActions,
    /// The resources.
    pub resource: RoleResource,
}

impl RoleStatement {
    /// Creates a statement.
    pub fn new(effect: RoleEffect, actions: impl Into<RoleActions>, resource: impl Into<RoleResource>) -> Self {
        Self { effect, actions: actions.into(), resource: resource.into() }
    }

    /// Allows actions.
    pub fn allow(actions: impl Into<RoleActions>, resource: impl Into<RoleResource>) -> Self {
        Self::new(RoleEffect::Allow, actions, resource)
    }

    /// Denies actions.
    pub fn deny(actions: impl Into<RoleActions>, resource: impl Into<RoleResource>) -> Self {
        Self::new(RoleEffect::Deny, actions, resource)
    }

    /// Returns the violations of the server's rules, in fields below `place`.
    pub(super) fn violations(&self, place: &str) -> Vec<Violation> {
        let listed = match &self.actions {
            RoleActions::Only(actions) if self.effect == RoleEffect::Allow => &actions[..],
            _ => &[],
        };
        let cannot_be_granted = listed.iter().enumerate().filter(|(_, action)| UNGRANTABLE.contains(&action.as_str()));
        let mut violations: Vec<_> = cannot_be_granted
            .map(|(index, _)| {
                let rule = "must not be an action that changes custom roles: no custom role can grant it";
                Violation::new(format!("{place}.actions[{index}]"), None, rule)
            })
            .collect();
        let rule = self.resource.broken_rule();
        violations.extend(rule.map(|rule| Violation::new(format!("{place}.resource"), None, rule)));
        violations
    }
}

/// The actions that no custom role can grant, so that its holder cannot extend it.
const UNGRANTABLE: [&str; 3] = ["customRole:create", "customRole:update", "customRole:delete"];
