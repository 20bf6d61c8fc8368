//! [`LogStream`]: a log stream of a deployment, with its status and settings.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess};
use serde::{Deserialize, de::IntoDeserializer};

use super::kinds::{AxiomAttribute, AxiomIngestUrl, DatadogSiteLocation, LogStreamType, WebhookFormat};
use super::topics::LogTopics;
use crate::types::json::{self, Plain};
use crate::types::open::{self, open_union};
use crate::types::redact::debug_redacted;
use crate::types::text;
use crate::types::{LogStreamId, Secret, Text};

/// A log stream of a deployment. The server returns only the secret of a webhook, and no other key.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogStream {
    /// The id of the stream.
    pub id: LogStreamId,
    /// The stream's delivery status.
    pub status: LogStreamStatus,
    /// The kind of the stream, and its settings.
    pub config: LogStreamConfig,
}

impl LogStream {
    /// Creates the value.
    pub fn new(id: impl Into<LogStreamId>, status: LogStreamStatus, config: LogStreamConfig) -> Self {
        Self { id: id.into(), status, config }
    }
}

open_union! {
    /// Delivery status of a log stream.
    ///
    /// A stream is `Pending` after it is created or updated, until its test event succeeds or fails.
    pub enum LogStreamStatus by "type" {
        /// The server is delivering the test event.
        Pending = "pending",
        /// The server restarted; delivery is resuming.
        Restarting = "restarting",
        /// Delivery has stopped. The stream stays failed until it is updated.
        Failed(LogStreamFailure) = "failed",
        /// The stream delivers events.
        Active = "active",
        /// The stream is being deleted.
        Deleting = "deleting",
    }
}

impl LogStreamStatus {
    /// Returns `true` if the status does not change by itself soon: the stream delivers, has failed, or is being deleted.
    ///
    /// `false` while the server tests or resumes the stream, so a loop that waits for the outcome reads the stream again. A test
    /// takes up to 15 seconds. `true` for a status that this version does not know: waiting might never end.
    ///
    /// ```
    /// use convex_mgmt::deployment::log_streams::LogStreamStatus;
    ///
    /// assert!(LogStreamStatus::Active.is_settled() && !LogStreamStatus::Pending.is_settled());
    /// ```
    pub fn is_settled(&self) -> bool {
        !matches!(self, Self::Pending | Self::Restarting)
    }
}

/// The failure of a log stream.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LogStreamFailure {
    /// The reason, for people. It may quote the stream's URL.
    pub reason: Text,
}

debug_redacted! { LogStreamFailure { reason as redacted } }

impl LogStreamFailure {
    /// Creates the value.
    pub fn new(reason: impl Into<Text>) -> Self {
        Self { reason: reason.into() }
    }
}

open_union! {
    /// The kind of a log stream, and its settings.
    pub enum LogStreamConfig by "logStreamType" {
        /// A stream to Datadog.
        Datadog(DatadogConfig) = "datadog",
        /// A stream to a URL.
        Webhook(WebhookConfig) = "webhook",
        /// A stream to Axiom.
        Axiom(AxiomConfig) = "axiom",
        /// A stream of exceptions to Sentry.
        Sentry(SentryConfig) = "sentry",
        /// A stream to PostHog's logs.
        PostHogLogs(PostHogLogsConfig) = "postHogLogs",
        /// A stream of exceptions to PostHog's error tracking.
        PostHogErrorTracking(PostHogErrorTrackingConfig) = "postHogErrorTracking",
    }
}

impl LogStreamConfig {
    /// Returns the kind.
    pub fn log_stream_type(&self) -> LogStreamType {
        self.tag().into()
    }

    /// Returns the topics; `None` for a kind without topics.
    pub fn topics(&self) -> Option<&LogTopics> {
        match self {
            Self::Datadog(config) => Some(&config.topics),
            Self::Webhook(config) => Some(&config.topics),
            Self::Axiom(config) => Some(&config.topics),
            Self::PostHogLogs(config) => Some(&config.topics),
            Self::Sentry(_) | Self::PostHogErrorTracking(_) | Self::_Unknown(_) => None,
        }
    }
}

/// The settings of a stream to Datadog. The server does not return its API key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DatadogConfig {
    /// The Datadog site.
    pub site_location: DatadogSiteLocation,
    /// Tags that are added to each event.
    pub dd_tags: Vec<Text>,
    /// The service name that is added to each event, if set.
    #[cfg_attr(feature = "serde-all", serde(skip_serializing_if = "Option::is_none"))]
    pub service: Option<Text>,
    /// The topics that are delivered.
    #[serde(default)]
    pub topics: LogTopics,
}

impl DatadogConfig {
    /// Creates settings with all topics and without tags and service.
    pub fn new(site_location: DatadogSiteLocation) -> Self {
        Self { site_location, dd_tags: Vec::new(), service: None, topics: LogTopics::ALL }
    }
}

/// The settings of a stream to a URL.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WebhookConfig {
    /// The URL that receives the events, normalized: `https://example.com/` for `https://example.com`.
    pub url: Text,
    /// The format of a delivery.
    pub format: WebhookFormat,
    /// The secret with which the server signs events: HMAC-SHA-256, with the bytes of this text as the key.
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "crate::types::secret::exposed"))]
    pub hmac_secret: Secret,
    /// The topics that are delivered.
    #[serde(default)]
    pub topics: LogTopics,
}

debug_redacted! { WebhookConfig { url as redacted, format, hmac_secret, topics } }

