//! Creating a deploy key.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::action::DeployKeyAction;
use super::delete::DeleteDeployKey;
use super::list::ListDeployKeys;
use super::origin::KeyOrigin;
use crate::auth::{CredentialError, DeployKey};
use crate::error::Violations;
use crate::management::access_tokens::TokenSelector;
use crate::metadata::ManagementApi;
use crate::operation::expiry;
use crate::request::Endpoint;
use crate::types::{Secret, UnixMillis};

/// The body of [`CreateDeployKey`].
#[derive(Serialize)]
#[cfg_attr(all(feature = "samples", feature = "serde-all"), derive(Deserialize))]
#[serde(rename_all = "camelCase")]
struct NewKey<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(all(feature = "samples", feature = "serde-all"), serde(default, deserialize_with = "never_null"))]
    allowed_actions: Option<Cow<'a, [DeployKeyAction]>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<UnixMillis>,
}

/// Reads a list that may be absent, but not `null`.
#[cfg(all(feature = "samples", feature = "serde-all"))]
fn never_null<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'static, [DeployKeyAction]>>, D::Error> {
    Vec::deserialize(deserializer).map(|actions| Some(actions.into()))
}

management_operation! {
    /// Creates a deploy key of a deployment, and returns it. It is not returned again.
    ///
    /// For an OAuth application, the key has the application's own token as its secret: see [`CreatedDeployKey::origin`].
    ///
    /// If the outcome is unknown, list the keys. A key whose secret is lost can be deleted by its name. Users observed that the server
    /// adds a suffix to a name that exists, so take the name from the list.
    ///
    /// ```
    /// use convex_mgmt::management::CreateDeployKey;
    /// use convex_mgmt::management::deploy_keys::DeployKeyAction;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation};
    ///
    /// let token = AccessToken::parse("made-up")?;
    /// let endpoint = Endpoint::new("https://api.convex.dev", &token)?;
    /// let create = CreateDeployKey::new("happy-animal-123", "ci")
    ///     .allowed_actions([DeployKeyAction::ViewEnvironmentVariables, DeployKeyAction::WriteEnvironmentVariables]);
    /// let request = create.to_request(&endpoint)?;
    /// # let _ = request;
    ///
    /// // ... any transport sends the request ...
    /// let created = CreateDeployKey::decode(&r#"{"deployKey":"prod:happy-animal-123|new"}"#.into())?;
    /// assert_eq!(created.credential()?.deployment_name(), "happy-animal-123");
    ///
    /// // An echoed key has no deletion: it would revoke the caller's own token.
    /// let delete = created.deletion("happy-animal-123", &endpoint);
    /// assert!(delete.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CreateDeployKey {
        /// The name of the deployment.
        pub deployment_name: String,
        /// The name of the key.
        pub name: String,
        /// The actions that the key allows. `None` allows every action.
        ///
        /// The effect of an empty list is not documented. Inferred: it allows every action, because a deployment treats a credential with
        /// an empty list so. Source of that: convex-backend `crates/roles/src/eval.rs`.
        pub allowed_actions: Option<Vec<DeployKeyAction>>,
        /// The time when the key expires, at least 30 minutes ahead. `None` never expires.
        pub expires_at: Option<UnixMillis>,
    }

    id: "create_deploy_key",
    request: POST "/deployments/{deployment_name}/create_deploy_key",
    path: [deployment_name],
    body: |it| &NewKey {
        name: (&it.name).into(),
        allowed_actions: it.allowed_actions.as_deref().map(Cow::Borrowed),
        expires_at: it.expires_at,
    },
    response: object(CreatedDeployKey),
    idempotency: NonIdempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    verify_with: ListDeployKeys,
    flags: [secret_response],
    codes: [DeploymentNotFound],
}

impl CreateDeployKey {
    /// Creates a key of the deployment `deployment_name` that allows every action and never expires.
    pub fn new(deployment_name: impl Into<String>, name: impl Into<String>) -> Self {
        Self { deployment_name: deployment_name.into(), name: name.into(), allowed_actions: None, expires_at: None }
    }

    /// Restricts the key to these actions. See [`CreateDeployKey::allowed_actions`](#structfield.allowed_actions) for an empty list.
    pub fn allowed_actions(mut self, actions: impl IntoIterator<Item = DeployKeyAction>) -> Self {
        self.allowed_actions = Some(actions.into_iter().collect());
        self
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

/// A new deploy key. It is not returned again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedDeployKey {
    /// The key, as the server returned it.
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "crate::types::secret::exposed"))]
    pub deploy_key: Secret,
}

