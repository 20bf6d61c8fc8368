//! Personal access tokens: listing, creating and deleting the tokens of the calling member.

use serde::{Deserialize, Serialize};

use super::selector::TokenSelector;
use crate::auth::{AccessToken, CredentialError};
use crate::error::Violations;
use crate::operation::expiry;
use crate::operation::paging;
use crate::types::{AccessTokenId, Secret, TeamId, Text, UnixMillis};

/// A personal access token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PersonalAccessToken {
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
    /// The team whose single sign-on the token was created with. Inferred: the document has the field without a description.
    pub sso_team_id: Option<TeamId>,
}

management_operation! {
    /// Lists the personal access tokens of the calling member, in pages.
    ///
    /// A [`Pager`](crate::Pager) walks the pages.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::management::ListPersonalAccessTokens;
    ///
    /// let operation = ListPersonalAccessTokens::new().limit(100);
    /// assert!(operation.check().is_ok());
    /// ```
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct ListPersonalAccessTokens {
        /// The maximum number of tokens in a page, from 1 to 100. The server defaults to 10.
        pub limit: Option<u32>,
        /// The cursor of the page. `None` is the first page.
        pub cursor: Option<String>,
    }

    id: "list_personal_access_tokens",
    request: GET "/list_personal_access_tokens",
    query: [limit, cursor],
    response: page("items", PersonalAccessToken),
    paging: Query,
    idempotency: Safe,
    credentials: [PersonalToken],
    codes: [LimitOutOfRange, InvalidCursor],
    check: |it| Violations::err_if_any(paging::violations(it.limit, it.cursor.as_deref()).collect()),
}

impl ListPersonalAccessTokens {
    /// Requests the first page.
    pub fn new() -> Self {
        Self::default()
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

management_operation! {
    /// Creates a personal access token for the calling member, and returns it. It is not returned again.
    ///
    /// If the outcome is unknown, list the tokens. A token whose secret is lost can be deleted by its name.
    ///
    /// ```
    /// use convex_mgmt::management::CreatePersonalAccessToken;
    /// use convex_mgmt::proto::AccessTokenKind;
    /// use convex_mgmt::{Operation, UnixMillis};
    ///
    /// let now = UnixMillis(1_700_000_000_000);
    /// let create = CreatePersonalAccessToken::new("laptop").expires_at(UnixMillis(now.0 + 60_000));
    /// assert!(create.check_at(now).is_err(), "one minute is too short");
    ///
    /// let created = CreatePersonalAccessToken::decode(&r#"{"accessToken":"made-up"}"#.into())?;
    /// assert_eq!(created.access_token.expose(), "made-up");
    /// assert_eq!(created.credential()?.kind(), AccessTokenKind::Personal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[derive(Serialize)]
    #[cfg_attr(feature = "serde-all", derive(Deserialize))]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    pub struct CreatePersonalAccessToken {
        /// The name of the token.
        pub name: String,
        /// The time when the token expires, at least 30 minutes ahead. `None` never expires.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<UnixMillis>,
    }

    id: "create_personal_access_token",
    request: POST "/create_personal_access_token",
    body: |it| it,
    response: object(CreatedPersonalAccessToken),
    idempotency: NonIdempotent,
    credentials: [PersonalToken],
    verify_with: ListPersonalAccessTokens,
    flags: [secret_response],
    codes: [],
}

impl CreatePersonalAccessToken {
    /// Creates a token with this name that never expires.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), expires_at: None }
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

/// A new personal access token. It is not returned again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedPersonalAccessToken {
    /// The token, as the server returned it.
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "crate::types::secret::exposed"))]
    pub access_token: Secret,
}

impl CreatedPersonalAccessToken {
    /// Creates the value.
    pub fn new(access_token: impl Into<Secret>) -> Self {
        Self { access_token: access_token.into() }
    }

    /// Returns the token as a credential.
    ///
    /// # Errors
    /// A [`CredentialError`] if the text is not an access token. The text is still in `access_token`.
    pub fn credential(&self) -> Result<AccessToken, CredentialError> {
        AccessToken::personal(self.access_token.expose())
    }
}

