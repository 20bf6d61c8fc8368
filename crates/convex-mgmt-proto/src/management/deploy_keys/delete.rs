//! Deleting a deploy key.

use super::list::ListDeployKeys;
use crate::management::access_tokens::TokenSelector;

management_operation! {
    /// Deletes a deploy key of a deployment, named by its secret or by its name.
    ///
    /// A key with the secret of the client's own credential is rejected before sending: for an OAuth application, deleting it would
    /// revoke the user's grant. Send the operation [`unchecked`](crate::Operation::unchecked) to delete it nevertheless. A key that is
    /// selected by its name is not recognized, so an OAuth application should not delete keys by name.
    ///
    /// Users observed that a deployment accepts a deleted key for about 30 seconds.
    ///
    /// ```
    /// use convex_mgmt::management::DeleteDeployKey;
    /// use convex_mgmt::management::access_tokens::TokenSelector;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation};
    ///
    /// let application = Endpoint::new("https://api.convex.dev", &AccessToken::parse("team:acme|made-up")?)?;
    /// let delete = |key| DeleteDeployKey::new("happy-animal-123", TokenSelector::by_secret(key));
    /// assert!(delete("prod:happy-animal-123|other").to_request(&application).is_ok());
    ///
    /// let echoed = delete("prod:happy-animal-123|made-up");
    /// assert!(echoed.to_request(&application).is_err());
    /// assert!(echoed.unchecked().to_request(&application).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DeleteDeployKey {
        /// The name of the deployment.
        pub deployment_name: String,
        /// The key.
        pub key: TokenSelector,
    }

    id: "delete_deploy_key",
    request: POST "/deployments/{deployment_name}/delete_deploy_key",
    path: [deployment_name],
    body: |it| &it.key.body(),
    response: empty(),
    idempotency: Idempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    verify_with: ListDeployKeys,
    destroys: "the deploy key",
    flags: [secret_request],
    codes: [DeploymentNotFound],
    check: |it| it.key.check(),
    check_for: |it, endpoint| it.key.check_for(endpoint),
}

impl DeleteDeployKey {
    /// Deletes this key of the deployment `deployment_name`.
    pub fn new(deployment_name: impl Into<String>, key: TokenSelector) -> Self {
        Self { deployment_name: deployment_name.into(), key }
    }
}

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for DeleteDeployKey {
    fn requests() -> Vec<Self> {
        [TokenSelector::by_secret("s"), TokenSelector::by_name("n")]
            .map(|key| Self::new("happy-animal-123", key))
            .into()
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(text, TokenSelector::by_name("n"))]
    }

    fn with_secret(text: &str) -> Vec<Self> {
        vec![Self::new("happy-animal-123", TokenSelector::by_secret(text))]
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        let delete = |secret| Self::new("happy-animal-123", TokenSelector::by_secret(secret));
        vec![(delete(""), "id"), (delete("made-up"), "id")]
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        Some(TokenSelector::from_body(body).map(|key| Self::new("happy-animal-123", key)))
    }
}
