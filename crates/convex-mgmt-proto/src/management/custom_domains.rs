//! Custom domains: domains of a team that lead to a deployment.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::types::{RequestDestination, Text, UnixMillis};

/// A custom domain of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CustomDomain {
    /// The time when the domain was added.
    pub creation_time: UnixMillis,
    /// The name of the deployment.
    pub deployment_name: Text,
    /// The service of the deployment that the domain leads to.
    pub request_destination: RequestDestination,
    /// The domain, such as `api.example.com`.
    pub domain: Text,
    /// The time when the domain was verified. `None` if it is not verified yet.
    pub verification_time: Option<UnixMillis>,
}

/// The body of both changes. The document has one schema for them, with the name of the deletion.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Domain<'a> {
    request_destination: Cow<'a, RequestDestination>,
    domain: Cow<'a, str>,
}

management_operation! {
    /// Lists the custom domains of a deployment.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::management::ListCustomDomains;
    ///
    /// let body = r#"{"domains":[{"creationTime":1700000000000,"deploymentName":"happy-animal-123",
    ///     "requestDestination":"convexCloud","domain":"api.example.com","verificationTime":null}]}"#;
    /// let domains = ListCustomDomains::decode(&body.into())?;
    /// assert_eq!(domains[0].verification_time, None);
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ListCustomDomains {
        /// The name of the deployment.
        pub deployment_name: String,
    }

    id: "list_custom_domains",
    request: GET "/deployments/{deployment_name}/custom_domains",
    path: [deployment_name],
    response: field("domains", Vec<CustomDomain>),
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    codes: [DeploymentNotFound],
}

impl ListCustomDomains {
    /// Lists the custom domains of the deployment `deployment_name`.
    pub fn new(deployment_name: impl Into<String>) -> Self {
        Self { deployment_name: deployment_name.into() }
    }
}

management_operation! {
    /// Adds a custom domain to a deployment. The domain works after it is verified.
    ///
    /// The response is empty: [`ListCustomDomains`] shows whether the domain is verified.
    ///
    /// ```
    /// use convex_mgmt::management::CreateCustomDomain;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation, RequestDestination};
    ///
    /// let create = CreateCustomDomain::new("happy-animal-123", RequestDestination::ConvexCloud, "api.example.com");
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let request = create.to_request(&Endpoint::new("https://api.convex.dev", &token)?)?;
    /// assert_eq!(request.body(), r#"{"requestDestination":"convexCloud","domain":"api.example.com"}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CreateCustomDomain {
        /// The name of the deployment.
        pub deployment_name: String,
        /// The service of the deployment that the domain leads to.
        pub request_destination: RequestDestination,
        /// The domain, such as `api.example.com`.
        pub domain: String,
    }

    id: "create_custom_domain",
    request: POST "/deployments/{deployment_name}/create_custom_domain",
    path: [deployment_name],
    body: |it| &Domain { request_destination: Cow::Borrowed(&it.request_destination), domain: (&it.domain).into() },
    response: empty(),
    idempotency: NonIdempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    verify_with: ListCustomDomains,
    codes: [DeploymentNotFound],
}

impl CreateCustomDomain {
    /// Adds `domain` to the deployment `deployment_name`.
    pub fn new(
        deployment_name: impl Into<String>,
        request_destination: RequestDestination,
        domain: impl Into<String>,
    ) -> Self {
        Self { deployment_name: deployment_name.into(), request_destination, domain: domain.into() }
    }
}

management_operation! {
    /// Removes a custom domain from a deployment.
    ///
    /// ```
    /// use convex_mgmt::management::DeleteCustomDomain;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation, RequestDestination};
    ///
    /// let delete = DeleteCustomDomain::new("happy-animal-123", RequestDestination::ConvexSite, "www.example.com");
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let request = delete.to_request(&Endpoint::new("https://api.convex.dev", &token)?)?;
    /// assert_eq!(request.uri().path(), "/v1/deployments/happy-animal-123/delete_custom_domain");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DeleteCustomDomain {
        /// The name of the deployment.
        pub deployment_name: String,
        /// The service of the deployment that the domain leads to.
        pub request_destination: RequestDestination,
        /// The domain, such as `api.example.com`.
        pub domain: String,
    }

    id: "delete_custom_domain",
    request: POST "/deployments/{deployment_name}/delete_custom_domain",
    path: [deployment_name],
    body: |it| &Domain { request_destination: Cow::Borrowed(&it.request_destination), domain: (&it.domain).into() },
    response: empty(),
    idempotency: Idempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    verify_with: ListCustomDomains,
    codes: [DeploymentNotFound],
}

impl DeleteCustomDomain {
    /// Removes `domain` from the deployment `deployment_name`.
    pub fn new(
        deployment_name: impl Into<String>,
        request_destination: RequestDestination,
        domain: impl Into<String>,
    ) -> Self {
        Self { deployment_name: deployment_name.into(), request_destination, domain: domain.into() }
    }
}

#[cfg(feature = "samples")]
mod samples {
    //! Sample requests and responses.

    use serde_json::{Value, json};

    use super::*;
    use crate::operation::sample::Sample;

    impl Sample for ListCustomDomains {
        const OPTIONAL: &'static [&'static str] = &["verificationTime"];

        fn requests() -> Vec<Self> {
            vec![Self::new("happy-animal-123")]
        }

        fn with_url_text(text: &str) -> Vec<Self> {
            vec![Self::new(text)]
        }

        fn responses() -> Vec<Value> {
            vec![json!({ "domains": [{
                "creationTime": 1, "deploymentName": "n", "requestDestination": "convexSite", "domain": "d", "verificationTime": 2
            }] })]
        }
    }

    impl Sample for CreateCustomDomain {
        fn requests() -> Vec<Self> {
            let all = RequestDestination::KNOWN.iter().cloned();
            all.map(|destination| Self::new("happy-animal-123", destination, "api.example.com")).collect()
        }

        fn with_url_text(text: &str) -> Vec<Self> {
            vec![Self::new(text, RequestDestination::ConvexCloud, "api.example.com")]
        }

        #[cfg(feature = "serde-all")]
        fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
            let read = serde_json::from_str(body);
            Some(read.map(|Domain { request_destination, domain }| {
                Self::new("happy-animal-123", request_destination.into_owned(), domain)
            }))
        }
    }

    impl Sample for DeleteCustomDomain {
        fn requests() -> Vec<Self> {
            let all = RequestDestination::KNOWN.iter().cloned();
            all.map(|destination| Self::new("happy-animal-123", destination, "api.example.com")).collect()
        }

        fn with_url_text(text: &str) -> Vec<Self> {
            vec![Self::new(text, RequestDestination::ConvexCloud, "api.example.com")]
        }

        #[cfg(feature = "serde-all")]
        fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
            let read = serde_json::from_str(body);
            Some(read.map(|Domain { request_destination, domain }| {
                Self::new("happy-animal-123", request_destination.into_owned(), domain)
            }))
        }
    }
}
