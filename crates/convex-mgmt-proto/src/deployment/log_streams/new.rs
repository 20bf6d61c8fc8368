//! New log streams: the six kinds, and what the server returns for each.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::kinds::{AxiomAttribute, AxiomIngestUrl, DatadogSiteLocation, TaggedBody, WebhookFormat, six_kinds};
use super::rules::Values;
use super::topics::LogTopics;
use crate::error::Violations;
use crate::request::secret_body::secret_body;
use crate::types::open::open_union;
use crate::types::redact::debug_redacted;
use crate::types::{LogStreamId, Secret, secret};

/// A new log stream: one of the six kinds, or [`NewLogStream`] for a kind that is chosen at run time. Implemented by this
/// library only.
pub trait NewStream: TaggedBody {
    /// The output of [`CreateLogStream`](super::CreateLogStream) for this kind.
    type Created: fmt::Debug + DeserializeOwned + Send + 'static;

    /// Checks the rules of the server that do not depend on the deployment. Values of open enums that this version does not know
    /// are left to the server.
    ///
    /// # Errors
    /// All violations, with the error codes that the server would return.
    fn check(&self) -> Result<(), Violations>;
}

secret_body! {
    /// A new stream to Datadog.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct NewDatadog {
        /// The Datadog site.
        pub site_location: DatadogSiteLocation,
        /// Datadog's API key.
        #[serde(serialize_with = "secret::exposed")]
        pub dd_api_key: Secret,
        /// Tags that are added to each event.
        pub dd_tags: Vec<String>,
        /// The service name that is added to each event. `None` adds none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub service: Option<String>,
        /// The topics to deliver.
        #[serde(default, skip_serializing_if = "LogTopics::is_all")]
        pub topics: LogTopics,
    }
}

impl NewDatadog {
    /// Creates a stream with all topics and without tags and service.
    pub fn new(site_location: DatadogSiteLocation, dd_api_key: impl Into<Secret>) -> Self {
        Self {
            site_location,
            dd_api_key: dd_api_key.into(),
            dd_tags: Vec::new(),
            service: None,
            topics: LogTopics::ALL,
        }
    }

    /// Sets the tags that are added to each event.
    pub fn dd_tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.dd_tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the service name that is added to each event.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Sets the topics to deliver.
    pub fn topics(mut self, topics: LogTopics) -> Self {
        self.topics = topics;
        self
    }
}

impl NewStream for NewDatadog {
    type Created = Created;

    fn check(&self) -> Result<(), Violations> {
        Values { topics: Some(&self.topics), ..Values::default() }.check()
    }
}

secret_body! {
    /// A new stream to a URL. Its events are signed with a secret that the server chooses.
    #[derive(Clone, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct NewWebhook {
        /// The URL that receives the events. The server returns it normalized: `https://example.com` as `https://example.com/`.
        pub url: String,
        /// The format of a delivery.
        pub format: WebhookFormat,
        /// The topics to deliver.
        #[serde(default, skip_serializing_if = "LogTopics::is_all")]
        pub topics: LogTopics,
    }
}

debug_redacted! { NewWebhook { url as redacted, format, topics } }

impl NewWebhook {
    /// Creates a stream with all topics.
    pub fn new(url: impl Into<String>, format: WebhookFormat) -> Self {
        Self { url: url.into(), format, topics: LogTopics::ALL }
    }

    /// Sets the topics to deliver.
    pub fn topics(mut self, topics: LogTopics) -> Self {
        self.topics = topics;
        self
    }
}

impl NewStream for NewWebhook {
    type Created = CreatedWebhook;

    fn check(&self) -> Result<(), Violations> {
        Values { url: Some(&self.url), topics: Some(&self.topics), ..Values::default() }.check()
    }
}

