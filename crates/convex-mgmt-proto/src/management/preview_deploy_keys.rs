//! Preview deploy keys: the keys that create and manage the preview deployments of a project.
//!
//! A key is returned once, by the operation that creates it. For an OAuth application, that key has the application's own token as
//! its secret: see [`KeyOrigin`].

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::access_tokens::TokenSelector;
use super::deploy_keys::{DeployKeyInfo, KeyOrigin};
use crate::auth::{AccessToken, AccessTokenKind, CredentialError};
use crate::error::Violations;
use crate::metadata::ManagementApi;
use crate::operation::expiry;
use crate::request::Endpoint;
use crate::types::{ProjectId, Secret, UnixMillis};

management_operation! {
    /// Lists the preview deploy keys of a project, without their secrets.
    ///
    /// ```
    /// use convex_mgmt::management::ListPreviewDeployKeys;
    /// use convex_mgmt::{Operation, ProjectId};
    ///
    /// let list = ListPreviewDeployKeys::new(ProjectId(7)).include_managed(true);
    /// assert!(list.check().is_ok());
    /// let keys = ListPreviewDeployKeys::decode(&r#"{"items":[]}"#.into())?;
    /// assert!(keys.is_empty());
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ListPreviewDeployKeys {
        /// The project.
        pub project_id: ProjectId,
        /// `true` to list keys that an application manages, too. `None` leaves it to the server. Inferred: it leaves them out.
        pub include_managed: Option<bool>,
    }

    id: "list_preview_deploy_keys",
    request: GET "/projects/{project_id}/list_preview_deploy_keys",
    path: [project_id],
    query: [include_managed as "includeManaged"],
    response: field("items", Vec<DeployKeyInfo>),
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    codes: [ProjectNotFound],
}

impl ListPreviewDeployKeys {
    /// Lists the preview deploy keys of the project `project_id`.
    pub fn new(project_id: ProjectId) -> Self {
        Self { project_id, include_managed: None }
    }

    /// Includes keys that an application manages, or leaves them out.
    pub fn include_managed(mut self, include: bool) -> Self {
        self.include_managed = Some(include);
        self
    }
}

/// The body of [`CreatePreviewDeployKey`].
#[derive(Serialize)]
#[cfg_attr(all(feature = "samples", feature = "serde-all"), derive(Deserialize))]
#[serde(rename_all = "camelCase")]
struct NewKey<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<UnixMillis>,
}

management_operation! {
    /// Creates a preview deploy key of a project, and returns it. It is not returned again.
    ///
    /// For an OAuth application, the key has the application's own token as its secret: see [`CreatedPreviewDeployKey::origin`].
    ///
    /// If the outcome is unknown, list the keys. A key whose secret is lost can be deleted by its name. Users observed that the server
    /// adds a suffix to a name that exists, so take the name from the list.
    ///
    /// ```
    /// use convex_mgmt::management::CreatePreviewDeployKey;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation, ProjectId};
    ///
    /// let endpoint = Endpoint::new("https://api.convex.dev", &AccessToken::parse("made-up")?)?;
    /// let request = CreatePreviewDeployKey::new(ProjectId(7), "previews").to_request(&endpoint)?;
    /// # let _ = request;
    ///
    /// // ... any transport sends the request ...
    /// let body = r#"{"previewDeployKey":"preview:acme:shop|new"}"#;
    /// let created = CreatePreviewDeployKey::decode(&body.into())?;
    /// assert_eq!(created.credential()?.project_slug(), Some("shop"));
    ///
    /// // An echoed key has no deletion: it would revoke the caller's own token.
    /// assert!(created.deletion(ProjectId(7), &endpoint).is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CreatePreviewDeployKey {
        /// The project.
        pub project_id: ProjectId,
        /// The name of the key.
        pub name: String,
        /// The time when the key expires, at least 30 minutes ahead. `None` never expires.
        pub expires_at: Option<UnixMillis>,
    }

    id: "create_preview_deploy_key",
    request: POST "/projects/{project_id}/create_preview_deploy_key",
    path: [project_id],
    body: |it| &NewKey { name: (&it.name).into(), expires_at: it.expires_at },
    response: object(CreatedPreviewDeployKey),
    idempotency: NonIdempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    verify_with: ListPreviewDeployKeys,
    flags: [secret_response],
    codes: [ProjectNotFound],
}

