//! Log streams: where a deployment sends what happens in it. Six kinds of them, listed, read, created, updated, deleted.
//!
//! Source: convex-backend `crates/local_backend/src/log_sinks.rs`, `crates/application/src/log_streaming.rs` and
//! `crates/model/src/log_sinks`.

mod create;
mod delete;
mod kinds;
mod list;
mod rotate;
pub mod rules;
mod stream;
mod topics;
mod update;

pub use self::create::{
    CreateLogStream, Created, CreatedLogStream, CreatedWebhook, NewAxiom, NewDatadog, NewLogStream,
    NewPostHogErrorTracking, NewPostHogLogs, NewSentry, NewWebhook,
};
pub use self::delete::DeleteLogStream;
pub use self::kinds::{AxiomAttribute, AxiomIngestUrl, DatadogSiteLocation, LogStreamType, WebhookFormat};
pub use self::list::{GetLogStream, ListLogStreams};
pub use self::rotate::{RotateWebhookSecret, RotatedSecret, RotatedWebhookSecret};
pub use self::stream::{
    AxiomConfig, DatadogConfig, LogStream, LogStreamConfig, LogStreamFailure, LogStreamStatus,
    PostHogErrorTrackingConfig, PostHogLogsConfig, SentryConfig, WebhookConfig,
};
pub use self::topics::{LogTopic, LogTopics};
pub use self::update::{
    AxiomUpdate, DatadogUpdate, LogStreamUpdate, PostHogErrorTrackingUpdate, PostHogLogsUpdate, SentryUpdate,
    UpdateLogStream, WebhookUpdate,
};

#[cfg(feature = "samples")]
mod samples;

#[cfg(test)]
mod tests;
