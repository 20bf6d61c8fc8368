//! The operations of the Deployment Platform API, by topic.

pub mod audit_log;
pub mod canonical_urls;
pub mod data_sync;
pub mod environment_variables;
pub mod info;
pub mod lifecycle;
pub mod log_streams;
pub mod usage;
pub mod usage_limits;

pub use audit_log::ListAuditLogEvents;
pub use canonical_urls::{GetCanonicalUrls, UpdateCanonicalUrl};
pub use data_sync::{DataSync, ListActiveSyncs};
pub use environment_variables::{ListEnvironmentVariables, UpdateEnvironmentVariables};
pub use info::GetDeploymentInfo;
pub use lifecycle::{PauseDeployment, UnpauseDeployment};
pub use log_streams::{
    CreateLogStream, DeleteLogStream, GetLogStream, ListLogStreams, RotateWebhookSecret, UpdateLogStream,
};
pub use usage::GetCurrentUsage;
pub use usage_limits::{CreateUsageLimit, DeleteUsageLimit, ListUsageLimits, UpdateUsageLimit};

use crate::metadata::CredentialClass;

/// The credentials that every operation of the Deployment Platform API accepts.
const CREDENTIALS: &[CredentialClass] = &[
    CredentialClass::DeployKey,
    CredentialClass::OAuthTeamToken,
    CredentialClass::TeamToken,
    CredentialClass::OAuthProjectToken,
];
