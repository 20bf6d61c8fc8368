//! Team access tokens: listing, creating and deleting the tokens of a team that the calling member created.

use serde::{Deserialize, Serialize};

use super::selector::TokenSelector;
use crate::auth::{AccessToken, CredentialError};
use crate::error::Violations;
use crate::operation::expiry;
use crate::operation::paging;
use crate::types::{AccessTokenId, MemberId, Secret, TeamId, Text, UnixMillis};

/// A team access token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TeamAccessToken {
    /// The id of the token.
    pub id: AccessTokenId,
    /// The name of the token.
    pub name: Text,
    /// The time when the token was created.
    pub creation_time: UnixMillis,
    /// The time when the token was last used. `None` if it was never used.
    pub last_used_time: Option<UnixMillis>,
    /// The time when the token expires. `None` if it never expires.
    pub expires_at: Option<UnixMillis>,
    /// The member who created the token, if the server knows it.
    pub creator: Option<MemberId>,
}

management_operation! {
    /// Lists the access tokens of a team that the calling member created, in pages. The tokens of other members are not in the list.
    ///
    /// A [`Pager`](crate::Pager) walks the pages.
    ///
    /// ```
    /// use convex_mgmt::management::ListTeamAccessTokens;
    /// use convex_mgmt::{Operation, TeamId};
    ///
    /// let operation = ListTeamAccessTokens::new(TeamId(7)).limit(100);
    /// assert!(operation.check().is_ok());
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ListTeamAccessTokens {
        /// The team.
        pub team_id: TeamId,
        /// The maximum number of tokens in a page, from 1 to 100. The server defaults to 10.
        pub limit: Option<u32>,
        /// The cursor of the page. `None` is the first page.
        pub cursor: Option<String>,
    }

    id: "list_team_access_tokens",
    request: GET "/teams/{team_id}/list_access_tokens",
    path: [team_id],
    query: [limit, cursor],
    response: page("items", TeamAccessToken),
    paging: Query,
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    codes: [TeamNotFound, LimitOutOfRange, InvalidCursor],
    check: |it| Violations::err_if_any(paging::violations(it.limit, it.cursor.as_deref()).collect()),
}

impl ListTeamAccessTokens {
    /// Requests the first page for the team `team_id`.
    pub fn new(team_id: TeamId) -> Self {
        Self { team_id, limit: None, cursor: None }
    }

    /// Sets the maximum number of tokens in a page, from 1 to 100.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets the cursor of the page to request.
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }
}

/// The body of [`CreateTeamAccessToken`]. The document has the same fields.
#[derive(Serialize)]
#[cfg_attr(all(feature = "samples", feature = "serde-all"), derive(Default, Deserialize))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewToken<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<std::borrow::Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<UnixMillis>,
}

management_operation! {
    /// Creates an access token of a team, and returns it. It is not returned again. The token acts for the member who created it.
    ///
    /// A request without a name and an expiry sends `{}`. The document also allows no body and `null`, with the same meaning.
    ///
    /// If the outcome is unknown, list the tokens. A token whose secret is lost can be deleted by its name.
    ///
    /// ```
    /// use convex_mgmt::management::CreateTeamAccessToken;
    /// use convex_mgmt::proto::AccessTokenKind;
    /// use convex_mgmt::{Operation, TeamId};
    ///
    /// let create = CreateTeamAccessToken::new(TeamId(7)).name("ci");
    /// assert!(create.check().is_ok());
    ///
    /// let created = CreateTeamAccessToken::decode(&r#"{"accessToken":"made-up","tokenType":"bearer"}"#.into())?;
    /// assert_eq!(created.access_token.expose(), "made-up");
    /// assert_eq!(created.credential()?.kind(), AccessTokenKind::Team);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CreateTeamAccessToken {
        /// The team.
        pub team_id: TeamId,
        /// The name of the token. `None` leaves it to the server.
        pub name: Option<String>,
        /// The time when the token expires, at least 30 minutes ahead. `None` never expires.
        pub expires_at: Option<UnixMillis>,
    }

    id: "create_team_access_token",
    request: POST "/teams/{team_id}/create_access_token",
    path: [team_id],
    body: |it| &NewToken { name: it.name.as_deref().map(Into::into), expires_at: it.expires_at },
    response: object(CreatedTeamAccessToken),
    idempotency: NonIdempotent,
    credentials: [PersonalToken, OAuthTeamToken],
    verify_with: ListTeamAccessTokens,
    flags: [secret_response],
    codes: [TeamNotFound],
}

