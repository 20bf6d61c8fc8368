//! Listing deploy keys.

use serde::Deserialize;

use super::action::DeployKeyAction;
use crate::management::teams::ManagedBy;
use crate::types::{AccessTokenId, MemberId, Text, UnixMillis};

/// A deploy key or preview deploy key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeployKeyInfo {
    /// The id of the key. No operation accepts it: deletions name a key by its secret or its name.
    pub id: AccessTokenId,
    /// The name of the key. Users observed that the server adds a suffix if another key has the name already.
    pub name: Text,
    /// The time when the key was created.
    pub creation_time: UnixMillis,
    /// The time when the key was last used. `None` if it was never used.
    pub last_used_time: Option<UnixMillis>,
    /// The time when the key expires. `None` if it never expires.
    pub expires_at: Option<UnixMillis>,
    /// The member who created the key, if the server knows it.
    pub creator: Option<MemberId>,
    /// The application that manages the key, if any.
    pub managed_by: Option<ManagedBy>,
    /// The actions that the key allows. Inferred: an empty list allows every action.
    pub allowed_actions: Vec<DeployKeyAction>,
}

management_operation! {
    /// Lists all deploy keys of a deployment, without their secrets.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::management::ListDeployKeys;
    /// use convex_mgmt::management::deploy_keys::DeployKeyAction;
    ///
    /// let body = r#"[{"id":7,"name":"ci","creationTime":1700000000000,"allowedActions":["deployment:env:view"]}]"#;
    /// let keys = ListDeployKeys::decode(&body.into())?;
    /// assert_eq!(keys[0].allowed_actions, [DeployKeyAction::ViewEnvironmentVariables]);
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ListDeployKeys {
        /// The name of the deployment.
        pub deployment_name: String,
    }

    id: "list_deploy_keys",
    request: GET "/deployments/{deployment_name}/list_deploy_keys",
    path: [deployment_name],
    response: list(DeployKeyInfo),
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    codes: [DeploymentNotFound],
}

impl ListDeployKeys {
    /// Lists the deploy keys of the deployment `deployment_name`, such as `happy-animal-123`.
    pub fn new(deployment_name: impl Into<String>) -> Self {
        Self { deployment_name: deployment_name.into() }
    }
}

#[cfg(feature = "samples")]
pub(in crate::management) mod samples {
    //! Sample requests and responses.

    use serde_json::{Value, json};

    use super::*;
    use crate::operation::sample::Sample;

    /// The fields of a key that may be missing or `null`.
    pub(in crate::management) const OPTIONAL: &[&str] = &["lastUsedTime", "expiresAt", "creator", "managedBy"];

    /// Without it, an object is one of an unknown manager.
    pub(in crate::management) const REMOVABLE: &[&str] = &["oauthApp"];

    /// A text or an object.
    pub(in crate::management) const MIXED: &[&str] = &["managedBy"];

    /// Keys of each manager, with all actions.
    pub(in crate::management) fn keys() -> Value {
        let key = |managed_by: Value| {
            json!({
                "id": 7, "name": "n", "creationTime": 1, "lastUsedTime": 2, "expiresAt": 3, "creator": 4,
                "managedBy": managed_by, "allowedActions": DeployKeyAction::KNOWN
            })
        };
        json!([key("vercel".into()), key(json!({ "oauthApp": "a" }))])
    }

    impl Sample for ListDeployKeys {
        const OPTIONAL: &'static [&'static str] = OPTIONAL;
        const REMOVABLE: &'static [&'static str] = REMOVABLE;
        const MIXED: &'static [&'static str] = MIXED;

        fn requests() -> Vec<Self> {
            vec![Self::new("happy-animal-123")]
        }

        fn with_url_text(text: &str) -> Vec<Self> {
            vec![Self::new(text)]
        }

        fn responses() -> Vec<Value> {
            vec![keys()]
        }
    }
}