management_operation! {
    /// Deletes a personal access token of the calling member, named by its secret or by its name.
    ///
    /// The client's own token is rejected before sending, because the client would lose its access. Send the operation
    /// [`unchecked`](crate::Operation::unchecked) to delete it nevertheless. A token that is selected by its name is not recognized.
    ///
    /// ```
    /// use convex_mgmt::management::DeletePersonalAccessToken;
    /// use convex_mgmt::management::access_tokens::TokenSelector;
    ///
    /// let delete = DeletePersonalAccessToken::new(TokenSelector::by_name("laptop"));
    /// assert_eq!(delete.token.name(), Some("laptop"));
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DeletePersonalAccessToken {
        /// The token.
        pub token: TokenSelector,
    }

    id: "delete_personal_access_token",
    request: POST "/delete_personal_access_token",
    body: |it| &it.token.body(),
    response: empty(),
    idempotency: Idempotent,
    credentials: [PersonalToken],
    verify_with: ListPersonalAccessTokens,
    destroys: "the access token",
    flags: [secret_request],
    codes: [],
    check: |it| it.token.check(),
    check_for: |it, endpoint| it.token.check_for(endpoint),
}

impl DeletePersonalAccessToken {
    /// Deletes this token.
    pub fn new(token: TokenSelector) -> Self {
        Self { token }
    }
}

#[cfg(feature = "samples")]
mod samples {
    //! Sample requests and responses.

    use serde_json::{Value, json};

    use super::*;
    use crate::operation::sample::Sample;

    impl Sample for ListPersonalAccessTokens {
        const OPTIONAL: &'static [&'static str] = &["lastUsedTime", "expiresAt", "ssoTeamId", "nextCursor"];

        fn requests() -> Vec<Self> {
            vec![Self::new(), Self::new().limit(1).cursor("c")]
        }

        fn with_url_text(text: &str) -> Vec<Self> {
            vec![Self::new().cursor(text)]
        }

        fn invalid() -> Vec<(Self, &'static str)> {
            vec![(Self::new().limit(0), "limit"), (Self::new().limit(101), "limit"), (Self::new().cursor(""), "cursor")]
        }

        fn responses() -> Vec<Value> {
            let token = json!({
                "id": 7, "name": "n", "creationTime": 1, "lastUsedTime": 2, "expiresAt": 3, "ssoTeamId": 4
            });
            vec![json!({ "items": [token], "pagination": { "hasMore": false, "nextCursor": "c" } })]
        }
    }

    impl Sample for CreatePersonalAccessToken {
        const SECRET: &'static [&'static str] = &["accessToken"];

        fn requests() -> Vec<Self> {
            vec![Self::new("n"), Self::new("n").expires_at(UnixMillis(1))]
        }

        #[cfg(feature = "serde-all")]
        fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
            Some(serde_json::from_str(body))
        }

        fn responses() -> Vec<Value> {
            vec![json!({ "accessToken": "made-up" })]
        }
    }

    impl Sample for DeletePersonalAccessToken {
        fn requests() -> Vec<Self> {
            vec![Self::new(TokenSelector::by_secret("s")), Self::new(TokenSelector::by_name("n"))]
        }

        fn with_secret(text: &str) -> Vec<Self> {
            vec![Self::new(TokenSelector::by_secret(text))]
        }

        fn invalid() -> Vec<(Self, &'static str)> {
            let own = Self::new(TokenSelector::by_secret("made-up"));
            vec![(Self::new(TokenSelector::by_secret("")), "id"), (own, "id")]
        }

        #[cfg(feature = "serde-all")]
        fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
            Some(TokenSelector::from_body(body).map(Self::new))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::AccessTokenKind;
    use crate::operation::Operation;

    #[test]
    fn a_token_of_another_kind_stays_accessible() {
        let created = CreatePersonalAccessToken::decode(&r#"{"accessToken":"team:t|made-up"}"#.into()).unwrap();
        assert!(matches!(created.credential(), Err(CredentialError::WrongKind { .. })));
        assert_eq!(created.access_token.expose(), "team:t|made-up");
        let opaque = CreatedPersonalAccessToken::new("made-up").credential().unwrap();
        assert_eq!(opaque.kind(), AccessTokenKind::Personal);
    }

    #[test]
    fn a_short_lifetime_is_rejected_only_with_a_clock() {
        let create = CreatePersonalAccessToken::new("n").expires_at(UnixMillis(1));
        assert!(create.check().is_ok());
        let violations = create.check_at(UnixMillis(0)).unwrap_err();
        assert_eq!(violations.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(), ["expiresAt"]);
        assert!(create.check_at(UnixMillis(1 - 1_800_000)).is_ok());
    }
}
