//! [`DeleteCustomRole`].

use serde::Serialize;

use super::list::ListCustomRoles;
use crate::types::{CustomRoleId, TeamId};

management_operation! {
    /// Deletes a custom role.
    ///
    /// The server rejects the call with [`CustomRoleInUse`](crate::ErrorCode::CustomRoleInUse) while a member of the team has the
    /// role. Give these members another role first: [`UpdateTeamMemberRole`](crate::management::UpdateTeamMemberRole).
    ///
    /// ```
    /// use convex_mgmt::management::DeleteCustomRole;
    /// use convex_mgmt::{CustomRoleId, Operation, TeamId};
    ///
    /// # let token = convex_mgmt::AccessToken::parse("made-up")?;
    /// # let endpoint = convex_mgmt::Endpoint::new("https://api.convex.dev", &token)?;
    /// let request = DeleteCustomRole::new(TeamId(1), CustomRoleId(7)).to_request(&endpoint)?;
    /// assert_eq!(request.body(), r#"{"id":7}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DeleteCustomRole {
        /// The team.
        pub team_id: TeamId,
        /// The role to delete.
        pub id: CustomRoleId,
    }

    id: "delete_custom_role",
    request: POST "/teams/{team_id}/delete_custom_role",
    path: [team_id],
    body: |it| &Deletion { id: it.id },
    response: empty(),
    idempotency: Idempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    verify_with: ListCustomRoles,
    destroys: "the custom role with its statements",
    codes: [TeamNotFound, CustomRoleInUse],
}

impl DeleteCustomRole {
    /// Deletes the custom role `id` of the team `team_id`.
    pub fn new(team_id: TeamId, id: CustomRoleId) -> Self {
        Self { team_id, id }
    }
}

/// The body of [`DeleteCustomRole`].
#[derive(Serialize)]
struct Deletion {
    id: CustomRoleId,
}