secret_body! {
    /// A new stream to Axiom.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct NewAxiom {
        /// Axiom's API key.
        #[serde(serialize_with = "secret::exposed")]
        pub api_key: Secret,
        /// The name of the dataset.
        pub dataset_name: String,
        /// Attributes that are added to each event, at most [`AXIOM_ATTRIBUTES`](super::rules::AXIOM_ATTRIBUTES).
        pub attributes: Vec<AxiomAttribute>,
        /// The URL at which Axiom accepts the events. `None` is Axiom's default URL.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ingest_url: Option<AxiomIngestUrl>,
        /// The topics to deliver.
        #[serde(default, skip_serializing_if = "LogTopics::is_all")]
        pub topics: LogTopics,
    }
}

impl NewAxiom {
    /// Creates a stream with all topics, without attributes, to Axiom's default URL.
    pub fn new(api_key: impl Into<Secret>, dataset_name: impl Into<String>) -> Self {
        Self {
            api_key: api_key.into(),
            dataset_name: dataset_name.into(),
            attributes: Vec::new(),
            ingest_url: None,
            topics: LogTopics::ALL,
        }
    }

    /// Adds an attribute to each event.
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push(AxiomAttribute::new(key, value));
        self
    }

    /// Sets the URL at which Axiom accepts the events.
    pub fn ingest_url(mut self, url: AxiomIngestUrl) -> Self {
        self.ingest_url = Some(url);
        self
    }

    /// Sets the topics to deliver.
    pub fn topics(mut self, topics: LogTopics) -> Self {
        self.topics = topics;
        self
    }
}

impl NewStream for NewAxiom {
    type Created = Created;

    fn check(&self) -> Result<(), Violations> {
        Values { attributes: Some(&self.attributes), topics: Some(&self.topics), ..Values::default() }.check()
    }
}

secret_body! {
    /// A new stream of exceptions to Sentry.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct NewSentry {
        /// Sentry's data source name (DSN), which contains a key.
        #[serde(serialize_with = "secret::exposed")]
        pub dsn: Secret,
        /// Tags that are added to each event. `None` adds no tags.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub tags: Option<BTreeMap<String, String>>,
    }
}

impl NewSentry {
    /// Creates a stream without tags.
    pub fn new(dsn: impl Into<Secret>) -> Self {
        Self { dsn: dsn.into(), tags: None }
    }

    /// Adds a tag to each event.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.get_or_insert_default().insert(key.into(), value.into());
        self
    }
}

impl NewStream for NewSentry {
    type Created = Created;

    fn check(&self) -> Result<(), Violations> {
        Values { dsn: Some(&self.dsn), tags: self.tags.as_ref(), ..Values::default() }.check()
    }
}

secret_body! {
    /// A new stream to PostHog's logs.
    #[derive(Clone, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct NewPostHogLogs {
        /// PostHog's API key.
        #[serde(serialize_with = "secret::exposed")]
        pub api_key: Secret,
        /// PostHog's URL. `None` is `https://us.i.posthog.com`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub host: Option<String>,
        /// The service name that is added to each event. `None` adds none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub service_name: Option<String>,
        /// The topics to deliver.
        #[serde(default, skip_serializing_if = "LogTopics::is_all")]
        pub topics: LogTopics,
    }
}

debug_redacted! { NewPostHogLogs { api_key, host as redacted, service_name, topics } }

impl NewPostHogLogs {
    /// Creates a stream with all topics to PostHog's default URL.
    pub fn new(api_key: impl Into<Secret>) -> Self {
        Self { api_key: api_key.into(), host: None, service_name: None, topics: LogTopics::ALL }
    }

    /// Sets PostHog's URL.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Sets the service name that is added to each event.
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = Some(name.into());
        self
    }

    /// Sets the topics to deliver.
    pub fn topics(mut self, topics: LogTopics) -> Self {
        self.topics = topics;
        self
    }
}

impl NewStream for NewPostHogLogs {
    type Created = Created;

    fn check(&self) -> Result<(), Violations> {
        Values { host: self.host.as_ref(), topics: Some(&self.topics), ..Values::default() }.check()
    }
}

