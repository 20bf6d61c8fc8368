//! [`Deployment::endpoint`]: the endpoint of a deployment that the Management API returned.

use std::fmt;

use super::deployment::Deployment;
use crate::auth::{AccessToken, Credential, CredentialError, DeployKey};
use crate::metadata::{DeploymentApi, ManagementApi};
use crate::request::{Endpoint, EndpointError};
use crate::types::Printable;

/// The credential for a deployment that the Management API returned. A [`DeployKey`], an [`AccessToken`] and a [`Credential`]
/// convert into it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeploymentAccess {
    /// The token of the Management API's endpoint.
    ///
    /// The document of the Deployment Platform API lists team and OAuth tokens. It does not list personal access tokens.
    SameToken,
    /// Another credential, such as a deploy key.
    Credential(Credential),
}

macro_rules! from_credentials {
    ($($name:ident)+) => { $(
        impl From<$name> for DeploymentAccess {
            fn from(credential: $name) -> Self {
                Self::Credential(credential.into())
            }
        }

        impl From<&$name> for DeploymentAccess {
            fn from(credential: &$name) -> Self {
                credential.clone().into()
            }
        }
    )+ };
}

from_credentials! { DeployKey AccessToken Credential }

impl Deployment {
    /// Returns the endpoint of this deployment's API, at the URL that the Management API returned.
    ///
    /// The URL is never derived from the name, so it is right in every region. A path in it is accepted: a self-hosted deployment may
    /// be served below one. `http` is accepted for loopback hosts, and for all hosts if `management` uses it for another host itself
    /// ([`Endpoint::new_insecure`]). The endpoint has the product of `management` ([`Endpoint::with_user_agent`]).
    ///
    /// A deployment with a custom domain still serves its API at this URL. To use the custom domain, create an [`Endpoint`] with the
    /// URL that [`GetCanonicalUrls`](crate::deployment::GetCanonicalUrls) returns.
    ///
    /// ```
    /// use convex_mgmt::deployment::ListEnvironmentVariables;
    /// use convex_mgmt::management::GetDeployment;
    /// use convex_mgmt::DeploymentAccess;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation};
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let management = Endpoint::new("https://api.convex.dev", &token)?;
    /// let request = GetDeployment::new("happy-animal-123").to_request(&management)?;
    /// # let _ = request;
    /// # let body = r#"{"kind":"cloud","id":1,"name":"happy-animal-123","createTime":1,"deploymentType":"prod","projectId":2,
    /// #   "region":"aws-eu-west-1","isDefault":true,"reference":"x","class":"s16",
    /// #   "deploymentUrl":"https://happy-animal-123.eu-west-1.convex.cloud"}"#;
    ///
    /// // ... any transport sends the request ...
    /// let deployment = GetDeployment::decode(&body.into())?;
    /// let endpoint = deployment.endpoint(&management, DeploymentAccess::SameToken)?;
    /// assert_eq!(endpoint.url(), "https://happy-animal-123.eu-west-1.convex.cloud");
    /// let request = ListEnvironmentVariables::new().to_request(&endpoint)?;
    /// assert_eq!(request.headers()["authorization"], "Convex team:acme|made-up");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`DeploymentEndpointError`] if the deployment has no URL, or none that can be used.
    pub fn endpoint(
        &self,
        management: &Endpoint<ManagementApi>,
        access: impl Into<DeploymentAccess>,
    ) -> Result<Endpoint<DeploymentApi>, DeploymentEndpointError> {
        self.endpoint_for(management, &access.into())
    }

    fn endpoint_for(
        &self,
        management: &Endpoint<ManagementApi>,
        access: &DeploymentAccess,
    ) -> Result<Endpoint<DeploymentApi>, DeploymentEndpointError> {
        match self {
            Self::Cloud(cloud) => {
                let credential = match access {
                    DeploymentAccess::SameToken => None,
                    DeploymentAccess::Credential(credential) => Some(credential),
                };
                management.of_deployment(&cloud.deployment_url, credential).map_err(|error| {
                    DeploymentEndpointError::Unusable { deployment_name: cloud.name.as_str().into(), error }
                })
            }
            Self::Local(local) => Err(DeploymentEndpointError::Local {
                deployment_name: local.name.as_str().into(),
                device_name: local.device_name.as_str().into(),
                port: local.port,
            }),
            Self::_Unknown(object) => Err(DeploymentEndpointError::UnknownKind { kind: object.tag().into() }),
        }
    }
}

