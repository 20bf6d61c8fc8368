//! [`CreateCustomRole`] and [`UpdateCustomRole`]: a custom role with its statements.

use serde::Serialize;

use super::list::{CustomRole, ListCustomRoles};
use super::statement::RoleStatement;
use crate::error::Violations;
use crate::types::{CustomRoleId, TeamId};

/// The settings of a custom role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Deserialize))]
#[non_exhaustive]
pub struct CustomRoleConfig {
    /// The name of the role.
    pub name: String,
    /// The description of the role. `None` is no description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The rules of the role.
    pub statements: Vec<RoleStatement>,
}

impl CustomRoleConfig {
    /// Creates the settings, without a description.
    pub fn new(name: impl Into<String>, statements: impl IntoIterator<Item = RoleStatement>) -> Self {
        Self { name: name.into(), description: None, statements: statements.into_iter().collect() }
    }

    /// Sets the description.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Checks the statements.
    ///
    /// # Errors
    /// All values that the server would reject. [`CreateCustomRole`] and [`UpdateCustomRole`] fail to build with these, too.
    pub fn check(&self) -> Result<(), Violations> {
        let statements = self.statements.iter().enumerate();
        let violations = statements.flat_map(|(index, one)| one.violations(&format!("statements[{index}]")));
        Violations::err_if_any(violations.collect())
    }
}

management_operation! {
    /// Creates a custom role.
    ///
    /// ```
    /// use convex_mgmt::management::CreateCustomRole;
    /// use convex_mgmt::management::custom_roles::{CustomRoleConfig, RoleAction, RoleResource, RoleStatement};
    /// use convex_mgmt::management::custom_roles::resource::ProjectSelector;
    /// use convex_mgmt::{Operation, TeamId};
    ///
    /// let all = RoleStatement::allow(RoleAction::ProjectView, RoleResource::project(ProjectSelector::Any));
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
    codes: [TeamNotFound, SSORequired],
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
    body: |it| &Update::of(it),
    response: object(CustomRole),
    idempotency: Idempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    verify_with: ListCustomRoles,
    codes: [TeamNotFound, SSORequired],
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

impl<'a> Update<'a> {
    fn of(update: &'a UpdateCustomRole) -> Self {
        Self { id: update.id, config: &update.config }
    }
}
