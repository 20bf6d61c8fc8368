//! [`CreateCustomRole`] and [`UpdateCustomRole`]: a custom role with its statements.

use serde::Serialize;

use super::config::CustomRoleConfig;
use super::list::{CustomRole, ListCustomRoles};
use crate::types::{CustomRoleId, TeamId};

management_operation! {
    /// Creates a custom role.
    ///
    /// ```
    /// use convex_mgmt::management::CreateCustomRole;
    /// use convex_mgmt::management::custom_roles::{CustomRoleConfig, RoleAction, RoleResource, RoleStatement};
    /// use convex_mgmt::management::custom_roles::resource::ProjectScope;
    /// use convex_mgmt::{Operation, TeamId};
    ///
    /// let all = RoleStatement::allow(RoleAction::ProjectView, RoleResource::project(ProjectScope::Any));
    /// let role = CustomRoleConfig::new("Reader", [all]).description("Sees all projects.");
    /// assert!(CreateCustomRole::new(TeamId(1), role).check().is_ok());
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CreateCustomRole {
        /// The team.
        pub team_id: TeamId,
        /// The settings of the role.
        pub config: CustomRoleConfig,
    }

    id: "create_custom_role",
    request: POST "/teams/{team_id}/create_custom_role",
    path: [team_id],
    body: |it| &it.config,
    response: object(CustomRole),
    idempotency: NonIdempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    verify_with: ListCustomRoles,
    codes: [TeamNotFound],
    check: |it| it.config.check(),
}

impl CreateCustomRole {
    /// Creates a custom role with these settings in the team `team_id`.
    pub fn new(team_id: TeamId, config: CustomRoleConfig) -> Self {
        Self { team_id, config }
    }
}

management_operation! {
    /// Replaces the name, the description and all statements of a custom role. [`CustomRole::config`] returns the current ones.
    ///
    /// Inferred: a role loses its description if the request has none.
    ///
    /// ```
    /// use convex_mgmt::management::UpdateCustomRole;
    /// use convex_mgmt::management::custom_roles::{CustomRole, RoleStatement};
    ///
    /// fn with(role: &CustomRole, statement: RoleStatement) -> UpdateCustomRole {
    ///     let mut config = role.config();
    ///     config.statements.push(statement);
    ///     UpdateCustomRole::new(role.team_id, role.id, config)
    /// }
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct UpdateCustomRole {
        /// The team.
        pub team_id: TeamId,
        /// The role to replace.
        pub id: CustomRoleId,
        /// The new settings.
        pub config: CustomRoleConfig,
    }

    id: "update_custom_role",
    request: POST "/teams/{team_id}/update_custom_role",
    path: [team_id],
    body: |it| &Update { id: it.id, config: &it.config },
    response: object(CustomRole),
    idempotency: Idempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    verify_with: ListCustomRoles,
    codes: [TeamNotFound],
    check: |it| it.config.check(),
}

impl UpdateCustomRole {
    /// Replaces the settings of the custom role `id` of the team `team_id`.
    pub fn new(team_id: TeamId, id: CustomRoleId, config: CustomRoleConfig) -> Self {
        Self { team_id, id, config }
    }
}

/// The body of [`UpdateCustomRole`].
#[derive(Serialize)]
struct Update<'a> {
    id: CustomRoleId,
    #[serde(flatten)]
    config: &'a CustomRoleConfig,
}