secret_body! {
    /// A new stream of exceptions to PostHog's error tracking.
    #[derive(Clone, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct NewPostHogErrorTracking {
        /// PostHog's API key.
        #[serde(serialize_with = "secret::exposed")]
        pub api_key: Secret,
        /// PostHog's URL. `None` is `https://us.i.posthog.com`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub host: Option<String>,
    }
}

debug_redacted! { NewPostHogErrorTracking { api_key, host as redacted } }

impl NewPostHogErrorTracking {
    /// Creates a stream to PostHog's default URL.
    pub fn new(api_key: impl Into<Secret>) -> Self {
        Self { api_key: api_key.into(), host: None }
    }

    /// Sets PostHog's URL.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }
}

impl NewStream for NewPostHogErrorTracking {
    type Created = Created;

    fn check(&self) -> Result<(), Violations> {
        Values { host: self.host.as_ref(), ..Values::default() }.check()
    }
}

six_kinds! {
    /// A new log stream whose kind is chosen at run time. Each of the six kinds converts into it.
    NewLogStream: NewDatadog, NewWebhook, NewAxiom, NewSentry, NewPostHogLogs, NewPostHogErrorTracking
}

impl NewStream for NewLogStream {
    type Created = CreatedLogStream;

    fn check(&self) -> Result<(), Violations> {
        match self {
            Self::Datadog(new) => new.check(),
            Self::Webhook(new) => new.check(),
            Self::Axiom(new) => new.check(),
            Self::Sentry(new) => new.check(),
            Self::PostHogLogs(new) => new.check(),
            Self::PostHogErrorTracking(new) => new.check(),
        }
    }
}

/// A log stream that was created, of any kind but a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Created {
    /// The id of the stream.
    pub id: LogStreamId,
}

impl Created {
    /// Creates the value.
    pub fn new(id: impl Into<LogStreamId>) -> Self {
        Self { id: id.into() }
    }
}

/// A webhook that was created.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedWebhook {
    /// The id of the stream.
    pub id: LogStreamId,
    /// The secret with which the server signs the events.
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "secret::exposed"))]
    pub hmac_secret: Secret,
}

impl CreatedWebhook {
    /// Creates the value.
    pub fn new(id: impl Into<LogStreamId>, hmac_secret: impl Into<Secret>) -> Self {
        Self { id: id.into(), hmac_secret: hmac_secret.into() }
    }
}

open_union! {
    /// A log stream that was created from a [`NewLogStream`].
    pub enum CreatedLogStream by "logStreamType" {
        /// A stream to Datadog.
        Datadog(Created) = "datadog",
        /// A stream to a URL.
        Webhook(CreatedWebhook) = "webhook",
        /// A stream to Axiom.
        Axiom(Created) = "axiom",
        /// A stream of exceptions to Sentry.
        Sentry(Created) = "sentry",
        /// A stream to PostHog's logs.
        PostHogLogs(Created) = "postHogLogs",
        /// A stream of exceptions to PostHog's error tracking.
        PostHogErrorTracking(Created) = "postHogErrorTracking",
    }
}

impl CreatedLogStream {
    /// Returns the id; `None` for a kind that this version does not know, which it cannot create.
    pub fn id(&self) -> Option<&LogStreamId> {
        match self {
            Self::Webhook(created) => Some(&created.id),
            Self::Datadog(created)
            | Self::Axiom(created)
            | Self::Sentry(created)
            | Self::PostHogLogs(created)
            | Self::PostHogErrorTracking(created) => Some(&created.id),
            Self::_Unknown(_) => None,
        }
    }

    /// Returns the secret of a webhook; `None` for other kinds.
    pub fn hmac_secret(&self) -> Option<&Secret> {
        match self {
            Self::Webhook(created) => Some(&created.hmac_secret),
            _ => None,
        }
    }
}
