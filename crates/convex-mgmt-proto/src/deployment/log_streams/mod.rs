//! Log streams: deliveries of a deployment's events to another service, in six kinds. Listing, reading, creating, updating and
//! deleting them, and rotating the secret of a webhook.
//!
//! Source: convex-backend `crates/local_backend/src/log_sinks.rs`, `crates/application/src/log_streaming.rs` and
//! `crates/model/src/log_sinks`.

mod create;
mod kinds;
mod list;
mod new;
mod rotate;
pub mod rules;
mod stream;
mod topics;
mod update;

pub use self::create::CreateLogStream;
pub use self::kinds::{AxiomAttribute, AxiomIngestUrl, DatadogSiteLocation, LogStreamType, WebhookFormat};
pub use self::list::{DeleteLogStream, GetLogStream, ListLogStreams};
pub use self::new::{
    Created, CreatedLogStream, CreatedWebhook, NewAxiom, NewDatadog, NewLogStream, NewPostHogErrorTracking,
    NewPostHogLogs, NewSentry, NewStream, NewWebhook,
};
pub use self::rotate::{RotateWebhookSecret, RotatedWebhookSecret};
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