impl WebhookConfig {
    /// Creates settings with all topics.
    pub fn new(url: impl Into<Text>, format: WebhookFormat, hmac_secret: impl Into<Secret>) -> Self {
        Self { url: url.into(), format, hmac_secret: hmac_secret.into(), topics: LogTopics::ALL }
    }
}

/// The settings of a stream to Axiom. The server does not return its API key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AxiomConfig {
    /// The name of the dataset.
    pub dataset_name: Text,
    /// Attributes that are added to each event.
    pub attributes: Vec<AxiomAttribute>,
    /// The URL at which Axiom accepts the events, if set.
    #[cfg_attr(feature = "serde-all", serde(skip_serializing_if = "Option::is_none"))]
    pub ingest_url: Option<AxiomIngestUrl>,
    /// The topics that are delivered.
    #[serde(default)]
    pub topics: LogTopics,
}

impl AxiomConfig {
    /// Creates settings with all topics, without attributes, to Axiom's default URL.
    pub fn new(dataset_name: impl Into<Text>) -> Self {
        Self { dataset_name: dataset_name.into(), attributes: Vec::new(), ingest_url: None, topics: LogTopics::ALL }
    }
}

/// The settings of a stream of exceptions to Sentry. The server does not return its data source name (DSN).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SentryConfig {
    /// Tags that are added to each event, if set.
    #[cfg_attr(feature = "serde-all", serde(skip_serializing_if = "Option::is_none"))]
    pub tags: Option<BTreeMap<String, String>>,
}

impl SentryConfig {
    /// Creates settings without tags.
    pub fn new() -> Self {
        Self::default()
    }
}

/// The settings of a stream to PostHog's logs. The server does not return its API key.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PostHogLogsConfig {
    /// PostHog's URL, if set.
    #[cfg_attr(feature = "serde-all", serde(skip_serializing_if = "Option::is_none"))]
    pub host: Option<Text>,
    /// The service name that is added to each event, if set.
    #[cfg_attr(feature = "serde-all", serde(skip_serializing_if = "Option::is_none"))]
    pub service_name: Option<Text>,
    /// The topics that are delivered.
    #[serde(default)]
    pub topics: LogTopics,
}

debug_redacted! { PostHogLogsConfig { host as redacted, service_name, topics } }

impl PostHogLogsConfig {
    /// Creates settings with all topics, to PostHog's default URL.
    pub fn new() -> Self {
        Self::default()
    }
}

/// The settings of a stream of exceptions to PostHog's error tracking. The server does not return its API key.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PostHogErrorTrackingConfig {
    /// PostHog's URL, if set.
    #[cfg_attr(feature = "serde-all", serde(skip_serializing_if = "Option::is_none"))]
    pub host: Option<Text>,
}

debug_redacted! { PostHogErrorTrackingConfig { host as redacted } }

impl PostHogErrorTrackingConfig {
    /// Creates settings for PostHog's default URL.
    pub fn new() -> Self {
        Self::default()
    }
}

/// On the wire, the id and the status are in one object with the settings.
impl<'de> Deserialize<'de> for LogStream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object::default())
    }
}

/// Reads the object of a stream, whose first fields may have been read already.
#[derive(Default)]
struct Object {
    id: Option<LogStreamId>,
    status: Option<LogStreamStatus>,
}

impl<'de> de::Visitor<'de> for Object {
    type Value = LogStream;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the field `logStreamType`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LogStream, A::Error> {
        let mut common = Common { map, object: self };
        let config = match open::read_fields(&mut common)? {
            Ok(config) => config,
            Err(json) => {
                let read = json::read_with::<Plain, _>(json.get(), |reader| reader.deserialize_map(common.object));
                return read.map_err(de::Error::custom);
            }
        };
        let Self { id, status } = common.object;
        let id = id.ok_or_else(|| de::Error::missing_field("id"))?;
        let status = status.ok_or_else(|| de::Error::missing_field("status"))?;
        Ok(LogStream { id, status, config })
    }
}

/// Reads the fields that all kinds have, and passes on the other fields of the object.
struct Common<A> {
    map: A,
    object: Object,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for &mut Common<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key_seed(text::Borrowed)? {
            match &*key {
                "id" if self.object.id.is_some() => return Err(de::Error::duplicate_field("id")),
                "id" => self.object.id = Some(self.map.next_value()?),
                "status" if self.object.status.is_some() => return Err(de::Error::duplicate_field("status")),
                "status" => self.object.status = Some(self.map.next_value()?),
                _ => {
                    let key = match key {
                        Cow::Borrowed(key) => seed.deserialize(BorrowedStrDeserializer::new(key)),
                        Cow::Owned(key) => seed.deserialize(key.into_deserializer()),
                    };
                    return key.map(Some);
                }
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

#[cfg(feature = "serde-all")]
impl serde::Serialize for LogStream {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error;
        use serde_json::value::RawValue;

        #[derive(serde::Serialize)]
        struct Fields<'a, C> {
            id: &'a LogStreamId,
            status: &'a LogStreamStatus,
            #[serde(flatten)]
            config: C,
        }
        let (id, status) = (&self.id, &self.status);
        match &self.config {
            // Raw JSON cannot be flattened as a whole, only field by field.
            LogStreamConfig::_Unknown(object) => {
                let config: BTreeMap<Cow<'_, str>, &RawValue> =
                    serde_json::from_str(object.json()).map_err(S::Error::custom)?;
                Fields { id, status, config }.serialize(serializer)
            }
            config => Fields { id, status, config }.serialize(serializer),
        }
    }
}