impl CreateTeamAccessToken {
    /// Creates a token of the team `team_id` without a name that never expires.
    pub fn new(team_id: TeamId) -> Self {
        Self { team_id, name: None, expires_at: None }
    }

    /// Sets the name of the token.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the time when the token expires, at least 30 minutes ahead. The Convex command line tool allows at most a year.
    pub fn expires_at(mut self, expires_at: UnixMillis) -> Self {
        self.expires_at = Some(expires_at);
        self
    }

    /// Checks the rules of [`Operation::check`](crate::Operation::check), and the rules that depend on the current time.
    ///
    /// # Errors
    /// All violations.
    pub fn check_at(&self, now: UnixMillis) -> Result<(), Violations> {
        expiry::check_at(self, "expiresAt", self.expires_at, now)
    }
}

/// A new team access token. It is not returned again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedTeamAccessToken {
    /// The token, as the server returned it.
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "crate::types::secret::exposed"))]
    pub access_token: Secret,
    /// The type of the token, in the sense of OAuth. Inferred: it is `bearer`.
    pub token_type: Text,
}

impl CreatedTeamAccessToken {
    /// Creates the value.
    pub fn new(access_token: impl Into<Secret>, token_type: impl Into<Text>) -> Self {
        Self { access_token: access_token.into(), token_type: token_type.into() }
    }

    /// Returns the token as a credential.
    ///
    /// # Errors
    /// A [`CredentialError`] if the text is not an access token. The text is still in `access_token`.
    pub fn credential(&self) -> Result<AccessToken, CredentialError> {
        let token = AccessToken::parse(self.access_token.expose())?;
        // Inferred: for an OAuth application the token may have the application's prefix, as its deploy keys do.
        if token.team_slug().is_some() { Ok(token) } else { AccessToken::team(self.access_token.expose()) }
    }
}

management_operation! {
    /// Deletes an access token of a team, named by its secret or by its name.
    ///
    /// The client's own token is rejected before sending, because the client would lose its access. Send the operation
    /// [`unchecked`](crate::Operation::unchecked) to delete it nevertheless. A token that is selected by its name is not recognized.
    ///
    /// ```
    /// use convex_mgmt::TeamId;
    /// use convex_mgmt::management::DeleteTeamAccessToken;
    /// use convex_mgmt::management::access_tokens::TokenSelector;
    ///
    /// let delete = DeleteTeamAccessToken::new(TeamId(7), TokenSelector::by_name("ci"));
    /// assert_eq!(delete.token.name(), Some("ci"));
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DeleteTeamAccessToken {
        /// The team.
        pub team_id: TeamId,
        /// The token.
        pub token: TokenSelector,
    }

    id: "delete_team_access_token",
    request: POST "/teams/{team_id}/delete_access_token",
    path: [team_id],
    body: |it| &it.token.body(),
    response: empty(),
    idempotency: Idempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    verify_with: ListTeamAccessTokens,
    destroys: "the access token",
    flags: [secret_request],
    codes: [TeamNotFound],
    check: |it| it.token.check(),
    check_for: |it, endpoint| it.token.check_for(endpoint),
}

impl DeleteTeamAccessToken {
    /// Deletes this token of the team `team_id`.
    pub fn new(team_id: TeamId, token: TokenSelector) -> Self {
        Self { team_id, token }
    }
}

#[cfg(feature = "samples")]
mod samples {
    //! Sample requests and responses.

    use serde_json::{Value, json};

    use super::*;
    use crate::operation::sample::Sample;

    const TEAM: TeamId = TeamId(1);