impl CreatePreviewDeployKey {
    /// Creates a key of the project `project_id` that never expires.
    pub fn new(project_id: ProjectId, name: impl Into<String>) -> Self {
        Self { project_id, name: name.into(), expires_at: None }
    }

    /// Sets the time when the key expires, at least 30 minutes ahead. The Convex command line tool allows at most a year.
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

/// A new preview deploy key. It is not returned again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedPreviewDeployKey {
    /// The key, as the server returned it.
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "crate::types::secret::exposed"))]
    pub preview_deploy_key: Secret,
}

impl CreatedPreviewDeployKey {
    /// Creates the value.
    pub fn new(preview_deploy_key: impl Into<Secret>) -> Self {
        Self { preview_deploy_key: preview_deploy_key.into() }
    }

    /// Returns the key as a credential. It names no deployment, so it is an [`AccessToken`] of the kind
    /// [`PreviewDeployKey`](AccessTokenKind::PreviewDeployKey).
    ///
    /// # Errors
    /// A [`CredentialError`] if the text is not a preview deploy key. The text is still in `preview_deploy_key`.
    pub fn credential(&self) -> Result<AccessToken, CredentialError> {
        let token = AccessToken::parse(self.preview_deploy_key.expose())?;
        match token.kind() {
            AccessTokenKind::PreviewDeployKey => Ok(token),
            kind => Err(CredentialError::WrongKind {
                found: kind.describe(),
                wanted: AccessTokenKind::PreviewDeployKey.describe(),
            }),
        }
    }

    /// Returns whether the server minted the key, or echoed the credential of `endpoint`. That has to be the credential that created the
    /// key.
    pub fn origin(&self, endpoint: &Endpoint<ManagementApi>) -> KeyOrigin {
        KeyOrigin::of(&self.preview_deploy_key, endpoint)
    }

    /// Returns the operation that deletes this key of the project `project_id`. `None` if the key is [echoed](KeyOrigin::Echoed):
    /// deleting it would revoke the credential of `endpoint`.
    pub fn deletion(
        &self,
        project_id: ProjectId,
        endpoint: &Endpoint<ManagementApi>,
    ) -> Option<DeletePreviewDeployKey> {
        let selector = || TokenSelector::by_secret(self.preview_deploy_key.clone());
        (self.origin(endpoint) == KeyOrigin::Minted).then(|| DeletePreviewDeployKey::new(project_id, selector()))
    }
}

management_operation! {
    /// Deletes a preview deploy key of a project, named by its secret or by its name.
    ///
    /// A key with the secret of the client's own credential is rejected before sending: for an OAuth application, deleting it would
    /// revoke the user's grant. Send the operation [`unchecked`](crate::Operation::unchecked) to delete it nevertheless. A key that is
    /// selected by its name is not recognized, so an OAuth application should not delete keys by name.
    ///
    /// ```
    /// use convex_mgmt::ProjectId;
    /// use convex_mgmt::management::DeletePreviewDeployKey;
    /// use convex_mgmt::management::access_tokens::TokenSelector;
    ///
    /// let delete = DeletePreviewDeployKey::new(ProjectId(7), TokenSelector::by_name("previews"));
    /// assert_eq!(delete.key.name(), Some("previews"));
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DeletePreviewDeployKey {
        /// The project.
        pub project_id: ProjectId,
        /// The key.
        pub key: TokenSelector,
    }

    id: "delete_preview_deploy_key",
    request: POST "/projects/{project_id}/delete_preview_deploy_key",
    path: [project_id],
    body: |it| &it.key.body(),
    response: empty(),
    idempotency: Idempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    verify_with: ListPreviewDeployKeys,
    destroys: "the preview deploy key",
    flags: [secret_request],
    codes: [ProjectNotFound],
    check: |it| it.key.check(),
    check_for: |it, endpoint| it.key.check_for(endpoint),
}

impl DeletePreviewDeployKey {
    /// Deletes this key of the project `project_id`.
    pub fn new(project_id: ProjectId, key: TokenSelector) -> Self {
        Self { project_id, key }
    }
}

#[cfg(feature = "samples")]
mod samples {
    //! Sample requests and responses.

    use serde_json::{Value, json};

    use super::super::deploy_keys::list::samples::{MIXED, OPTIONAL, REMOVABLE, keys};
    use super::*;
    use crate::operation::sample::Sample;

