//! [`ListTeamMembers`] and [`UpdateTeamMemberRole`]: the members of a team and their roles.

use serde::{Deserialize, Serialize};

use super::role::{MemberCustomRole, Role, RoleAssignment};
use crate::types::{CustomRoleId, MemberId, TeamId, Text};

/// A member of a team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TeamMember {
    /// The id of the member.
    pub id: MemberId,
    /// The name of the member, if the member has set one.
    pub name: Option<Text>,
    /// The email address of the member.
    pub email: Text,
    /// The role of the member.
    pub role: Role,
    /// The custom roles of the member. Present exactly if the role is [`Role::Custom`].
    pub custom_roles: Option<Vec<MemberCustomRole>>,
}

management_operation! {
    /// Lists the members of a team.
    ///
    /// ```
    /// use convex_mgmt::management::ListTeamMembers;
    /// use convex_mgmt::management::members::Role;
    /// use convex_mgmt::Operation;
    ///
    /// let body = r#"{"items":[{"id":7,"email":"a@example.com","role":"admin"}]}"#;
    /// let members = ListTeamMembers::decode(&body.into())?;
    /// assert_eq!(members[0].role, Role::Admin);
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ListTeamMembers {
        /// The team.
        pub team_id: TeamId,
    }

    id: "list_team_members",
    request: GET "/teams/{team_id}/list_members",
    path: [team_id],
    response: field("items", Vec<TeamMember>),
    idempotency: Safe,
    credentials: [PersonalToken],
    codes: [TeamNotFound],
}

impl ListTeamMembers {
    /// Lists the members of the team `team_id`.
    pub fn new(team_id: TeamId) -> Self {
        Self { team_id }
    }
}

management_operation! {
    /// Sets the role of a team member: a built-in role, which replaces custom roles, or custom roles, which replace all others.
    ///
    /// ```
    /// use convex_mgmt::management::UpdateTeamMemberRole;
    /// use convex_mgmt::management::members::{Role, RoleAssignment};
    /// use convex_mgmt::{CustomRoleId, MemberId, Operation, TeamId};
    ///
    /// # let token = convex_mgmt::AccessToken::parse("made-up")?;
    /// # let endpoint = convex_mgmt::Endpoint::new("https://api.convex.dev", &token)?;
    /// let request = UpdateTeamMemberRole::new(TeamId(1), MemberId(2), Role::Admin).to_request(&endpoint)?;
    /// assert_eq!(request.body(), r#"{"memberId":2,"role":"admin"}"#);
    /// let custom = RoleAssignment::custom([CustomRoleId(7)]);
    /// let request = UpdateTeamMemberRole::new(TeamId(1), MemberId(2), custom).to_request(&endpoint)?;
    /// assert_eq!(request.body(), r#"{"memberId":2,"customRoles":[7]}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct UpdateTeamMemberRole {
        /// The team.
        pub team_id: TeamId,
        /// The member.
        pub member_id: MemberId,
        /// The new permissions of the member.
        pub role: RoleAssignment,
    }

    id: "update_team_member_role",
    request: POST "/teams/{team_id}/update_team_member_role",
    path: [team_id],
    body: |it| &RoleUpdate::of(it),
    response: empty(),
    idempotency: Idempotent,
    credentials: [PersonalToken],
    verify_with: ListTeamMembers,
    codes: [TeamNotFound],
    check: |it| it.role.check(),
}

impl UpdateTeamMemberRole {
    /// Sets the role of the member `member_id` of the team `team_id`.
    pub fn new(team_id: TeamId, member_id: MemberId, role: impl Into<RoleAssignment>) -> Self {
        Self { team_id, member_id, role: role.into() }
    }
}

/// The body of [`UpdateTeamMemberRole`]. It has a role or custom roles, and never both.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoleUpdate<'a> {
    member_id: MemberId,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_roles: Option<&'a [CustomRoleId]>,
}

impl<'a> RoleUpdate<'a> {
    fn of(update: &'a UpdateTeamMemberRole) -> Self {
        let role = match &update.role {
            RoleAssignment::BuiltIn(role) => Some(role),
            RoleAssignment::Custom(_) => None,
        };
        Self { member_id: update.member_id, role, custom_roles: update.role.custom_roles() }
    }
}
