//! Updating a log stream: the changes for each of the six kinds.
//!
//! Fields of the type [`Patch`], and topics, can be kept, reset or set. Other fields can be kept or set: for them, the server reads
//! `null` as "keep", in contradiction to the published document.

use std::collections::BTreeMap;

use super::kinds::{AxiomAttribute, AxiomIngestUrl, DatadogSiteLocation, Tagged, WebhookFormat, six_kinds};
use super::list::GetLogStream;
use super::rules::Values;
use super::topics::LogTopics;
use crate::error::Violations;
use crate::request::secret_body::secret_body;
use crate::types::redact::debug_redacted;
use crate::types::{LogStreamId, Patch, Secret, secret};

/// Declares `new`, which changes nothing, and a setter for each field. The fields after `patch` can be reset, too.
macro_rules! setters {
    ($name:ident: set { $($field:ident: $content:ty),* } patch { $($patched:ident: $patch:ty),* }) => {
        impl $name {
            /// Creates an update without changes. Sending it makes the server test the stream again.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                #[doc = concat!("Sets `", stringify!($field), "`.")]
                pub fn $field(mut self, value: impl Into<$content>) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )*

            $(
                #[doc = concat!("Sets `", stringify!($patched), "`, or resets it with [`Patch::Clear`].")]
                pub fn $patched(mut self, value: impl Into<Patch<$patch>>) -> Self {
                    self.$patched = value.into();
                    self
                }
            )*
        }
    };
}

secret_body! {
    /// The changes to a stream to Datadog.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[serde(default)]
    #[serde(rename_all = "camelCase")]
    pub struct DatadogUpdate {
        /// The Datadog site. `None` keeps it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub site_location: Option<DatadogSiteLocation>,
        /// Datadog's API key. `None` keeps it.
        #[serde(serialize_with = "secret::exposed_if_some", skip_serializing_if = "Option::is_none")]
        pub dd_api_key: Option<Secret>,
        /// All tags that are added to each event. `None` keeps them.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dd_tags: Option<Vec<String>>,
        /// The service name that is added to each event.
        #[serde(skip_serializing_if = "Patch::is_keep")]
        pub service: Patch<String>,
        /// All topics to deliver. `None` keeps them.
        #[serde(deserialize_with = "some")]
        #[serde(skip_serializing_if = "Option::is_none")]
        pub topics: Option<LogTopics>,
    }
}

setters! {
    DatadogUpdate: set {
        site_location: DatadogSiteLocation, dd_api_key: Secret, topics: LogTopics
    } patch { service: String }
}

impl DatadogUpdate {
    /// Sets `dd_tags`.
    pub fn dd_tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.dd_tags = Some(tags.into_iter().map(Into::into).collect());
        self
    }
}

secret_body! {
    /// The changes to a stream to a URL. [`RotateWebhookSecret`](super::RotateWebhookSecret) changes its secret.
    #[derive(Clone, Default, PartialEq, Eq)]
    #[serde(default)]
    #[serde(rename_all = "camelCase")]
    pub struct WebhookUpdate {
        /// The URL that receives the events. `None` keeps it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub url: Option<String>,
        /// The format of a delivery. `None` keeps it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub format: Option<WebhookFormat>,
        /// All topics to deliver. `None` keeps them.
        #[serde(deserialize_with = "some")]
        #[serde(skip_serializing_if = "Option::is_none")]
        pub topics: Option<LogTopics>,
    }
}

debug_redacted! { WebhookUpdate { url as redacted, format, topics } }

setters! { WebhookUpdate: set { url: String, format: WebhookFormat, topics: LogTopics } patch {} }

secret_body! {
    /// The changes to a stream to Axiom.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[serde(default)]
    #[serde(rename_all = "camelCase")]
    pub struct AxiomUpdate {
        /// Axiom's API key. `None` keeps it.
        #[serde(serialize_with = "secret::exposed_if_some", skip_serializing_if = "Option::is_none")]
        pub api_key: Option<Secret>,
        /// The name of the dataset. `None` keeps it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dataset_name: Option<String>,
        /// All attributes that are added to each event, at most [`AXIOM_ATTRIBUTES`](super::rules::AXIOM_ATTRIBUTES). `None` keeps
        /// them.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attributes: Option<Vec<AxiomAttribute>>,
        /// The URL at which Axiom accepts the events.
        #[serde(skip_serializing_if = "Patch::is_keep")]
        pub ingest_url: Patch<AxiomIngestUrl>,
        /// All topics to deliver. `None` keeps them.
        #[serde(deserialize_with = "some")]
        #[serde(skip_serializing_if = "Option::is_none")]
        pub topics: Option<LogTopics>,
    }
}

setters! {
    AxiomUpdate: set {
        api_key: Secret, dataset_name: String, attributes: Vec<AxiomAttribute>, topics: LogTopics
    } patch { ingest_url: AxiomIngestUrl }
}

secret_body! {
    /// The changes to a stream of exceptions to Sentry.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[serde(default)]
    pub struct SentryUpdate {
        /// Sentry's data source name (DSN), which contains a key. `None` keeps it.
        #[serde(serialize_with = "secret::exposed_if_some", skip_serializing_if = "Option::is_none")]
        pub dsn: Option<Secret>,
        /// All tags that are added to each event.
        #[serde(skip_serializing_if = "Patch::is_keep")]
        pub tags: Patch<BTreeMap<String, String>>,
    }
}

setters! { SentryUpdate: set { dsn: Secret } patch { tags: BTreeMap<String, String> } }