    const PROJECT: ProjectId = ProjectId(1);

    impl Sample for ListPreviewDeployKeys {
        const OPTIONAL: &'static [&'static str] = OPTIONAL;
        const REMOVABLE: &'static [&'static str] = REMOVABLE;
        const MIXED: &'static [&'static str] = MIXED;

        fn requests() -> Vec<Self> {
            vec![Self::new(PROJECT), Self::new(PROJECT).include_managed(true)]
        }

        fn responses() -> Vec<Value> {
            vec![json!({ "items": keys() })]
        }
    }

    impl Sample for CreatePreviewDeployKey {
        const SECRET: &'static [&'static str] = &["previewDeployKey"];

        fn requests() -> Vec<Self> {
            vec![Self::new(PROJECT, "n"), Self::new(PROJECT, "n").expires_at(UnixMillis(1))]
        }

        #[cfg(feature = "serde-all")]
        fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
            Some(serde_json::from_str(body).map(|NewKey { name, expires_at }| Self {
                project_id: PROJECT,
                name: name.into(),
                expires_at,
            }))
        }

        fn responses() -> Vec<Value> {
            vec![json!({ "previewDeployKey": "preview:t:p|made-up" })]
        }
    }

    impl Sample for DeletePreviewDeployKey {
        fn requests() -> Vec<Self> {
            vec![Self::new(PROJECT, TokenSelector::by_secret("s")), Self::new(PROJECT, TokenSelector::by_name("n"))]
        }

        fn with_secret(text: &str) -> Vec<Self> {
            vec![Self::new(PROJECT, TokenSelector::by_secret(text))]
        }

        fn invalid() -> Vec<(Self, &'static str)> {
            let delete = |secret| Self::new(PROJECT, TokenSelector::by_secret(secret));
            vec![(delete(""), "id"), (delete("made-up"), "id")]
        }

        #[cfg(feature = "serde-all")]
        fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
            Some(TokenSelector::from_body(body).map(|key| Self::new(PROJECT, key)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;

    fn endpoint(token: &str) -> Endpoint<ManagementApi> {
        Endpoint::new("https://api.convex.dev", &AccessToken::parse(token).unwrap()).unwrap()
    }

    #[test]
    fn only_a_minted_key_has_a_deletion() {
        let created = CreatedPreviewDeployKey::new("preview:acme:shop|made-up");
        let oauth = endpoint("project:acme:shop|made-up");
        assert_eq!((created.origin(&oauth), created.deletion(ProjectId(1), &oauth)), (KeyOrigin::Echoed, None));
        let deletion = created.deletion(ProjectId(1), &endpoint("other")).unwrap();
        assert_eq!(deletion, DeletePreviewDeployKey::new(ProjectId(1), TokenSelector::by_secret("made-up")));
    }

    #[test]
    fn a_key_of_another_kind_stays_accessible() {
        for text in ["preview:happy-animal-123|made-up", "team:acme|made-up", "made-up", ""] {
            let created = CreatedPreviewDeployKey::new(text);
            assert!(created.credential().is_err(), "{text}");
            assert_eq!(created.preview_deploy_key.expose(), text);
        }
        assert!(CreatedPreviewDeployKey::new("preview:acme:shop|made-up").credential().is_ok());
    }

    #[test]
    fn the_echoed_key_of_an_application_is_not_deleted_by_accident() {
        let application = endpoint("team:acme|made-up");
        let echoed = DeletePreviewDeployKey::new(ProjectId(1), TokenSelector::by_secret("preview:acme:shop|made-up"));
        let error = echoed.to_request(&application).unwrap_err().to_string();
        assert!(error.contains("own credential") && !error.contains("made-up"), "{error}");
        let insisted = echoed.unchecked().to_request(&application).unwrap();
        assert_eq!(insisted.body(), r#"{"id":"made-up"}"#);
    }

    #[test]
    fn a_short_lifetime_is_rejected_only_with_a_clock() {
        let create = CreatePreviewDeployKey::new(ProjectId(1), "n").expires_at(UnixMillis(1));
        assert!(create.check().is_ok() && create.check_at(UnixMillis(0)).is_err());
        assert!(create.check_at(UnixMillis(1 - 1_800_000)).is_ok());
    }
}
