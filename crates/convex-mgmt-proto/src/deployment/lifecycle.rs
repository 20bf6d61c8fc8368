//! Pausing a deployment, and letting it run again. No operation tells whether one is paused.
//!
//! Source: convex-backend `crates/local_backend/src/deployment_state.rs`.

deployment_operation! {
    /// Pauses the deployment: its functions no longer run. The operations of this API keep working. Pausing a paused deployment
    /// succeeds and changes nothing.
    ///
    /// Concurrent writers get 503 [`OptimisticConcurrencyControlFailure`](crate::ErrorCode::OptimisticConcurrencyControlFailure).
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
    pub struct PauseDeployment {}

    id: "pause_deployment",
    request: POST "/pause_deployment",
    response: empty(),
    idempotency: Idempotent,
    permission: "deployment:pause",
    codes: [PauseDeploymentFailed],
}

impl PauseDeployment {
    /// Creates the request. It has no parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

deployment_operation! {
    /// Lets a paused deployment run again.
    ///
    /// A deployment that is not paused answers with `UnpauseDeploymentFailed`. After several attempts (`Error::attempts`), this code
    /// may mean that an earlier attempt took effect.
    ///
    /// Concurrent writers get 503 [`OptimisticConcurrencyControlFailure`](crate::ErrorCode::OptimisticConcurrencyControlFailure).
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
    pub struct UnpauseDeployment {}

    id: "unpause_deployment",
    request: POST "/unpause_deployment",
    response: empty(),
    idempotency: Idempotent,
    permission: "deployment:unpause",
    codes: [UnpauseDeploymentFailed],
}

impl UnpauseDeployment {
    /// Creates the request. It has no parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for PauseDeployment {
    fn requests() -> Vec<Self> {
        vec![Self::new()]
    }
}

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for UnpauseDeployment {
    fn requests() -> Vec<Self> {
        vec![Self::new()]
    }
}