/// An error of a deployment that has no endpoint, or of a new deploy key that is not a credential. It contains no URL and no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeploymentEndpointError {
    /// A local deployment. The Management API knows no URL for it.
    Local {
        /// The name of the deployment.
        deployment_name: Box<str>,
        /// The name of the machine that runs it.
        device_name: Box<str>,
        /// The TCP port on that machine.
        port: u32,
    },
    /// A deployment of a kind that this version of the library does not know.
    UnknownKind {
        /// The kind.
        kind: Box<str>,
    },
    /// The URL that the Management API returned, or the credential, breaks a rule.
    Unusable {
        /// The name of the deployment.
        deployment_name: Box<str>,
        /// The rule.
        error: EndpointError,
    },
    /// The deploy key that the Management API returned is not a credential.
    Key(CredentialError),
}

impl fmt::Display for DeploymentEndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { deployment_name, device_name, port } => write!(
                f,
                "the deployment `{}` has no URL: on the machine `{}`, create an `Endpoint` with `http://127.0.0.1:{port}`",
                Printable(deployment_name),
                Printable(device_name),
            ),
            Self::UnknownKind { kind } => write!(
                f,
                "the deployment is of the unknown kind `{}`: update this library, or create an `Endpoint` with its URL",
                Printable(kind),
            ),
            Self::Unusable { deployment_name, error: EndpointError::Plaintext } => write!(
                f,
                "the URL of the deployment `{}` is not encrypted: where nobody can read the credential, use \
                 `Endpoint::new_insecure`",
                Printable(deployment_name),
            ),
            Self::Unusable { deployment_name, error } => {
                write!(f, "the deployment `{}` has no usable endpoint: {error}", Printable(deployment_name))
            }
            Self::Key(error) => write!(f, "the new deploy key cannot be used: {error}"),
        }
    }
}

impl std::error::Error for DeploymentEndpointError {}

#[cfg(test)]
mod tests {
    use http::header::{AUTHORIZATION, USER_AGENT};

    use super::*;
    use crate::auth::{AccessTokenKind, CredentialKind, DeployKeyKind};
    use crate::deployment::GetDeploymentInfo;
    use crate::operation::Operation;

    const EU: &str = "https://happy-animal-123.eu-west-1.convex.cloud";

    fn cloud(url: &str) -> Deployment {
        let json = serde_json::json!({
            "kind": "cloud", "id": 1, "name": "happy-animal-123", "createTime": 1, "deploymentType": "prod", "projectId": 2,
            "region": "aws-eu-west-1", "isDefault": true, "reference": "x", "class": "s16", "deploymentUrl": url,
        });
        serde_json::from_value(json).unwrap()
    }

    fn management() -> Endpoint<ManagementApi> {
        let token = AccessToken::team("canary").unwrap();
        Endpoint::new("https://api.convex.dev", &token).unwrap().with_user_agent("my-tool/1").unwrap()
    }

    fn key() -> DeployKey {
        DeployKey::parse("prod:happy-animal-123|canary-key").unwrap()
    }

