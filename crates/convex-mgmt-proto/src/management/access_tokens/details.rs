//! The details of the client's own token.

use serde::Deserialize;

use crate::types::open::open_union;
use crate::types::{AccessTokenId, ProjectId, TeamId, Text, UnixMillis};

open_union! {
    /// The client's own token. The document has no variant for a personal access token, so its details may be of an unknown kind.
    pub enum TokenDetails by "type" {
        /// A token of a team: a team access token, or an OAuth application's token for a team.
        TeamToken(TeamTokenDetails) = "teamToken",
        /// A token of a project: an OAuth application's token for a project.
        ProjectToken(ProjectTokenDetails) = "projectToken",
    }
}

/// The details of a token of a team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TeamTokenDetails {
    /// The id of the token.
    pub id: AccessTokenId,
    /// The team that the token belongs to.
    pub team_id: TeamId,
    /// The name of the token.
    pub name: Text,
    /// The time when the token was created.
    pub create_time: UnixMillis,
}

/// The details of a token of a project.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProjectTokenDetails {
    /// The id of the token.
    pub id: AccessTokenId,
    /// The project that the token belongs to.
    pub project_id: ProjectId,
    /// The name of the token.
    pub name: Text,
    /// The time when the token was created.
    pub create_time: UnixMillis,
}

management_operation! {
    /// Reads the details of the client's own token: its name, and the team or project that it belongs to.
    ///
    /// A client that has only a team's token learns the id of the team from it.
    ///
    /// ```
    /// use convex_mgmt::management::GetTokenDetails;
    /// use convex_mgmt::management::access_tokens::TokenDetails;
    /// use convex_mgmt::{Operation, TeamId};
    ///
    /// let body = r#"{"type":"teamToken","id":7,"teamId":1,"name":"ci","createTime":1700000000000}"#;
    /// let TokenDetails::TeamToken(token) = GetTokenDetails::decode(&body.into())? else { panic!("another kind") };
    /// assert_eq!(token.team_id, TeamId(1));
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Copy, Debug, Default)]
    pub struct GetTokenDetails {}

    id: "get_token_details",
    request: GET "/token_details",
    response: object(TokenDetails),
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    codes: [],
}

impl GetTokenDetails {
    /// Creates the request. It has no parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

#[cfg(feature = "samples")]
mod samples {
    //! Sample requests and responses.

    use serde_json::{Value, json};

    use super::*;
    use crate::operation::sample::Sample;

    impl Sample for GetTokenDetails {
        fn requests() -> Vec<Self> {
            vec![Self::new()]
        }

        fn responses() -> Vec<Value> {
            vec![
                json!({ "type": "teamToken", "id": 7, "teamId": 1, "name": "n", "createTime": 1 }),
                json!({ "type": "projectToken", "id": 7, "projectId": 2, "name": "n", "createTime": 1 }),
            ]
        }
    }
}
