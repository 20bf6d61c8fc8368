//! Log streams: where a deployment sends what happens in it. Six kinds of them, listed, read, created, updated, deleted.
//!
//! Source: convex-backend `crates/local_backend/src/log_sinks.rs`, `crates/application/src/log_streaming.rs` and
//! `crates/model/src/log_sinks`.

mod create;
pub mod rules;
mod stream;
mod topics;
mod update;

use bytes::Bytes;
pub use create::{
    CreateLogStream, Created, CreatedLogStream, CreatedWebhook, NewAxiom, NewDatadog, NewLogStream,
    NewPostHogErrorTracking, NewPostHogLogs, NewSentry, NewWebhook,
};
use http::Method;
use serde::{Deserialize, Serialize};
pub use stream::{
    AxiomConfig, DatadogConfig, LogStream, LogStreamConfig, LogStreamFailure, LogStreamStatus,
    PostHogErrorTrackingConfig, PostHogLogsConfig, SentryConfig, WebhookConfig,
};
pub use topics::{LogTopic, LogTopics};
pub use update::{
    AxiomUpdate, DatadogUpdate, LogStreamUpdate, PostHogErrorTrackingUpdate, PostHogLogsUpdate, SentryUpdate,
    UpdateLogStream, WebhookUpdate,
};

use super::CREDENTIALS;
use crate::error::BuildError;
use crate::metadata::{DeploymentApi, Idempotency, OperationMeta};
use crate::operation::Operation;
use crate::request::RequestEncoder;
use crate::response::{DecodeError, decode};
use crate::types::LogStreamId;
use crate::types::Secret;
use crate::types::open::{open_enum, open_union};

open_enum! {
    /// The kinds of log streams.
    pub enum LogStreamType {
        /// To Datadog.
        Datadog = "datadog",
        /// To a URL, signed.
        Webhook = "webhook",
        /// To Axiom.
        Axiom = "axiom",
        /// Exceptions to Sentry.
        Sentry = "sentry",
        /// To PostHog's logs.
        PostHogLogs = "postHogLogs",
        /// Exceptions to PostHog's error tracking.
        PostHogErrorTracking = "postHogErrorTracking",
    }
}

open_enum! {
    /// Datadog's sites.
    pub enum DatadogSiteLocation {
        /// `datadoghq.com`.
        Us1 = "US1",
        /// `us3.datadoghq.com`.
        Us3 = "US3",
        /// `us5.datadoghq.com`.
        Us5 = "US5",
        /// `datadoghq.eu`.
        Eu = "EU",
        /// `ddog-gov.com`.
        Us1Fed = "US1_FED",
        /// `ap1.datadoghq.com`.
        Ap1 = "AP1",
    }
}

open_enum! {
    /// How the events of one delivery to a webhook are written. The content type is JSON's for both.
    pub enum WebhookFormat {
        /// One JSON list.
        Json = "json",
        /// One JSON object a line.
        Jsonl = "jsonl",
    }
}

open_enum! {
    /// Where Axiom takes events.
    ///
    /// `Debug` shows scheme and host only of a URL that is not known. `Display` and [`AxiomIngestUrl::as_str`] give the text.
    pub enum AxiomIngestUrl redacted {
        /// The default.
        Default = "https://api.axiom.co",
        /// In the United States.
        UsEast1 = "https://us-east-1.aws.edge.axiom.co",
        /// In the European Union.
        EuCentral1 = "https://eu-central-1.aws.edge.axiom.co",
    }
}

/// What each event to Axiom gets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct AxiomAttribute {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl AxiomAttribute {
    /// A name with a value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