    fn url(at: &Endpoint<ManagementApi>, url: &str) -> Result<String, EndpointError> {
        match cloud(url).endpoint(at, key()) {
            Ok(endpoint) => Ok(endpoint.url().to_owned()),
            Err(DeploymentEndpointError::Unusable { error, .. }) => Err(error),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn the_same_token_has_the_scheme_of_the_deployments_api() {
        let same = cloud(EU).endpoint(&management(), DeploymentAccess::SameToken).unwrap();
        let other = cloud(EU).endpoint(&management(), key()).unwrap();
        for (endpoint, authorization, kind) in [
            (&same, "Convex canary", CredentialKind::AccessToken(AccessTokenKind::Team)),
            (&other, "Convex prod:happy-animal-123|canary-key", CredentialKind::DeployKey(DeployKeyKind::Prod)),
        ] {
            let request = GetDeploymentInfo::new().to_request(endpoint).unwrap();
            assert_eq!(request.uri().to_string(), format!("{EU}/api/v1/deployment_info"));
            assert_eq!(request.headers()[AUTHORIZATION], authorization);
            assert!(request.headers()[AUTHORIZATION].is_sensitive() && !format!("{endpoint:?}").contains("canary"));
            assert_eq!(endpoint.credential_kind(), kind);
        }
    }

    #[test]
    fn the_product_of_the_endpoint_stays_its_own() {
        let agent = |endpoint: Endpoint<DeploymentApi>| {
            let request = GetDeploymentInfo::new().to_request(&endpoint).unwrap();
            request.headers()[USER_AGENT].to_str().unwrap().to_owned()
        };
        let endpoint = cloud(EU).endpoint(&management(), key()).unwrap();
        let client = crate::request::UserAgent::new("client/1").unwrap();
        assert!(agent(endpoint.with_default_user_agent(client.clone())).starts_with("my-tool/1 "));

        let token = AccessToken::parse("canary").unwrap();
        let unnamed = Endpoint::new("https://api.convex.dev", &token).unwrap().with_default_user_agent(client.clone());
        let endpoint = cloud(EU).endpoint(&unnamed, key()).unwrap();
        assert!(agent(endpoint.clone()).starts_with("client/1 "));
        let next = crate::request::UserAgent::new("next/1").unwrap();
        assert!(agent(endpoint.with_default_user_agent(next)).starts_with("next/1 "));
    }

    #[test]
    fn accepts_each_url_that_a_server_may_have() {
        for (input, expected) in [
            ("https://happy-animal-123.convex.cloud", "https://happy-animal-123.convex.cloud"),
            ("https://happy-animal-123.eu-west-1.convex.cloud/", EU),
            ("https://example.com:8443/convex/", "https://example.com:8443/convex"),
            ("http://127.0.0.1:3210", "http://127.0.0.1:3210"),
            ("http://x.eu-west-1.localhost:3210", "http://x.eu-west-1.localhost:3210"),
        ] {
            assert_eq!(url(&management(), input).as_deref(), Ok(expected));
        }
        for (input, error) in [
            ("", EndpointError::NoScheme),
            ("happy-animal-123.convex.cloud", EndpointError::NoScheme),
            ("https://user:canary@example.com", EndpointError::UserInfo),
            ("https://example.com/?canary", EndpointError::Query),
            ("https://example.com/../canary", EndpointError::PathPrefix),
            ("https://example.com/api/v1", EndpointError::ApiPath),
        ] {
            assert_eq!(url(&management(), input), Err(error), "{input}");
        }
    }

    #[test]
    fn plaintext_is_accepted_as_far_as_the_user_accepted_it() {
        let token = AccessToken::parse("canary").unwrap();
        let at = |url| Endpoint::<ManagementApi>::new_insecure(url, &token).unwrap();
        let backend = "http://backend:3210";
        assert_eq!(url(&at("http://control-plane:8000"), backend).as_deref(), Ok(backend));
        for encrypted_or_local in ["https://control-plane", "http://127.0.0.1:8000", "http://api.localhost"] {
            assert_eq!(url(&at(encrypted_or_local), backend), Err(EndpointError::Plaintext), "{encrypted_or_local}");
        }
    }

    #[test]
    fn a_deployment_without_a_url_is_an_error_that_names_the_next_step() {
        let local = r#"{"kind":"local","name":"local-a\n1","createTime":1,"deploymentType":"dev","projectId":2,"creator":3,
            "port":3210,"deviceName":"laptop","isActive":true}"#;
        for (json, words) in [
            (local, ["`local-a\\n1`", "`laptop`", "http://127.0.0.1:3210"]),
            (r#"{"kind":"edge","deploymentUrl":"https://canary.example"}"#, ["`edge`", "update", "`Endpoint`"]),
        ] {
            let deployment: Deployment = serde_json::from_str(json).unwrap();
            for access in [DeploymentAccess::SameToken, key().into()] {
                let error = deployment.endpoint(&management(), access).unwrap_err();
                assert!(words.iter().all(|word| error.to_string().contains(word)), "{error}");
                assert!(!format!("{error} {error:?}").contains("canary"));
            }
        }
        let error = cloud("https://u:canary@h").endpoint(&management(), key()).unwrap_err();
        assert!(error.to_string().contains("`happy-animal-123`") && !format!("{error} {error:?}").contains("canary"));
    }
}