secret_body! {
    /// The changes to a stream to PostHog's logs.
    #[derive(Clone, Default, PartialEq, Eq)]
    #[serde(default)]
    #[serde(rename_all = "camelCase")]
    pub struct PostHogLogsUpdate {
        /// PostHog's API key. `None` keeps it.
        #[serde(serialize_with = "secret::exposed_if_some", skip_serializing_if = "Option::is_none")]
        pub api_key: Option<Secret>,
        /// PostHog's URL.
        #[serde(skip_serializing_if = "Patch::is_keep")]
        pub host: Patch<String>,
        /// The service name that is added to each event.
        #[serde(skip_serializing_if = "Patch::is_keep")]
        pub service_name: Patch<String>,
        /// All topics to deliver. `None` keeps them.
        #[serde(deserialize_with = "some")]
        #[serde(skip_serializing_if = "Option::is_none")]
        pub topics: Option<LogTopics>,
    }
}

debug_redacted! { PostHogLogsUpdate { api_key, host as redacted, service_name, topics } }

setters! {
    PostHogLogsUpdate: set { api_key: Secret, topics: LogTopics } patch { host: String, service_name: String }
}

secret_body! {
    /// The changes to a stream of exceptions to PostHog's error tracking.
    #[derive(Clone, Default, PartialEq, Eq)]
    #[serde(default)]
    #[serde(rename_all = "camelCase")]
    pub struct PostHogErrorTrackingUpdate {
        /// PostHog's API key. `None` keeps it.
        #[serde(serialize_with = "secret::exposed_if_some", skip_serializing_if = "Option::is_none")]
        pub api_key: Option<Secret>,
        /// PostHog's URL.
        #[serde(skip_serializing_if = "Patch::is_keep")]
        pub host: Patch<String>,
    }
}

debug_redacted! { PostHogErrorTrackingUpdate { api_key, host as redacted } }

setters! { PostHogErrorTrackingUpdate: set { api_key: Secret } patch { host: String } }

/// Reads topics that are not absent. `null` is all topics, and an absent field keeps the topics.
#[cfg(feature = "serde-all")]
fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<LogTopics>, D::Error> {
    serde::Deserialize::deserialize(deserializer).map(Some)
}

six_kinds! {
    /// The changes to a log stream of one of the six kinds. The kind must be the stream's.
    LogStreamUpdate: DatadogUpdate, WebhookUpdate, AxiomUpdate, SentryUpdate, PostHogLogsUpdate, PostHogErrorTrackingUpdate
}

impl LogStreamUpdate {
    /// Checks the rules of the server that do not depend on the deployment and the stream. Values of open enums that this version
    /// does not know are left to the server.
    ///
    /// # Errors
    /// All violations, with the error codes that the server would return.
    pub fn check(&self) -> Result<(), Violations> {
        match self {
            Self::Datadog(update) => Values { topics: update.topics.as_ref(), ..Values::default() },
            Self::Webhook(update) => {
                Values { url: update.url.as_ref(), topics: update.topics.as_ref(), ..Values::default() }
            }
            Self::Axiom(update) => {
                Values { attributes: update.attributes.as_deref(), topics: update.topics.as_ref(), ..Values::default() }
            }
            Self::Sentry(update) => Values { dsn: update.dsn.as_ref(), tags: update.tags.value(), ..Values::default() },
            Self::PostHogLogs(update) => {
                Values { host: update.host.value(), topics: update.topics.as_ref(), ..Values::default() }
            }
            Self::PostHogErrorTracking(update) => Values { host: update.host.value(), ..Values::default() },
        }
        .check()
    }
}

deployment_operation! {
    /// Changes a log stream. Fields that the changes omit keep their values.
    ///
    /// The server then tests the stream again, and an active stream may fail. Repeating the call leaves the same configuration, and adds
    /// one more test.
    ///
    /// ```
    /// use convex_mgmt::deployment::UpdateLogStream;
    /// use convex_mgmt::deployment::log_streams::{DatadogUpdate, LogTopics};
    /// use convex_mgmt::{DeployKey, Endpoint, Operation, Patch};
    ///
    /// // Sets the tags, removes the service and selects all topics. The site and the key keep their values.
    /// let update = DatadogUpdate::new().dd_tags(["team:core"]).service(Patch::Clear).topics(LogTopics::ALL);
    /// let update = UpdateLogStream::new("the-id-of-the-stream", update);
    ///
    /// let key = DeployKey::parse("prod:happy-animal-123|made-up")?;
    /// let request = update.to_request(&Endpoint::new("https://happy-animal-123.convex.cloud", &key)?)?;
    /// assert_eq!(request.body(), r#"{"logStreamType":"datadog","ddTags":["team:core"],"service":null,"topics":null}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct UpdateLogStream {
        /// The log stream.
        pub id: LogStreamId,
        /// The changes. Their kind must be the stream's.
        pub changes: LogStreamUpdate,
    }

    id: "update_log_stream",
    request: POST "/update_log_stream/{id}",
    path: [id],
    body: |it| &Tagged(&it.changes),
    response: empty(),
    idempotency: Idempotent,
    permission: "deployment:integrations:write",
    verify_with: GetLogStream,
    flags: [secret_request],
    codes: [
        EmptyLogTopics, InvalidLogTopic, InvalidWebhookUrl, InvalidAxiomIngestUrl, InvalidSentryDsn, InvalidPostHogHost,
        InvalidLogStreamId, LogStreamDoesntExist, LogStreamTypeMismatch, UnsupportedLogStreamType, LogStreamingNotEnabled,
        CustomAuditLogsInLogStreamsNotEnabled
    ],
    check: |it| it.changes.check(),
}

impl UpdateLogStream {
    /// Applies `changes` to the log stream `id`.
    pub fn new(id: impl Into<LogStreamId>, changes: impl Into<LogStreamUpdate>) -> Self {
        Self { id: id.into(), changes: changes.into() }
    }
}
