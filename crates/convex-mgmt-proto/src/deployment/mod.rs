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

pub use audit_log::{AuditLogAction, AuditLogActor, AuditLogEvent, ListAuditLogEvents, MemberActor, TokenActor};
pub use canonical_urls::{CanonicalUrls, GetCanonicalUrls, RequestDestination, UpdateCanonicalUrl};
pub use data_sync::{
    ActiveSync, ActiveSyncStatus, ComponentSelection, DataSync, DataSyncPage, DataSyncStatus, DataSyncValue, Document,
    ListActiveSyncs, Selection, TablePath, TableSelection,
};
pub use environment_variables::{
    EnvironmentPlan, EnvironmentVariableChange, EnvironmentVariables, ListEnvironmentVariables, Ownership,
    PlanConflict, PlanError, UpdateEnvironmentVariables,
};
pub use info::{CloudDeployment, DeploymentInfo, DeploymentType, GetDeploymentInfo};
pub use lifecycle::{PauseDeployment, UnpauseDeployment};
pub use log_streams::{
    AxiomAttribute, AxiomConfig, AxiomIngestUrl, AxiomUpdate, CreateLogStream, CreatedLogStream, DatadogConfig,
    DatadogSiteLocation, DatadogUpdate, DeleteLogStream, GetLogStream, ListLogStreams, LogStream, LogStreamConfig,
    LogStreamStatus, LogStreamType, LogStreamUpdate, LogTopic, LogTopics, NewAxiom, NewDatadog, NewLogStream,
    NewPostHogErrorTracking, NewPostHogLogs, NewSentry, NewWebhook, PostHogErrorTrackingConfig,
    PostHogErrorTrackingUpdate, PostHogLogsConfig, PostHogLogsUpdate, RotateWebhookSecret, RotatedSecret, SentryConfig,
    SentryUpdate, UpdateLogStream, WebhookConfig, WebhookFormat, WebhookUpdate,
};
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
