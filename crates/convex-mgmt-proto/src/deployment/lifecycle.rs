//! Pausing a deployment, and letting it run again. No operation tells whether one is paused.
//!
//! Source: convex-backend `crates/local_backend/src/deployment_state.rs`.

use bytes::Bytes;
use http::Method;

use super::CREDENTIALS;
use crate::metadata::{DeploymentApi, Idempotency, OperationMeta};
use crate::operation::Operation;
use crate::response::{DecodeError, decode};

/// Pauses a deployment: its functions no longer run. The operations of this API go on working. One that is paused already
/// stays so.
///
/// * Credential: any of the deployment's, with the permission `deployment:pause`.
/// * Repeating it leaves the same state.
/// * Success has no content.
/// * Codes: `PauseDeploymentFailed`. Writers at the same time get 503 `OptimisticConcurrencyControlFailure`.
///
/// ```
/// use convex_mgmt::deployment::PauseDeployment;
/// use convex_mgmt::{DeployKey, Endpoint, Operation};
///
/// # let key = DeployKey::parse("happy-animal-123|01abcd")?;
/// # let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &key)?;
/// let request = PauseDeployment::new().to_request(&endpoint)?;
/// assert_eq!(request.uri().path(), "/api/v1/pause_deployment");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct PauseDeployment {}

impl PauseDeployment {
    /// The call. It takes nothing.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Operation for PauseDeployment {
    type Api = DeploymentApi;
    type Output = ();
    const META: &'static OperationMeta = &OperationMeta::new::<DeploymentApi>(
        "pause_deployment",
        Method::POST,
        "/pause_deployment",
        Idempotency::Idempotent,
    )
    .credentials(CREDENTIALS)
    .permission("deployment:pause")
    .empty_reply();

    fn decode(body: &Bytes) -> Result<(), DecodeError> {
        decode::nothing(body)
    }
}

/// Lets a paused deployment run again. One that is not paused is an error.
///
/// * Credential: any of the deployment's, with the permission `deployment:unpause`.
/// * Repeating it leaves the same state, but is answered with `UnpauseDeploymentFailed`: after several attempts
///   (`Error::attempts` of `convex-mgmt-hyper`) that code may mean that an earlier one was carried out.
/// * Success has no content.
/// * Codes: `UnpauseDeploymentFailed`. Writers at the same time get 503 `OptimisticConcurrencyControlFailure`.
///
/// ```
/// use convex_mgmt::deployment::UnpauseDeployment;
/// use convex_mgmt::{DeployKey, Endpoint, Operation};
///
/// # let key = DeployKey::parse("happy-animal-123|01abcd")?;
/// # let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &key)?;
/// let request = UnpauseDeployment::new().to_request(&endpoint)?;
/// assert_eq!(request.uri().path(), "/api/v1/unpause_deployment");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct UnpauseDeployment {}

impl UnpauseDeployment {
    /// The call. It takes nothing.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Operation for UnpauseDeployment {
    type Api = DeploymentApi;
    type Output = ();
    const META: &'static OperationMeta = &OperationMeta::new::<DeploymentApi>(
        "unpause_deployment",
        Method::POST,
        "/unpause_deployment",
        Idempotency::Idempotent,
    )
    .credentials(CREDENTIALS)
    .permission("deployment:unpause")
    .empty_reply();

    fn decode(body: &Bytes) -> Result<(), DecodeError> {
        decode::nothing(body)
    }
}