    impl Sample for ListTeamAccessTokens {
        const OPTIONAL: &'static [&'static str] = &["lastUsedTime", "expiresAt", "creator", "nextCursor"];

        fn requests() -> Vec<Self> {
            vec![Self::new(TEAM), Self::new(TEAM).limit(1).cursor("c")]
        }

        fn with_url_text(text: &str) -> Vec<Self> {
            vec![Self::new(TEAM).cursor(text)]
        }

        fn invalid() -> Vec<(Self, &'static str)> {
            let list = || Self::new(TEAM);
            vec![(list().limit(0), "limit"), (list().limit(101), "limit"), (list().cursor(""), "cursor")]
        }

        fn responses() -> Vec<Value> {
            let token = json!({
                "id": 7, "name": "n", "creationTime": 1, "lastUsedTime": 2, "expiresAt": 3, "creator": 4
            });
            vec![json!({ "items": [token], "pagination": { "hasMore": false, "nextCursor": "c" } })]
        }
    }

    impl Sample for CreateTeamAccessToken {
        const SECRET: &'static [&'static str] = &["accessToken"];

        fn requests() -> Vec<Self> {
            vec![Self::new(TEAM), Self::new(TEAM).name("n"), Self::new(TEAM).name("n").expires_at(UnixMillis(1))]
        }

        #[cfg(feature = "serde-all")]
        fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
            let read = serde_json::from_str::<Option<NewToken<'_>>>(body).map(Option::unwrap_or_default);
            Some(read.map(|NewToken { name, expires_at }| Self {
                team_id: TEAM,
                name: name.map(Into::into),
                expires_at,
            }))
        }

        fn responses() -> Vec<Value> {
            vec![json!({ "accessToken": "made-up", "tokenType": "bearer" })]
        }
    }

    impl Sample for DeleteTeamAccessToken {
        fn requests() -> Vec<Self> {
            vec![Self::new(TEAM, TokenSelector::by_secret("s")), Self::new(TEAM, TokenSelector::by_name("n"))]
        }

        fn with_secret(text: &str) -> Vec<Self> {
            vec![Self::new(TEAM, TokenSelector::by_secret(text))]
        }

        fn invalid() -> Vec<(Self, &'static str)> {
            let own = Self::new(TEAM, TokenSelector::by_secret("made-up"));
            vec![(Self::new(TEAM, TokenSelector::by_secret("")), "id"), (own, "id")]
        }

        #[cfg(feature = "serde-all")]
        fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
            Some(TokenSelector::from_body(body).map(|token| Self::new(TEAM, token)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::AccessTokenKind;
    use crate::operation::Operation;
    use crate::request::Endpoint;

    #[test]
    fn a_request_without_settings_sends_an_empty_object() {
        let endpoint = Endpoint::new("https://api.convex.dev", &AccessToken::parse("made-up").unwrap()).unwrap();
        let body = |create: CreateTeamAccessToken| create.to_request(&endpoint).unwrap().into_body();
        assert_eq!(body(CreateTeamAccessToken::new(TeamId(7))), "{}");
        let named = CreateTeamAccessToken::new(TeamId(7)).name("ci").expires_at(UnixMillis(5));
        assert_eq!(body(named), r#"{"name":"ci","expiresAt":5}"#);
    }

    #[test]
    fn a_created_token_is_a_team_token_or_one_of_the_application() {
        let kind = |text: &str| CreatedTeamAccessToken::new(text, "bearer").credential().map(|token| token.kind());
        assert_eq!(kind("made-up"), Ok(AccessTokenKind::Team));
        assert_eq!(kind("team:acme|made-up"), Ok(AccessTokenKind::OAuthTeam));
        assert!(kind("prod:n|made-up").is_err() && kind("a b").is_err());
    }

    #[test]
    fn a_short_lifetime_is_rejected_only_with_a_clock() {
        let create = CreateTeamAccessToken::new(TeamId(7)).expires_at(UnixMillis(1));
        assert!(create.check().is_ok() && create.check_at(UnixMillis(0)).is_err());
        assert!(create.check_at(UnixMillis(1 - 1_800_000)).is_ok());
    }
}
