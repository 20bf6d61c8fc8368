//! [`InviteTeamMember`], [`ListPendingTeamInvites`] and [`CancelTeamMemberInvite`]: the invitations to a team.

use serde::{Deserialize, Serialize};

use super::role::{MemberCustomRole, Role, RoleAssignment};
use crate::types::{CustomRoleId, TeamId, Text};

/// An invitation to a team that is not accepted yet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TeamInvite {
    /// The email address of the invited person.
    pub email: Text,
    /// `true` if the invitation has expired.
    pub expired: bool,
    /// The role that the person gets.
    pub role: Role,
    /// The custom roles that the person gets. Present exactly if the role is [`Role::Custom`].
    pub custom_roles: Option<Vec<MemberCustomRole>>,
}

management_operation! {
    /// Lists the invitations to a team that are not accepted yet, including expired ones.
    ///
    /// ```
    /// use convex_mgmt::management::ListPendingTeamInvites;
    /// use convex_mgmt::Operation;
    ///
    /// let body = r#"{"items":[{"email":"a@example.com","expired":true,"role":"developer"}]}"#;
    /// assert!(ListPendingTeamInvites::decode(&body.into())?[0].expired);
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ListPendingTeamInvites {
        /// The team.
        pub team_id: TeamId,
    }

    id: "list_pending_team_invites",
    request: GET "/teams/{team_id}/list_pending_invites",
    path: [team_id],
    response: field("items", Vec<TeamInvite>),
    idempotency: Safe,
    credentials: [PersonalToken],
    codes: [TeamNotFound],
}

impl ListPendingTeamInvites {
    /// Lists the pending invitations to the team `team_id`.
    pub fn new(team_id: TeamId) -> Self {
        Self { team_id }
    }
}

management_operation! {
    /// Invites a person to a team by email.
    ///
    /// ```
    /// use convex_mgmt::management::InviteTeamMember;
    /// use convex_mgmt::management::members::{Role, RoleAssignment};
    /// use convex_mgmt::{CustomRoleId, Operation, TeamId};
    ///
    /// let invite = |role: RoleAssignment| InviteTeamMember::new(TeamId(1), "a@example.com", role);
    /// assert!(invite(Role::Developer.into()).check().is_ok());
    /// assert!(invite(RoleAssignment::custom([CustomRoleId(7)])).check().is_ok());
    /// assert!(invite(RoleAssignment::custom([])).check().is_err());
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct InviteTeamMember {
        /// The team.
        pub team_id: TeamId,
        /// The email address of the person.
        pub email: String,
        /// The permissions that the person gets.
        pub role: RoleAssignment,
    }

    id: "invite_team_member",
    request: POST "/teams/{team_id}/invite_team_member",
    path: [team_id],
    body: |it| &Invitation::of(it),
    response: empty(),
    idempotency: NonIdempotent,
    credentials: [PersonalToken],
    verify_with: ListPendingTeamInvites,
    codes: [TeamNotFound, EmailAlreadyExists],
    check: |it| it.role.check(),
}

impl InviteTeamMember {
    /// Invites the person with this email address to the team `team_id`.
    pub fn new(team_id: TeamId, email: impl Into<String>, role: impl Into<RoleAssignment>) -> Self {
        Self { team_id, email: email.into(), role: role.into() }
    }
}

/// The body of [`InviteTeamMember`]. The role is required, and `custom` if there are custom roles.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invitation<'a> {
    email: &'a str,
    role: &'a Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_roles: Option<&'a [CustomRoleId]>,
}

impl<'a> Invitation<'a> {
    fn of(invite: &'a InviteTeamMember) -> Self {
        let role = match &invite.role {
            RoleAssignment::BuiltIn(role) => role,
            RoleAssignment::Custom(_) => &Role::Custom,
        };
        Self { email: &invite.email, role, custom_roles: invite.role.custom_roles() }
    }
}

management_operation! {
    /// Cancels a pending invitation to a team.
    ///
    /// ```
    /// use convex_mgmt::management::CancelTeamMemberInvite;
    /// use convex_mgmt::{Operation, TeamId};
    ///
    /// # let token = convex_mgmt::AccessToken::parse("made-up")?;
    /// # let endpoint = convex_mgmt::Endpoint::new("https://api.convex.dev", &token)?;
    /// let request = CancelTeamMemberInvite::new(TeamId(1), "a@example.com").to_request(&endpoint)?;
    /// assert_eq!(request.body(), r#"{"email":"a@example.com"}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CancelTeamMemberInvite {
        /// The team.
        pub team_id: TeamId,
        /// The email address of the invited person.
        pub email: String,
    }

    id: "cancel_team_member_invite",
    request: POST "/teams/{team_id}/cancel_team_member_invite",
    path: [team_id],
    body: |it| &Cancellation { email: &it.email },
    response: empty(),
    idempotency: Idempotent,
    credentials: [PersonalToken],
    verify_with: ListPendingTeamInvites,
    codes: [TeamNotFound],
}

impl CancelTeamMemberInvite {
    /// Cancels the invitation of this email address to the team `team_id`.
    pub fn new(team_id: TeamId, email: impl Into<String>) -> Self {
        Self { team_id, email: email.into() }
    }
}

/// The body of [`CancelTeamMemberInvite`].
#[derive(Serialize)]
struct Cancellation<'a> {
    email: &'a str,
}
