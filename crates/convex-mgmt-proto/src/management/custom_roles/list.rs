//! [`ListCustomRoles`]: the custom roles of a team.

use serde::Deserialize;

use super::config::CustomRoleConfig;
use super::statement::RoleStatement;
use crate::error::Violations;
use crate::operation::paging;
use crate::types::{CustomRoleId, MemberId, TeamId, Text, UnixMillis};

/// A custom role.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CustomRole {
    /// The id of the role.
    pub id: CustomRoleId,
    /// The team that the role belongs to.
    pub team_id: TeamId,
    /// The name of the role.
    pub name: Text,
    /// The description of the role, if it has one.
    pub description: Option<Text>,
    /// The rules of the role.
    pub statements: Vec<RoleStatement>,
    /// The member who created the role, if the server knows it.
    pub creator: Option<MemberId>,
    /// The time when the role was created.
    pub create_time: UnixMillis,
}

impl CustomRole {
    /// Returns the settings of the role, for an [`UpdateCustomRole`](super::UpdateCustomRole). Values that this version of the
    /// library does not know are sent as they were read.
    pub fn config(&self) -> CustomRoleConfig {
        let config = CustomRoleConfig::new(&self.name, self.statements.iter().cloned());
        CustomRoleConfig { description: self.description.as_ref().map(String::from), ..config }
    }
}

management_operation! {
    /// Lists the custom roles of a team, in pages. A [`Pager`](crate::Pager) walks the pages.
    ///
    /// ```
    /// use convex_mgmt::management::ListCustomRoles;
    /// use convex_mgmt::{Operation, TeamId};
    ///
    /// assert!(ListCustomRoles::new(TeamId(1)).limit(100).check().is_ok());
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ListCustomRoles {
        /// The team.
        pub team_id: TeamId,
        /// The maximum number of roles in a page, from 1 to 100. The server defaults to 100.
        pub limit: Option<u32>,
        /// The cursor of the page. `None` is the first page.
        pub cursor: Option<String>,
    }

    id: "list_custom_roles",
    request: GET "/teams/{team_id}/list_custom_roles",
    path: [team_id],
    query: [limit, cursor],
    response: page("items", CustomRole),
    paging: Query,
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    codes: [TeamNotFound, LimitOutOfRange, InvalidCursor],
    check: |it| Violations::err_if_any(paging::violations(it.limit, it.cursor.as_deref()).collect()),
}

impl ListCustomRoles {
    /// Lists the custom roles of the team `team_id`.
    pub fn new(team_id: TeamId) -> Self {
        Self { team_id, limit: None, cursor: None }
    }

    /// Sets the maximum number of roles in a page, from 1 to 100. It may differ between pages.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets the cursor of the page.
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }
}