impl CreatedDeployKey {
    /// Creates the value.
    pub fn new(deploy_key: impl Into<Secret>) -> Self {
        Self { deploy_key: deploy_key.into() }
    }

    /// Returns the key as a credential.
    ///
    /// # Errors
    /// A [`CredentialError`] if the text is not a deploy key. The text is still in `deploy_key`.
    pub fn credential(&self) -> Result<DeployKey, CredentialError> {
        DeployKey::parse(self.deploy_key.expose())
    }

    /// Returns whether the server minted the key, or echoed the credential of `endpoint`. That has to be the credential that created the
    /// key.
    pub fn origin(&self, endpoint: &Endpoint<ManagementApi>) -> KeyOrigin {
        KeyOrigin::of(&self.deploy_key, endpoint)
    }

    /// Returns the operation that deletes this key of the deployment `deployment_name`. `None` if the key is
    /// [echoed](KeyOrigin::Echoed): deleting it would revoke the credential of `endpoint`.
    pub fn deletion(
        &self,
        deployment_name: impl Into<String>,
        endpoint: &Endpoint<ManagementApi>,
    ) -> Option<DeleteDeployKey> {
        let selector = || TokenSelector::by_secret(self.deploy_key.clone());
        (self.origin(endpoint) == KeyOrigin::Minted).then(|| DeleteDeployKey::new(deployment_name, selector()))
    }
}

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for CreateDeployKey {
    const SECRET: &'static [&'static str] = &["deployKey"];

    fn requests() -> Vec<Self> {
        let create = || Self::new("happy-animal-123", "n");
        vec![
            create(),
            create().allowed_actions([]),
            create().allowed_actions(DeployKeyAction::KNOWN.iter().cloned()).expires_at(UnixMillis(1)),
        ]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(text, "n")]
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        Some(serde_json::from_str(body).map(|NewKey { name, allowed_actions, expires_at }| Self {
            deployment_name: "happy-animal-123".to_owned(),
            name: name.into(),
            allowed_actions: allowed_actions.map(Into::into),
            expires_at,
        }))
    }

    fn responses() -> Vec<serde_json::Value> {
        vec![serde_json::json!({ "deployKey": "prod:happy-animal-123|made-up" })]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::AccessToken;
    use crate::operation::Operation;

    fn endpoint(token: &str) -> Endpoint<ManagementApi> {
        Endpoint::new("https://api.convex.dev", &AccessToken::parse(token).unwrap()).unwrap()
    }

    fn body(create: &CreateDeployKey) -> String {
        let request = create.to_request(&endpoint("made-up")).unwrap();
        String::from_utf8(request.body().to_vec()).unwrap()
    }

    #[test]
    fn absent_and_empty_actions_are_distinct_and_never_null() {
        let create = || CreateDeployKey::new("a/b", "ci");
        assert_eq!(body(&create()), r#"{"name":"ci"}"#);
        assert_eq!(body(&create().allowed_actions([])), r#"{"name":"ci","allowedActions":[]}"#);
        let restricted = create().allowed_actions([DeployKeyAction::Pause, "later:action".into()]);
        assert_eq!(body(&restricted), r#"{"name":"ci","allowedActions":["deployment:pause","later:action"]}"#);
        let request = create().to_request(&endpoint("made-up")).unwrap();
        assert_eq!(request.uri().path(), "/v1/deployments/a%2Fb/create_deploy_key");
    }

    #[test]
    fn only_a_minted_key_has_a_deletion() {
        let created = CreatedDeployKey::new("prod:n|made-up");
        let oauth = endpoint("team:acme|made-up");
        assert_eq!((created.origin(&oauth), created.deletion("n", &oauth)), (KeyOrigin::Echoed, None));
        let deletion = created.deletion("n", &endpoint("other")).unwrap();
        assert_eq!(deletion, DeleteDeployKey::new("n", TokenSelector::by_secret("made-up")));
    }

    #[test]
    fn an_unreadable_key_stays_accessible() {
        for text in ["team:acme|made-up", "made up", ""] {
            let created = CreatedDeployKey::new(text);
            assert!(created.credential().is_err(), "{text}");
            assert_eq!(created.deploy_key.expose(), text);
        }
    }

    #[test]
    fn a_short_lifetime_is_rejected_only_with_a_clock() {
        let create = CreateDeployKey::new("n", "ci").expires_at(UnixMillis(1));
        assert!(create.check().is_ok() && create.check_at(UnixMillis(0)).is_err());
        assert!(create.check_at(UnixMillis(1 - 1_800_000)).is_ok());
    }
}
