//! Creating a log stream: what each of the six kinds takes, and what comes back.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::kinds::six_kinds;
use super::list::ListLogStreams;
use super::rules::Values;
use super::{AxiomAttribute, AxiomIngestUrl, DatadogSiteLocation, LogTopics, WebhookFormat};
use crate::error::Violations;
use crate::request::secret_body::{Written, secret_body};
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

six_kinds! {
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

deployment_operation! {
    /// Creates a log stream and returns its id, and the secret of a webhook. A deployment has at most one stream of each kind, and at
    /// most five streams.
    ///
    /// The server sends a test event and sets the stream's status by the result. The test of a webhook is signed with a secret that the
    /// caller does not have yet:
    ///
    /// * A receiver that rejects it with a 4xx status makes the stream [`Failed`](super::LogStreamStatus::Failed) until it is updated.
    /// * After a 5xx status, 408, 425 or 429 the server tries again, with at most 3 attempts within 15 seconds.
    /// * Either the receiver accepts events of the topic [`Verification`](super::LogTopic::Verification) without a signature check as
    ///   long as it has no secret, or the caller stores the secret and then sends an empty update
    ///   ([`WebhookUpdate::new`](super::WebhookUpdate::new)), after which the server tests again.
    ///
    /// If the outcome is unknown, look for the kind in the list, which also contains the secret of a webhook. List after concurrent
    /// creations, too: the later one may replace the earlier one.
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
    pub struct CreateLogStream {
        /// The stream.
        pub stream: NewLogStream,
    }

    id: "create_log_stream",
    request: POST "/create_log_stream",
    body: |it| &Written(&it.stream),
    response: object(CreatedLogStream),
    idempotency: NonIdempotent,
    permission: "deployment:integrations:write",
    verify_with: ListLogStreams,
    flags: [secret_request, secret_response],
    codes: [
        EmptyLogTopics, InvalidLogTopic, InvalidWebhookUrl, InvalidAxiomIngestUrl, InvalidSentryDsn, InvalidPostHogHost,
        LogStreamAlreadyExists, LogSinkQuotaExceeded, LogStreamingNotEnabled, CustomAuditLogsInLogStreamsNotEnabled
    ],
    check: |it| it.stream.check(),
}

impl CreateLogStream {
    /// Creates this stream.
    pub fn new(stream: impl Into<NewLogStream>) -> Self {
        Self { stream: stream.into() }
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
