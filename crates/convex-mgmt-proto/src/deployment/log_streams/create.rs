//! Creating a log stream: what each of the six kinds takes, and what comes back.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;

use super::rules::Values;
use super::{AxiomAttribute, AxiomIngestUrl, DatadogSiteLocation, LogTopics, WebhookFormat};
use crate::deployment::CREDENTIALS;
use crate::error::{BuildError, Violations};
use crate::metadata::{DeploymentApi, Idempotency, OperationMeta};
use crate::operation::Operation;
use crate::request::RequestEncoder;
use crate::request::secret_body::{Written, secret_body};
use crate::response::{DecodeError, decode};
use crate::types::LogStreamId;
use crate::types::open::open_union;
use crate::types::redact::debug_redacted;
use crate::types::{Secret, secret};

secret_body! {
    /// A new stream to Datadog.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct NewDatadog {
        /// Which of Datadog's sites.
        pub site_location: DatadogSiteLocation,
        /// Datadog's API key.
        #[serde(serialize_with = "secret::exposed")]
        pub dd_api_key: Secret,
        /// Tags that each event gets.
        pub dd_tags: Vec<String>,
        /// The service that each event gets.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub service: Option<String>,
        /// Which topics.
        #[serde(default, skip_serializing_if = "LogTopics::is_all")]
        pub topics: LogTopics,
    }
}

impl NewDatadog {
    /// With all topics, and neither tags nor service.
    pub fn new(site_location: DatadogSiteLocation, dd_api_key: impl Into<Secret>) -> Self {
        Self {
            site_location,
            dd_api_key: dd_api_key.into(),
            dd_tags: Vec::new(),
            service: None,
            topics: LogTopics::ALL,
        }
    }

    /// Gives each event these tags.
    pub fn dd_tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.dd_tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// Gives each event this service.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Delivers these topics.
    pub fn topics(mut self, topics: LogTopics) -> Self {
        self.topics = topics;
        self
    }
}

secret_body! {
    /// A new stream to a URL. Its events are signed with a secret that the server chooses.
    #[derive(Clone, PartialEq, Eq)]
    #[serde(rename_all = "camelCase")]
    pub struct NewWebhook {
        /// Where to. The server gives it back normalised: `https://example.com` as `https://example.com/`.
        pub url: String,
        /// How events are written.
        pub format: WebhookFormat,
        /// Which topics.
        #[serde(default, skip_serializing_if = "LogTopics::is_all")]
        pub topics: LogTopics,
    }
}

debug_redacted! { NewWebhook { url as redacted, format, topics } }

impl NewWebhook {
    /// With all topics.
    pub fn new(url: impl Into<String>, format: WebhookFormat) -> Self {
        Self { url: url.into(), format, topics: LogTopics::ALL }
    }

    /// Delivers these topics.
    pub fn topics(mut self, topics: LogTopics) -> Self {
        self.topics = topics;
        self
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
        /// What each event gets, at most [`AXIOM_ATTRIBUTES`](super::rules::AXIOM_ATTRIBUTES).
        pub attributes: Vec<AxiomAttribute>,
        /// Where to.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ingest_url: Option<AxiomIngestUrl>,
        /// Which topics.
        #[serde(default, skip_serializing_if = "LogTopics::is_all")]
        pub topics: LogTopics,
    }
}

impl NewAxiom {
    /// With all topics, no attributes, and Axiom's default URL.
    pub fn new(api_key: impl Into<Secret>, dataset_name: impl Into<String>) -> Self {
        Self {
            api_key: api_key.into(),
            dataset_name: dataset_name.into(),
            attributes: Vec::new(),
            ingest_url: None,
            topics: LogTopics::ALL,
        }
    }

    /// Gives each event an attribute.
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push(AxiomAttribute::new(key, value));
        self
    }

    /// Sends to this URL of Axiom's.
    pub fn ingest_url(mut self, url: AxiomIngestUrl) -> Self {
        self.ingest_url = Some(url);
        self
    }

    /// Delivers these topics.
    pub fn topics(mut self, topics: LogTopics) -> Self {
        self.topics = topics;
        self
    }
}

