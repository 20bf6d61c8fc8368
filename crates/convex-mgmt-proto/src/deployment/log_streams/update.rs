//! Updating a log stream: for each of the six kinds, what may be changed.
//!
//! Two kinds of fields. Those that are a [`Patch`], and topics, can be kept, reset and set. The others can be kept and set
//! only: the server takes `null` for "keep" there, whatever the published document says.

use std::collections::BTreeMap;

use super::kinds::six_kinds;
use super::list::GetLogStream;
use super::rules::Values;
use super::{AxiomAttribute, AxiomIngestUrl, DatadogSiteLocation, LogTopics, WebhookFormat};
use crate::error::Violations;
use crate::request::secret_body::{Written, secret_body};
use crate::types::LogStreamId;
use crate::types::Patch;
use crate::types::redact::debug_redacted;
use crate::types::{Secret, secret};

/// Declares `new`, which changes nothing, and a setter for each field: of those that can be set, and of those that can be
/// reset too.
macro_rules! setters {
    ($name:ident: set { $($field:ident: $content:ty),* } patch { $($patched:ident: $patch:ty),* }) => {
        impl $name {
            /// Changes nothing, but has the server test the stream again.
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
    /// What may be changed of a stream to Datadog.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[serde(default)]
    #[serde(rename_all = "camelCase")]
    pub struct DatadogUpdate {
        /// Which of Datadog's sites; `None` keeps it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub site_location: Option<DatadogSiteLocation>,
        /// Datadog's API key; `None` keeps it.
        #[serde(serialize_with = "secret::exposed_if_some", skip_serializing_if = "Option::is_none")]
        pub dd_api_key: Option<Secret>,
        /// All tags that each event gets; `None` keeps them.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dd_tags: Option<Vec<String>>,
        /// The service that each event gets.
        #[serde(skip_serializing_if = "Patch::is_keep")]
        pub service: Patch<String>,
        /// All topics; `None` keeps them.
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
    /// What may be changed of a stream to a URL. Its secret is changed by
    /// [`RotateWebhookSecret`](super::RotateWebhookSecret).
    #[derive(Clone, Default, PartialEq, Eq)]
    #[serde(default)]
    #[serde(rename_all = "camelCase")]
    pub struct WebhookUpdate {
        /// Where to; `None` keeps it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub url: Option<String>,
        /// How events are written; `None` keeps it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub format: Option<WebhookFormat>,
        /// All topics; `None` keeps them.
        #[serde(deserialize_with = "some")]
        #[serde(skip_serializing_if = "Option::is_none")]
        pub topics: Option<LogTopics>,
    }
}

debug_redacted! { WebhookUpdate { url as redacted, format, topics } }

setters! { WebhookUpdate: set { url: String, format: WebhookFormat, topics: LogTopics } patch {} }

secret_body! {
    /// What may be changed of a stream to Axiom.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[serde(default)]
    #[serde(rename_all = "camelCase")]
    pub struct AxiomUpdate {
        /// Axiom's API key; `None` keeps it.
        #[serde(serialize_with = "secret::exposed_if_some", skip_serializing_if = "Option::is_none")]
        pub api_key: Option<Secret>,
        /// The name of the dataset; `None` keeps it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dataset_name: Option<String>,
        /// All that each event gets, at most [`AXIOM_ATTRIBUTES`](super::rules::AXIOM_ATTRIBUTES); `None` keeps them.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attributes: Option<Vec<AxiomAttribute>>,
        /// Where to.
        #[serde(skip_serializing_if = "Patch::is_keep")]
        pub ingest_url: Patch<AxiomIngestUrl>,
        /// All topics; `None` keeps them.
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
    /// What may be changed of a stream to Sentry.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[serde(default)]
    pub struct SentryUpdate {
        /// Sentry's data source name, which holds a key; `None` keeps it.
        #[serde(serialize_with = "secret::exposed_if_some", skip_serializing_if = "Option::is_none")]
        pub dsn: Option<Secret>,
        /// All tags that each event gets.
        #[serde(skip_serializing_if = "Patch::is_keep")]
        pub tags: Patch<BTreeMap<String, String>>,
    }
}

setters! { SentryUpdate: set { dsn: Secret } patch { tags: BTreeMap<String, String> } }

secret_body! {
    /// What may be changed of a stream to PostHog's logs.
    #[derive(Clone, Default, PartialEq, Eq)]
    #[serde(default)]
    #[serde(rename_all = "camelCase")]
    pub struct PostHogLogsUpdate {
        /// PostHog's API key; `None` keeps it.
        #[serde(serialize_with = "secret::exposed_if_some", skip_serializing_if = "Option::is_none")]
        pub api_key: Option<Secret>,
        /// PostHog's URL.
        #[serde(skip_serializing_if = "Patch::is_keep")]
        pub host: Patch<String>,
        /// The service that each event gets.
        #[serde(skip_serializing_if = "Patch::is_keep")]
        pub service_name: Patch<String>,
        /// All topics; `None` keeps them.
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
    /// What may be changed of a stream to PostHog's error tracking.
    #[derive(Clone, Default, PartialEq, Eq)]
    #[serde(default)]
    #[serde(rename_all = "camelCase")]
    pub struct PostHogErrorTrackingUpdate {
        /// PostHog's API key; `None` keeps it.
        #[serde(serialize_with = "secret::exposed_if_some", skip_serializing_if = "Option::is_none")]
        pub api_key: Option<Secret>,
        /// PostHog's URL.
        #[serde(skip_serializing_if = "Patch::is_keep")]
        pub host: Patch<String>,
    }
}

debug_redacted! { PostHogErrorTrackingUpdate { api_key, host as redacted } }

setters! { PostHogErrorTrackingUpdate: set { api_key: Secret } patch { host: String } }

/// Tells `null`, which topics read as all, from an absent field.
#[cfg(feature = "serde-all")]
fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<LogTopics>, D::Error> {
    serde::Deserialize::deserialize(deserializer).map(Some)
}

six_kinds! {
    /// What may be changed of a log stream of one of the six kinds. The kind itself must be the stream's.
    LogStreamUpdate: DatadogUpdate, WebhookUpdate, AxiomUpdate, SentryUpdate, PostHogLogsUpdate, PostHogErrorTrackingUpdate
}

impl LogStreamUpdate {
    /// Checks what the server would refuse whatever the deployment and the stream. Values that this version does not know are
    /// left to the server.
    ///
    /// # Errors
    /// All problems, with the codes that the server would answer.
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
    /// Changes a log stream. Fields that the changes leave out stay as they are.
    ///
    /// The server then tests the stream again, and an active stream may fail. Repeating the call leaves the same configuration, and adds
    /// one more test.
    ///
    /// ```
    /// use convex_mgmt::deployment::UpdateLogStream;
    /// use convex_mgmt::deployment::log_streams::{DatadogUpdate, LogTopics};
    /// use convex_mgmt::{DeployKey, Endpoint, Operation, Patch};
    ///
    /// // Sets the tags, removes the service, asks for all topics; the site and the key stay as they are.
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
    body: |it| &Written(&it.changes),
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
    /// Changes this of this log stream.
    pub fn new(id: impl Into<LogStreamId>, changes: impl Into<LogStreamUpdate>) -> Self {
        Self { id: id.into(), changes: changes.into() }
    }
}
