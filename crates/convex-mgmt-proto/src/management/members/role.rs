//! The roles of members: [`Role`], and [`RoleAssignment`], the permissions to assign to a member.

use serde::Deserialize;

use crate::error::{Violation, Violations};
use crate::types::open::open_enum;
use crate::types::{CustomRoleId, Text};

open_enum! {
    /// The role of a member in a team.
    pub enum Role {
        /// A member who may do everything.
        Admin = "admin",
        /// A member without the rights to manage the team.
        Developer = "developer",
        /// A member whose permissions come from custom roles.
        Custom = "custom",
    }
}

/// A custom role of a member or of an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct MemberCustomRole {
    /// The id of the role.
    pub id: CustomRoleId,
    /// The name of the role.
    pub name: Text,
}

/// The permissions to assign to a member: a built-in role, or custom roles. A member never has both.
///
/// ```
/// use convex_mgmt::CustomRoleId;
/// use convex_mgmt::management::members::{Role, RoleAssignment};
///
/// let built_in = RoleAssignment::from(Role::Developer);
/// let custom = RoleAssignment::custom([CustomRoleId(7)]);
/// assert_ne!(built_in, custom);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoleAssignment {
    /// A built-in role: any but [`Role::Custom`].
    BuiltIn(Role),
    /// At least one custom role.
    Custom(Vec<CustomRoleId>),
}

impl RoleAssignment {
    /// Assigns custom roles, at least one.
    pub fn custom(roles: impl IntoIterator<Item = CustomRoleId>) -> Self {
        Self::Custom(roles.into_iter().collect())
    }

    pub(super) fn check(&self) -> Result<(), Violations> {
        let violation = match self {
            Self::BuiltIn(Role::Custom) => {
                Some(Violation::new("role", None, "must be a built-in role: assign the custom roles by their ids"))
            }
            Self::Custom(roles) if roles.is_empty() => {
                Some(Violation::new("customRoles", None, "must have at least one custom role"))
            }
            _ => None,
        };
        Violations::err_if_any(violation.into_iter().collect())
    }

    /// Returns the custom roles, if the member gets some.
    pub(super) fn custom_roles(&self) -> Option<&[CustomRoleId]> {
        match self {
            Self::BuiltIn(_) => None,
            Self::Custom(roles) => Some(roles),
        }
    }
}

impl From<Role> for RoleAssignment {
    fn from(role: Role) -> Self {
        Self::BuiltIn(role)
    }
}