secret_body! {
    /// A new stream of exceptions to Sentry.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct NewSentry {
        /// Sentry's data source name, which holds a key.
        #[serde(serialize_with = "secret::exposed")]
        pub dsn: Secret,
        /// Tags that each event gets.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub tags: Option<BTreeMap<String, String>>,
    }
}

impl NewSentry {
    /// Without tags.
    pub fn new(dsn: impl Into<Secret>) -> Self {
        Self { dsn: dsn.into(), tags: None }
    }

    /// Gives each event a tag.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.get_or_insert_default().insert(key.into(), value.into());
        self
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
        /// PostHog's URL; `https://us.i.posthog.com` if there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub host: Option<String>,
        /// The service that each event gets.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub service_name: Option<String>,
        /// Which topics.
        #[serde(default, skip_serializing_if = "LogTopics::is_all")]
        pub topics: LogTopics,
    }
}

debug_redacted! { NewPostHogLogs { api_key, host as redacted, service_name, topics } }

impl NewPostHogLogs {
    /// With all topics, to PostHog's default URL.
    pub fn new(api_key: impl Into<Secret>) -> Self {
        Self { api_key: api_key.into(), host: None, service_name: None, topics: LogTopics::ALL }
    }

    /// Sends to this URL.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Gives each event this service.
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = Some(name.into());
        self
    }

    /// Delivers these topics.
    pub fn topics(mut self, topics: LogTopics) -> Self {
        self.topics = topics;
        self
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
        /// PostHog's URL; `https://us.i.posthog.com` if there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub host: Option<String>,
    }
}

debug_redacted! { NewPostHogErrorTracking { api_key, host as redacted } }

impl NewPostHogErrorTracking {
    /// To PostHog's default URL.
    pub fn new(api_key: impl Into<Secret>) -> Self {
        Self { api_key: api_key.into(), host: None }
    }

    /// Sends to this URL.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }
}

super::six_kinds! {
    /// A new log stream of one of the six kinds.
    NewLogStream: NewDatadog, NewWebhook, NewAxiom, NewSentry, NewPostHogLogs, NewPostHogErrorTracking
}

impl NewLogStream {
    /// Checks what the server would refuse whatever the deployment. A site, a format, a topic or an ingest URL that this
    /// version does not know is left to the server.
    ///
    /// # Errors
    /// All problems, with the codes that the server would answer.
    pub fn check(&self) -> Result<(), Violations> {
        match self {
            Self::Datadog(new) => Values { topics: Some(&new.topics), ..Values::default() },
            Self::Webhook(new) => Values { url: Some(&new.url), topics: Some(&new.topics), ..Values::default() },
            Self::Axiom(new) => {
                Values { attributes: Some(&new.attributes), topics: Some(&new.topics), ..Values::default() }
            }
            Self::Sentry(new) => Values { dsn: Some(&new.dsn), tags: new.tags.as_ref(), ..Values::default() },
            Self::PostHogLogs(new) => {
                Values { host: new.host.as_ref(), topics: Some(&new.topics), ..Values::default() }
            }
            Self::PostHogErrorTracking(new) => Values { host: new.host.as_ref(), ..Values::default() },
        }
        .check()
    }
}

