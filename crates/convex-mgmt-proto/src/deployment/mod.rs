//! The operations of the Deployment Platform API, by topic.

pub mod canonical_urls;
pub mod environment_variables;
pub mod info;
pub mod lifecycle;
pub mod usage;
pub mod usage_limits;

pub use canonical_urls::{CanonicalUrls, GetCanonicalUrls, RequestDestination, UpdateCanonicalUrl};
pub use environment_variables::{
    EnvironmentVariableChange, EnvironmentVariables, ListEnvironmentVariables, UpdateEnvironmentVariables,
};
pub use info::{CloudDeployment, DeploymentInfo, DeploymentType, GetDeploymentInfo, SelfHostedDeployment};
pub use lifecycle::{PauseDeployment, UnpauseDeployment};
pub use usage::{CurrentUsage, GetCurrentUsage, MetricUnit, MetricUsage, SeedStatus, UsageMetric, WindowUsage};
pub use usage_limits::{
    CreateUsageLimit, DeleteUsageLimit, ListUsageLimits, UpdateUsageLimit, UsageLimit, UsageLimitConfig,
    UsageLimitType, UsageLimitWindow,
};

use crate::credential::CredentialClass;

/// The credentials that every operation of the Deployment Platform API accepts.
const CREDENTIALS: &[CredentialClass] = &[
    CredentialClass::DeployKey,
    CredentialClass::OAuthTeamToken,
    CredentialClass::TeamToken,
    CredentialClass::OAuthProjectToken,
];
