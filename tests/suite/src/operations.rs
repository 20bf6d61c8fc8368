//! Shared parts of the tests that cover every operation: endpoints of both APIs, and a sample of each operation.

use std::fmt::Debug;

use convex_mgmt::proto::{Api, Authorizes};
use convex_mgmt::{AccessToken, DeployKey, DeploymentApi, Endpoint, ManagementApi, Operation};
use convex_mgmt_proto::samples::Sample;

use crate::NAME;

/// An API with made-up credentials.
pub trait TestApi: Api + Sized {
    /// The credential of its endpoints.
    type Credential: Authorizes<Self> + Debug;

    /// Creates a credential with this secret.
    fn credential(secret: &str) -> Self::Credential;

    /// Creates an endpoint with a credential that has this secret.
    ///
    /// # Panics
    /// If the URL is not the origin of an endpoint.
    fn endpoint(url: &str, secret: &str) -> Endpoint<Self> {
        Endpoint::new(url, &Self::credential(secret)).expect("the URL of an endpoint")
    }
}

impl TestApi for DeploymentApi {
    type Credential = DeployKey;

    fn credential(secret: &str) -> DeployKey {
        DeployKey::parse(&format!("dev:{NAME}|{secret}")).expect("a made-up key")
    }
}

impl TestApi for ManagementApi {
    type Credential = AccessToken;

    fn credential(secret: &str) -> AccessToken {
        AccessToken::parse(&format!("team:acme|{secret}")).expect("a made-up token")
    }
}

/// Returns the first sample request of an operation.
///
/// # Panics
/// If the operation has no sample request.
pub fn sample<O: Sample>() -> O {
    O::requests().into_iter().next().unwrap_or_else(|| panic!("{} has no sample request", <O as Operation>::META))
}
