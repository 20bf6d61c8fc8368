//! One operation of each class of repetition, for tests that try them all.

use bytes::Bytes;
use convex_mgmt::deployment::{
    CreateUsageLimit, ListEnvironmentVariables, UpdateUsageLimit, UsageLimitConfig, UsageLimitType, UsageLimitWindow,
    UsageMetric,
};
use convex_mgmt::{Client, Deployment, Error, Repeat};
use http::{Request, Response};
use tower::{BoxError, Service};

/// The classes.
pub const CLASSES: [Repeat; 3] = [Repeat::Safe, Repeat::Idempotent, Repeat::Never];

/// A success of each of the operations here.
pub const DONE: &str = r#"{"environmentVariables":{},"usageLimit":{"id":"x","metric":"functionCalls","window":"day","limitType":"disable","limit":1,"enabled":true}}"#;

/// The usage limit of [`DONE`].
pub fn usage_limit() -> UsageLimitConfig {
    UsageLimitConfig::new(UsageMetric::FunctionCalls, UsageLimitWindow::Day, UsageLimitType::Disable, 1)
}

/// The operation that is never repeated when its outcome is unknown.
pub fn create() -> CreateUsageLimit {
    CreateUsageLimit::new(usage_limit())
}

/// Sends the operation of this class.
///
/// # Errors
/// The client's.
pub async fn send<S>(client: &Client<Deployment, S>, class: Repeat) -> Result<(), Error>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error: Into<BoxError>> + Clone,
{
    match class {
        Repeat::Safe => client.send(&ListEnvironmentVariables::new()).await.map(drop),
        Repeat::Idempotent => client.send(&UpdateUsageLimit::new("x", usage_limit())).await.map(drop),
        Repeat::Never => client.send(&create()).await.map(drop),
    }
}
