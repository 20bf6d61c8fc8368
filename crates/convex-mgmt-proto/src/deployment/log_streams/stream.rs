//! [`LogStream`]: a log stream as it is read back.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess};
use serde::{Deserialize, de::IntoDeserializer};

use super::{AxiomAttribute, AxiomIngestUrl, DatadogSiteLocation, LogStreamType, LogTopics, WebhookFormat};
use crate::types::LogStreamId;
use crate::types::Secret;
use crate::types::open::open_union;
use crate::types::redact::debug_redacted;

/// A log stream of a deployment. Of its secrets, only a webhook's is ever told.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogStream {
    /// Its id.
    pub id: LogStreamId,
    /// How it does.
    pub status: LogStreamStatus,
    /// Its kind, and what is set for it.
    pub config: LogStreamConfig,
}

impl LogStream {
    /// A log stream.
    pub fn new(id: impl Into<LogStreamId>, status: LogStreamStatus, config: LogStreamConfig) -> Self {
        Self { id: id.into(), status, config }
    }
}

open_union! {
    /// How a log stream does. A new or updated one is pending until its test event was taken, or has failed.
    pub enum LogStreamStatus by "type" {
        /// Its test event is on the way.
        Pending = "pending",
        /// The server was restarted; it goes on.
        Restarting = "restarting",
        /// It was given up. It stays so until it is updated.
        Failed(LogStreamFailure) = "failed",
        /// It delivers.
        Active = "active",
        /// It is being deleted.
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

/// Why a log stream was given up.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LogStreamFailure {
    /// The reason, for people. It may quote the stream's URL.
    pub reason: String,
}

debug_redacted! { LogStreamFailure { reason as redacted } }

impl LogStreamFailure {
    /// For this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

open_union! {
    /// The kind of a log stream, and what is set for it.
    pub enum LogStreamConfig by "logStreamType" {
        /// To Datadog.
        Datadog(DatadogConfig) = "datadog",
        /// To a URL.
        Webhook(WebhookConfig) = "webhook",
        /// To Axiom.
        Axiom(AxiomConfig) = "axiom",
        /// To Sentry.
        Sentry(SentryConfig) = "sentry",
        /// To PostHog's logs.
        PostHogLogs(PostHogLogsConfig) = "postHogLogs",
        /// To PostHog's error tracking.
        PostHogErrorTracking(PostHogErrorTrackingConfig) = "postHogErrorTracking",
    }
}

impl LogStreamConfig {
    /// The kind.
    pub fn log_stream_type(&self) -> LogStreamType {
        self.tag().into()
    }

    /// The topics, for a kind that has them.
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

/// A stream to Datadog. Its API key is not told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DatadogConfig {
    /// Which of Datadog's sites.
    pub site_location: DatadogSiteLocation,
    /// Tags that each event gets.
    pub dd_tags: Vec<String>,
    /// The service that each event gets, if one is set.
    #[cfg_attr(feature = "serde-all", serde(skip_serializing_if = "Option::is_none"))]
    pub service: Option<String>,
    /// Which topics.
    #[serde(default)]
    pub topics: LogTopics,
}

impl DatadogConfig {
    /// With all topics, and neither tags nor service.
    pub fn new(site_location: DatadogSiteLocation) -> Self {
        Self { site_location, dd_tags: Vec::new(), service: None, topics: LogTopics::ALL }
    }
}

/// A stream to a URL.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WebhookConfig {
    /// Where to, normalised: `https://example.com/` for `https://example.com`.
    pub url: String,
    /// How events are written.
    pub format: WebhookFormat,
    /// With what events are signed: HMAC with SHA-256, keyed with this text as it is.
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "crate::types::secret::exposed"))]
    pub hmac_secret: Secret,
    /// Which topics.
    #[serde(default)]
    pub topics: LogTopics,
}

debug_redacted! { WebhookConfig { url as redacted, format, hmac_secret, topics } }

impl WebhookConfig {
    /// With all topics.
    pub fn new(url: impl Into<String>, format: WebhookFormat, hmac_secret: impl Into<Secret>) -> Self {
        Self { url: url.into(), format, hmac_secret: hmac_secret.into(), topics: LogTopics::ALL }
    }
}