/// Declares a request's union of the six kinds, one type for each.
macro_rules! six_kinds {
    ($(#[$meta:meta])* $name:ident: $datadog:ident, $webhook:ident, $axiom:ident, $sentry:ident, $logs:ident, $errors:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "serde-all", derive(serde::Deserialize, serde::Serialize))]
        #[cfg_attr(feature = "serde-all", serde(tag = "logStreamType", rename_all = "camelCase"))]
        #[non_exhaustive]
        pub enum $name {
            /// To Datadog.
            Datadog($datadog),
            /// To a URL.
            Webhook($webhook),
            /// To Axiom.
            Axiom($axiom),
            /// To Sentry.
            Sentry($sentry),
            /// To PostHog's logs.
            PostHogLogs($logs),
            /// To PostHog's error tracking.
            PostHogErrorTracking($errors),
        }

        super::six_kinds! { @from $name, Datadog $datadog, Webhook $webhook, Axiom $axiom, Sentry $sentry,
            PostHogLogs $logs, PostHogErrorTracking $errors }
    };
    (@from $name:ident, $($variant:ident $content:ident),+) => {
        impl crate::request::secret_body::Body for $name {
            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use crate::request::secret_body::Written;

                #[derive(serde::Serialize)]
                #[serde(tag = "logStreamType", rename_all = "camelCase")]
                enum Kind<'a> {
                    $( $variant(Written<'a, $content>), )+
                }
                let kind = match self {
                    $( Self::$variant(content) => Kind::$variant(Written(content)), )+
                };
                serde::Serialize::serialize(&kind, serializer)
            }
        }

        $(
        impl From<$content> for $name {
            fn from(content: $content) -> Self {
                Self::$variant(content)
            }
        }
        )+
    };
}
use six_kinds;

/// Lists the log streams of a deployment, in no order that means anything. Those that are being deleted are among them for
/// some seconds.
///
/// * Credential: any of the deployment's, with the permission `deployment:integrations:view`.
/// * Repeating it is safe.
/// * Gives the streams, webhooks with their secrets.
/// * Codes: those of every operation only.
///
/// ```
/// use convex_mgmt::Operation;
/// use convex_mgmt::deployment::ListLogStreams;
/// use convex_mgmt::deployment::log_streams::LogStreamStatus;
///
/// let body = r#"[{"logStreamType":"sentry","id":"x","status":{"type":"active"}}]"#;
/// let streams = ListLogStreams::decode(&body.into())?;
/// assert!(streams.iter().all(|stream| stream.status == LogStreamStatus::Active));
/// # Ok::<(), convex_mgmt::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ListLogStreams {}

impl ListLogStreams {
    /// The call. It takes nothing.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Operation for ListLogStreams {
    type Api = DeploymentApi;
    type Output = Vec<LogStream>;
    const META: &'static OperationMeta =
        &OperationMeta::new::<DeploymentApi>("list_log_streams", Method::GET, "/list_log_streams", Idempotency::Safe)
            .credentials(CREDENTIALS)
            .permission("deployment:integrations:view")
            .secret_reply();

    fn decode(body: &Bytes) -> Result<Vec<LogStream>, DecodeError> {
        decode::list(body)
    }
}

/// Declares an operation that takes the id of a log stream and nothing else.
macro_rules! by_id {
    ($(#[$meta:meta])* $name:ident: $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            /// Which log stream.
            pub id: LogStreamId,
        }

        impl $name {
            #[doc = $what]
            pub fn new(id: impl Into<LogStreamId>) -> Self {
                Self { id: id.into() }
            }
        }
    };
}

by_id! {
    /// Reads one log stream.
    ///
    /// * Credential: any of the deployment's, with the permission `deployment:integrations:view`.
    /// * Repeating it is safe.
    /// * Gives the stream, a webhook with its secret.
    /// * Codes: `InvalidLogStreamId`, `LogStreamDoesntExist`, `UnsupportedLogStreamType`.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::GetLogStream;
    /// use convex_mgmt::deployment::log_streams::LogStreamType;
    ///
    /// let body = r#"{"logStreamType":"sentry","id":"x","status":{"type":"pending"}}"#;
    /// let stream = GetLogStream::decode(&body.into())?;
    /// assert_eq!(stream.config.log_stream_type(), LogStreamType::Sentry);
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    GetLogStream: "Reads this log stream."
}

impl Operation for GetLogStream {
    type Api = DeploymentApi;
    type Output = LogStream;
    const META: &'static OperationMeta =
        &OperationMeta::new::<DeploymentApi>("get_log_stream", Method::GET, "/get_log_stream/{id}", Idempotency::Safe)
            .credentials(CREDENTIALS)
            .permission("deployment:integrations:view")
            .secret_reply();

    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        request.path("id", self.id.as_str())
    }

    fn decode(body: &Bytes) -> Result<LogStream, DecodeError> {
        decode::object(body)
    }
}