/// Creates a log stream. A deployment has one of each kind at most, and five at most. The server then sends it a test event
/// and sets its status by the outcome.
///
/// * Credential: any of the deployment's, with the permission `deployment:integrations:write`.
/// * It is not repeated when its outcome is unknown. Then list, and look for the kind; a webhook's secret is readable there.
///   List after creating from several places too: of two creations at the same time the later one may replace the other.
/// * Gives the id, and a webhook's secret.
/// * The test of a webhook is signed with a secret that the caller does not have yet. A receiver that rejects it with a 4xx
///   status makes the stream [`Failed`](super::LogStreamStatus::Failed) until it is updated. After a 5xx status, 408, 425 or 429
///   the server tries again, with 3 attempts within 15 seconds in all. Either the receiver accepts the event of the topic
///   [`Verification`](super::LogTopic::Verification) without checking its signature as long as it has no secret, or the caller
///   stores the secret and then sends an update that changes nothing ([`WebhookUpdate::new`](super::WebhookUpdate::new)): the
///   server tests the stream again.
/// * Codes: those of [`NewLogStream::check`], 409 `LogStreamAlreadyExists`, `LogSinkQuotaExceeded`, 403
///   `LogStreamingNotEnabled` and `CustomAuditLogsInLogStreamsNotEnabled`.
///
/// ```
/// use convex_mgmt::deployment::CreateLogStream;
/// use convex_mgmt::deployment::log_streams::{LogTopic, LogTopics, NewWebhook, WebhookFormat};
///
/// let webhook = NewWebhook::new("https://logs.example.com/convex", WebhookFormat::Jsonl)
///     .topics(LogTopics::only([LogTopic::Console, LogTopic::FunctionExecution]));
/// let create = CreateLogStream::new(webhook);
/// assert!(create.stream.check().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreateLogStream {
    /// The stream.
    pub stream: NewLogStream,
    unchecked: bool,
}

impl CreateLogStream {
    /// Creates this stream.
    pub fn new(stream: impl Into<NewLogStream>) -> Self {
        Self { stream: stream.into(), unchecked: false }
    }

    /// Leaves all checks to the server.
    pub fn unchecked(mut self) -> Self {
        self.unchecked = true;
        self
    }
}

impl Operation for CreateLogStream {
    type Api = DeploymentApi;
    type Output = CreatedLogStream;
    const META: &'static OperationMeta = &OperationMeta::new::<DeploymentApi>(
        "create_log_stream",
        Method::POST,
        "/create_log_stream",
        Idempotency::NonIdempotent,
    )
    .credentials(CREDENTIALS)
    .permission("deployment:integrations:write")
    .secret_request()
    .secret_reply()
    .verify_with("list_log_streams");

    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        if !self.unchecked {
            self.stream.check()?;
        }
        request.json(&Written(&self.stream))
    }

    fn decode(body: &Bytes) -> Result<CreatedLogStream, DecodeError> {
        decode::object(body)
    }
}

/// What is told of a log stream that was created.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Created {
    /// Its id.
    pub id: LogStreamId,
}

impl Created {
    /// A stream with this id.
    pub fn new(id: impl Into<LogStreamId>) -> Self {
        Self { id: id.into() }
    }
}

/// What is told of a webhook that was created.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedWebhook {
    /// Its id.
    pub id: LogStreamId,
    /// With what its events are signed.
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "secret::exposed"))]
    pub hmac_secret: Secret,
}

impl CreatedWebhook {
    /// A webhook with this id and secret.
    pub fn new(id: impl Into<LogStreamId>, hmac_secret: impl Into<Secret>) -> Self {
        Self { id: id.into(), hmac_secret: hmac_secret.into() }
    }
}

open_union! {
    /// A log stream that was created.
    pub enum CreatedLogStream by "logStreamType" {
        /// To Datadog.
        Datadog(Created) = "datadog",
        /// To a URL.
        Webhook(CreatedWebhook) = "webhook",
        /// To Axiom.
        Axiom(Created) = "axiom",
        /// To Sentry.
        Sentry(Created) = "sentry",
        /// To PostHog's logs.
        PostHogLogs(Created) = "postHogLogs",
        /// To PostHog's error tracking.
        PostHogErrorTracking(Created) = "postHogErrorTracking",
    }
}

impl CreatedLogStream {
    /// Its id; `None` for a kind that this version does not know, and so cannot have asked for.
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

    /// With what its events are signed, for a webhook.
    pub fn hmac_secret(&self) -> Option<&Secret> {
        match self {
            Self::Webhook(created) => Some(&created.hmac_secret),
            _ => None,
        }
    }
}
