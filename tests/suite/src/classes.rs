//! One operation of each idempotency, for tests that cover all three.

use bytes::Bytes;
use convex_mgmt::deployment::usage::UsageLimitWindow;
use convex_mgmt::deployment::usage::UsageMetric;
use convex_mgmt::deployment::usage_limits::{UsageLimitConfig, UsageLimitType};
use convex_mgmt::deployment::{CreateUsageLimit, ListEnvironmentVariables, UpdateUsageLimit};
use convex_mgmt::{Client, DeploymentApi, Error, Idempotency};
use http::{Request, Response};
use tower::{BoxError, Service};

/// All values of [`Idempotency`].
pub const CLASSES: [Idempotency; 3] = [Idempotency::Safe, Idempotency::Idempotent, Idempotency::NonIdempotent];

/// A success response to each operation of this module.
pub const SUCCESS: &str = r#"{"environmentVariables":{},"usageLimit":{"id":"x","metric":"functionCalls","window":"day","limitType":"disable","limit":1,"enabled":true}}"#;

/// The usage limit of [`SUCCESS`].
pub fn usage_limit() -> UsageLimitConfig {
    UsageLimitConfig::new(UsageMetric::FunctionCalls, UsageLimitWindow::Day, UsageLimitType::Disable, 1)
}

/// The operation that is not idempotent.
pub fn create() -> CreateUsageLimit {
    CreateUsageLimit::new(usage_limit())
}

/// Sends the operation of this idempotency.
///
/// # Errors
/// The error of the client.
pub async fn send<S>(client: &Client<DeploymentApi, S>, class: Idempotency) -> Result<(), Error>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error: Into<BoxError>> + Clone,
{
    match class {
        Idempotency::Safe => client.send(&ListEnvironmentVariables::new()).await.map(drop),
        Idempotency::Idempotent => client.send(&UpdateUsageLimit::new("x", usage_limit())).await.map(drop),
        Idempotency::NonIdempotent => client.send(&create()).await.map(drop),
    }
}