by_id! {
    /// Deletes a log stream. Its kind is free for a new one at once.
    ///
    /// * Credential: any of the deployment's, with the permission `deployment:integrations:write`.
    /// * Repeating it leaves the same state, but is answered with `LogStreamDoesntExist`. After an attempt that may have been
    ///   carried out that is a success, with [`Reply::already_deleted`](crate::Reply::already_deleted).
    /// * Success has no content.
    /// * Codes: `InvalidLogStreamId`, `LogStreamDoesntExist`, 403 `LogStreamingNotEnabled`.
    ///
    /// ```
    /// use convex_mgmt::deployment::DeleteLogStream;
    /// use convex_mgmt::{DeployKey, Endpoint, Operation};
    ///
    /// # let key = DeployKey::parse("happy-animal-123|01abcd")?;
    /// # let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &key)?;
    /// let request = DeleteLogStream::new("a/b").to_request(&endpoint)?;
    /// assert_eq!(request.uri().path(), "/api/v1/delete_log_stream/a%2Fb");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    DeleteLogStream: "Deletes this log stream."
}

impl Operation for DeleteLogStream {
    type Api = DeploymentApi;
    type Output = ();
    const META: &'static OperationMeta = &OperationMeta::new::<DeploymentApi>(
        "delete_log_stream",
        Method::POST,
        "/delete_log_stream/{id}",
        Idempotency::Idempotent,
    )
    .credentials(CREDENTIALS)
    .permission("deployment:integrations:write")
    .empty_reply()
    .not_found_code("LogStreamDoesntExist")
    .verify_with("list_log_streams");

    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        request.path("id", self.id.as_str())
    }

    fn decode(body: &Bytes) -> Result<(), DecodeError> {
        decode::nothing(body)
    }
}

by_id! {
    /// Gives a webhook a new secret.
    ///
    /// A running delivery keeps signing with the old one until the stream is updated or the server restarts: accept both for
    /// a while, or send an update that changes nothing ([`WebhookUpdate::new`]) right after.
    ///
    /// * Credential: any of the deployment's, with the permission `deployment:integrations:write`.
    /// * It is not repeated when its outcome is unknown. Then read the stream, which tells the newest secret.
    /// * Gives the new secret.
    /// * Codes: `InvalidLogStreamId`, `LogStreamDoesntExist`, `NoSecretToRotate`, 403 `LogStreamingNotEnabled`.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::RotateWebhookSecret;
    ///
    /// let body = r#"{"logStreamType":"webhook","hmacSecret":"made-up"}"#;
    /// let rotated = RotateWebhookSecret::decode(&body.into())?;
    /// assert_eq!(rotated.hmac_secret().map(|secret| secret.expose()), Some("made-up"));
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    RotateWebhookSecret: "Gives this webhook a new secret."
}

impl Operation for RotateWebhookSecret {
    type Api = DeploymentApi;
    type Output = RotatedSecret;
    const META: &'static OperationMeta = &OperationMeta::new::<DeploymentApi>(
        "rotate_webhook_secret",
        Method::POST,
        "/rotate_webhook_secret/{id}",
        Idempotency::NonIdempotent,
    )
    .credentials(CREDENTIALS)
    .permission("deployment:integrations:write")
    .secret_reply()
    .verify_with("get_log_stream");

    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        request.path("id", self.id.as_str())
    }

    fn decode(body: &Bytes) -> Result<RotatedSecret, DecodeError> {
        decode::object(body)
    }
}

/// A webhook's new secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RotatedWebhookSecret {
    /// With what events will be signed.
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "crate::types::secret::exposed"))]
    pub hmac_secret: Secret,
}

impl RotatedWebhookSecret {
    /// This secret.
    pub fn new(hmac_secret: impl Into<Secret>) -> Self {
        Self { hmac_secret: hmac_secret.into() }
    }
}

open_union! {
    /// The new secret of a log stream. Only webhooks have one so far.
    pub enum RotatedSecret by "logStreamType" {
        /// Of a webhook.
        Webhook(RotatedWebhookSecret) = "webhook",
    }
}

impl RotatedSecret {
    /// With what a webhook's events will be signed; `None` for a kind that this version does not know.
    pub fn hmac_secret(&self) -> Option<&Secret> {
        match self {
            Self::Webhook(webhook) => Some(&webhook.hmac_secret),
            Self::_Unknown(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