/// A stream to Axiom. Its API key is not told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AxiomConfig {
    /// The name of the dataset.
    pub dataset_name: String,
    /// What each event gets.
    pub attributes: Vec<AxiomAttribute>,
    /// Where to, if it is set.
    #[cfg_attr(feature = "serde-all", serde(skip_serializing_if = "Option::is_none"))]
    pub ingest_url: Option<AxiomIngestUrl>,
    /// Which topics.
    #[serde(default)]
    pub topics: LogTopics,
}

impl AxiomConfig {
    /// With all topics, no attributes, and Axiom's default URL.
    pub fn new(dataset_name: impl Into<String>) -> Self {
        Self { dataset_name: dataset_name.into(), attributes: Vec::new(), ingest_url: None, topics: LogTopics::ALL }
    }
}

/// A stream of exceptions to Sentry. Its data source name is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SentryConfig {
    /// Tags that each event gets, if they are set.
    #[cfg_attr(feature = "serde-all", serde(skip_serializing_if = "Option::is_none"))]
    pub tags: Option<BTreeMap<String, String>>,
}

impl SentryConfig {
    /// Without tags.
    pub fn new() -> Self {
        Self::default()
    }
}

/// A stream to PostHog's logs. Its API key is not told.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PostHogLogsConfig {
    /// PostHog's URL, if it is set.
    #[cfg_attr(feature = "serde-all", serde(skip_serializing_if = "Option::is_none"))]
    pub host: Option<String>,
    /// The service that each event gets, if one is set.
    #[cfg_attr(feature = "serde-all", serde(skip_serializing_if = "Option::is_none"))]
    pub service_name: Option<String>,
    /// Which topics.
    #[serde(default)]
    pub topics: LogTopics,
}

debug_redacted! { PostHogLogsConfig { host as redacted, service_name, topics } }

impl PostHogLogsConfig {
    /// With all topics, to PostHog's default URL.
    pub fn new() -> Self {
        Self::default()
    }
}

/// A stream of exceptions to PostHog's error tracking. Its API key is not told.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PostHogErrorTrackingConfig {
    /// PostHog's URL, if it is set.
    #[cfg_attr(feature = "serde-all", serde(skip_serializing_if = "Option::is_none"))]
    pub host: Option<String>,
}

debug_redacted! { PostHogErrorTrackingConfig { host as redacted } }

impl PostHogErrorTrackingConfig {
    /// To PostHog's default URL.
    pub fn new() -> Self {
        Self::default()
    }
}

/// The id and the status stand among the fields of the kind on the wire.
impl<'de> Deserialize<'de> for LogStream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> de::Visitor<'de> for Object {
            type Value = LogStream;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with the field `logStreamType`")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LogStream, A::Error> {
                let mut common = Common { map, id: None, status: None };
                let config = LogStreamConfig::deserialize(MapAccessDeserializer::new(&mut common))?;
                let id = common.id.ok_or_else(|| de::Error::missing_field("id"))?;
                let status = common.status.ok_or_else(|| de::Error::missing_field("status"))?;
                Ok(LogStream { id, status, config })
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Takes the fields that all kinds have out of an object's fields, and gives the rest on.
struct Common<A> {
    map: A,
    id: Option<LogStreamId>,
    status: Option<LogStreamStatus>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for &mut Common<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<String>()? {
            match key.as_str() {
                "id" if self.id.is_some() => return Err(de::Error::duplicate_field("id")),
                "id" => self.id = Some(self.map.next_value()?),
                "status" if self.status.is_some() => return Err(de::Error::duplicate_field("status")),
                "status" => self.status = Some(self.map.next_value()?),
                _ => {
                    let key: StringDeserializer<A::Error> = key.into_deserializer();
                    return seed.deserialize(key).map(Some);
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
        use std::borrow::Cow;

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
            // Raw JSON cannot be put among other fields as a whole, but field by field.
            LogStreamConfig::_Unknown(object) => {
                let config: BTreeMap<Cow<'_, str>, &RawValue> =
                    serde_json::from_str(object.json()).map_err(S::Error::custom)?;
                Fields { id, status, config }.serialize(serializer)
            }
            config => Fields { id, status, config }.serialize(serializer),
        }
    }
}
