//! What is set in a log stream, for each of the six kinds: as it is created with, and as it is read back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use crate::error::Refusal;
use crate::knobs::Knobs;
use crate::log_streams::topics::{self, Topic, Topics};

/// Where Axiom takes events.
const AXIOM_INGEST_URLS: [&str; 3] =
    ["https://api.axiom.co", "https://us-east-1.aws.edge.axiom.co", "https://eu-central-1.aws.edge.axiom.co"];

/// How long the name of a field may be.
const FIELD_NAME_BYTES: usize = 1024;

/// What is set in a log stream. It is read with its kind, and written without: that stands before its id.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "logStreamType", rename_all = "camelCase")]
pub(super) enum Config {
    Datadog(Datadog),
    Webhook(Webhook),
    Axiom(Axiom),
    Sentry(Sentry),
    PostHogLogs(PostHogLogs),
    PostHogErrorTracking(PostHogErrorTracking),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Datadog {
    pub(super) site_location: SiteLocation,
    #[serde(skip_serializing)]
    pub(super) dd_api_key: String,
    pub(super) dd_tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service: Option<String>,
    pub(super) topics: Topics,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Webhook {
    pub(super) url: String,
    pub(super) format: Format,
    /// The server's choice.
    #[serde(skip_deserializing)]
    pub(super) hmac_secret: String,
    pub(super) topics: Topics,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Axiom {
    #[serde(skip_serializing)]
    pub(super) api_key: String,
    pub(super) dataset_name: String,
    pub(super) attributes: Vec<Attribute>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ingest_url: Option<String>,
    pub(super) topics: Topics,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Sentry {
    #[serde(skip_serializing)]
    pub(super) dsn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<BTreeMap<FieldName, String>>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PostHogLogs {
    #[serde(skip_serializing)]
    pub(super) api_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_name: Option<String>,
    pub(super) topics: Topics,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PostHogErrorTracking {
    #[serde(skip_serializing)]
    pub(super) api_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum SiteLocation {
    Us1,
    Us3,
    Us5,
    Eu,
    Us1Fed,
    Ap1,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    Json,
    Jsonl,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Attribute {
    key: String,
    value: String,
}

/// What may be the name of a field of a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub(super) struct FieldName(String);

impl TryFrom<String> for FieldName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        if name.starts_with('$') {
            Err("the name of a field starts with $")
        } else if name.len() > FIELD_NAME_BYTES {
            Err("the name of a field is too long")
        } else if name.bytes().any(|byte| !matches!(byte, b' '..=b'~')) {
            Err("the name of a field has characters that are not printable ASCII")
        } else {
            Ok(Self(name))
        }
    }
}

impl Config {
    /// Its `logStreamType`.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Datadog(_) => "datadog",
            Self::Webhook(_) => "webhook",
            Self::Axiom(_) => "axiom",
            Self::Sentry(_) => "sentry",
            Self::PostHogLogs(_) => "postHogLogs",
            Self::PostHogErrorTracking(_) => "postHogErrorTracking",
        }
    }

    /// Refuses what makes no log stream, in the order of the real server, and writes the rest as it is read back.
    pub(super) fn validate(&mut self, knobs: &Knobs) -> Result<(), Refusal> {
        match self {
            Self::Datadog(Datadog { topics, .. }) => topics::validate(topics),
            Self::Webhook(Webhook { url, topics, .. }) => {
                let parsed = Url::parse(url)
                    .map_err(|error| Refusal::bad_request("InvalidWebhookUrl", format!("{url} is no URL: {error}")))?;
                *url = parsed.into();
                topics::validate(topics)
            }
            Self::Axiom(Axiom { attributes, ingest_url, topics, .. }) => {
                if attributes.len() > knobs.axiom_attributes {
                    let message = format!("at most {} attributes are allowed", knobs.axiom_attributes);
                    return Err(Refusal::internal(message));
                }
                if let Some(url) = ingest_url.as_deref().filter(|url| !AXIOM_INGEST_URLS.contains(url)) {
                    let message = format!("Axiom takes no events at {url}");
                    return Err(Refusal::bad_request("InvalidAxiomIngestUrl", message));
                }
                topics::validate(topics)
            }
            Self::Sentry(Sentry { dsn, .. }) if is_dsn(dsn) => Ok(()),
            Self::Sentry(_) => Err(Refusal::bad_request("InvalidSentryDsn", "this is no DSN")),
            Self::PostHogLogs(PostHogLogs { host, topics, .. }) => {
                validate_host(host.as_deref())?;
                topics::validate(topics)
            }
            Self::PostHogErrorTracking(PostHogErrorTracking { host, .. }) => validate_host(host.as_deref()),
        }
    }

    /// Whether it asks for the topic that a plan has to allow.
    pub(super) fn has_custom_audit(&self) -> bool {
        let topics = match self {
            Self::Datadog(config) => &config.topics,
            Self::Webhook(config) => &config.topics,
            Self::Axiom(config) => &config.topics,
            Self::PostHogLogs(config) => &config.topics,
            Self::Sentry(_) | Self::PostHogErrorTracking(_) => return false,
        };
        topics.as_ref().is_some_and(|topics| topics.contains(&Topic::CustomAudit))
    }
}

impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Datadog(config) => config.serialize(serializer),
            Self::Webhook(config) => config.serialize(serializer),
            Self::Axiom(config) => config.serialize(serializer),
            Self::Sentry(config) => config.serialize(serializer),
            Self::PostHogLogs(config) => config.serialize(serializer),
            Self::PostHogErrorTracking(config) => config.serialize(serializer),
        }
    }
}

/// `https://KEY@HOST/PROJECT`.
fn is_dsn(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let project = url.path().rsplit('/').next().unwrap_or_default();
    matches!(url.scheme(), "http" | "https") && url.has_host() && !url.username().is_empty() && !project.is_empty()
}

fn validate_host(host: Option<&str>) -> Result<(), Refusal> {
    match host.map(Url::parse) {
        Some(Err(error)) => Err(Refusal::bad_request("InvalidPostHogHost", format!("the host is no URL: {error}"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_source_names() {
        for (text, expected) in [
            ("https://public@sentry.example/1", true),
            ("http://public:secret@sentry.example:9000/some/path/shop", true),
            ("https://sentry.example/1", false),
            ("https://public@sentry.example/", false),
            ("https://public@sentry.example", false),
            ("ftp://public@sentry.example/1", false),
            ("public", false),
        ] {
            assert_eq!(is_dsn(text), expected, "{text}");
        }
    }

    #[test]
    fn names_of_fields() {
        for (name, expected) in [
            ("", true),
            ("a b", true),
            ("a$", true),
            ("$a", false),
            ("\u{e9}", false),
            ("a\n", false),
            ("\u{7f}", false),
        ] {
            assert_eq!(FieldName::try_from(name.to_owned()).is_ok(), expected, "{name:?}");
        }
        assert!(FieldName::try_from("n".repeat(1024)).is_ok());
        assert!(FieldName::try_from("n".repeat(1025)).is_err());
    }
}
