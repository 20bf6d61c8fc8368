//! The configuration of a log stream, for each of the six types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use super::topics::{self, Topic, Topics};
use crate::api::ApiError;
use crate::state::Knobs;

/// The ingest URLs of Axiom.
const AXIOM_INGEST_URLS: [&str; 3] =
    ["https://api.axiom.co", "https://us-east-1.aws.edge.axiom.co", "https://eu-central-1.aws.edge.axiom.co"];

/// Maximum length of a field name, in bytes.
const FIELD_NAME_BYTES: usize = 1024;

/// The configuration of a log stream. It is deserialized with its type and serialized without, because in responses the
/// id follows the type.
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
    /// Chosen by the server.
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

/// A valid name of a document field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub(super) struct FieldName(String);

impl TryFrom<String> for FieldName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        if name.starts_with('$') {
            Err("a field name must not start with $")
        } else if name.len() > FIELD_NAME_BYTES {
            Err("the field name is too long")
        } else if name.bytes().any(|byte| !matches!(byte, b' '..=b'~')) {
            Err("a field name must be printable ASCII")
        } else {
            Ok(Self(name))
        }
    }
}

impl Config {
    /// Returns the `logStreamType`.
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

    /// Checks the fields in the order of the real server, and normalizes them.
    pub(super) fn validate(&mut self, knobs: &Knobs) -> Result<(), ApiError> {
        match self {
            Self::Datadog(Datadog { topics, .. }) => topics::validate(topics),
            Self::Webhook(Webhook { url, topics, .. }) => {
                let parsed = Url::parse(url).map_err(|error| {
                    ApiError::bad_request("InvalidWebhookUrl", format!("{url} is not a URL: {error}"))
                })?;
                *url = parsed.into();
                topics::validate(topics)
            }
            Self::Axiom(Axiom { attributes, ingest_url, topics, .. }) => {
                if attributes.len() > knobs.max_axiom_attributes {
                    let message = format!("at most {} attributes are allowed", knobs.max_axiom_attributes);
                    return Err(ApiError::internal(message));
                }
                if let Some(url) = ingest_url.as_deref().filter(|url| !AXIOM_INGEST_URLS.contains(url)) {
                    let message = format!("{url} is not an ingest URL of Axiom");
                    return Err(ApiError::bad_request("InvalidAxiomIngestUrl", message));
                }
                topics::validate(topics)
            }
            Self::Sentry(Sentry { dsn, .. }) if is_dsn(dsn) => Ok(()),
            Self::Sentry(_) => Err(ApiError::bad_request("InvalidSentryDsn", "the DSN is invalid")),
            Self::PostHogLogs(PostHogLogs { host, topics, .. }) => {
                validate_host(host.as_deref())?;
                topics::validate(topics)
            }
            Self::PostHogErrorTracking(PostHogErrorTracking { host, .. }) => validate_host(host.as_deref()),
        }
    }

    /// Returns `true` if the topics include `custom_audit`, which the plan must allow.
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

/// Returns `true` for a DSN such as `https://KEY@HOST/PROJECT`.
fn is_dsn(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let project = url.path().rsplit('/').next().unwrap_or_default();
    matches!(url.scheme(), "http" | "https") && url.has_host() && !url.username().is_empty() && !project.is_empty()
}

fn validate_host(host: Option<&str>) -> Result<(), ApiError> {
    match host.map(Url::parse) {
        Some(Err(error)) => Err(ApiError::bad_request("InvalidPostHogHost", format!("the host is not a URL: {error}"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_dsns() {
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
    fn accepts_printable_field_names_of_up_to_1024_bytes() {
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
