//! Updates of a log stream. Absent fields keep their values. `null` unsets optional fields and keeps the others.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::config::{
    Attribute, Axiom, Config, Datadog, FieldName, Format, PostHogErrorTracking, PostHogLogs, Sentry, SiteLocation,
    Webhook,
};
use super::topics::Topic;
use crate::api::ApiError;

/// A field that `null` unsets. `None` if it is absent.
type Unsettable<T> = Option<Option<T>>;

#[derive(Debug, Deserialize)]
#[serde(tag = "logStreamType", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Update {
    Datadog {
        site_location: Option<SiteLocation>,
        dd_api_key: Option<String>,
        dd_tags: Option<Vec<String>>,
        #[serde(default, deserialize_with = "present")]
        service: Unsettable<String>,
        #[serde(default, deserialize_with = "present")]
        topics: Unsettable<Vec<Topic>>,
    },
    Webhook {
        url: Option<String>,
        format: Option<Format>,
        #[serde(default, deserialize_with = "present")]
        topics: Unsettable<Vec<Topic>>,
    },
    Axiom {
        api_key: Option<String>,
        dataset_name: Option<String>,
        attributes: Option<Vec<Attribute>>,
        #[serde(default, deserialize_with = "present")]
        ingest_url: Unsettable<String>,
        #[serde(default, deserialize_with = "present")]
        topics: Unsettable<Vec<Topic>>,
    },
    Sentry {
        dsn: Option<String>,
        #[serde(default, deserialize_with = "present")]
        tags: Unsettable<BTreeMap<FieldName, String>>,
    },
    PostHogLogs {
        api_key: Option<String>,
        #[serde(default, deserialize_with = "present")]
        host: Unsettable<String>,
        #[serde(default, deserialize_with = "present")]
        service_name: Unsettable<String>,
        #[serde(default, deserialize_with = "present")]
        topics: Unsettable<Vec<Topic>>,
    },
    PostHogErrorTracking {
        api_key: Option<String>,
        #[serde(default, deserialize_with = "present")]
        host: Unsettable<String>,
    },
}

/// serde calls this for present fields only.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Unsettable<T>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Update {
    /// Applies the update. The result is not validated.
    pub(super) fn apply(self, config: Config) -> Result<Config, ApiError> {
        let config = match (self, config) {
            (Self::Datadog { site_location, dd_api_key, dd_tags, service, topics }, Config::Datadog(old)) => {
                Config::Datadog(Datadog {
                    site_location: site_location.unwrap_or(old.site_location),
                    dd_api_key: dd_api_key.unwrap_or(old.dd_api_key),
                    dd_tags: dd_tags.unwrap_or(old.dd_tags),
                    service: service.unwrap_or(old.service),
                    topics: topics.unwrap_or(old.topics),
                })
            }
            (Self::Webhook { url, format, topics }, Config::Webhook(old)) => Config::Webhook(Webhook {
                url: url.unwrap_or(old.url),
                format: format.unwrap_or(old.format),
                topics: topics.unwrap_or(old.topics),
                hmac_secret: old.hmac_secret,
            }),
            (Self::Axiom { api_key, dataset_name, attributes, ingest_url, topics }, Config::Axiom(old)) => {
                Config::Axiom(Axiom {
                    api_key: api_key.unwrap_or(old.api_key),
                    dataset_name: dataset_name.unwrap_or(old.dataset_name),
                    attributes: attributes.unwrap_or(old.attributes),
                    ingest_url: ingest_url.unwrap_or(old.ingest_url),
                    topics: topics.unwrap_or(old.topics),
                })
            }
            (Self::Sentry { dsn, tags }, Config::Sentry(old)) => {
                Config::Sentry(Sentry { dsn: dsn.unwrap_or(old.dsn), tags: tags.unwrap_or(old.tags) })
            }
            (Self::PostHogLogs { api_key, host, service_name, topics }, Config::PostHogLogs(old)) => {
                Config::PostHogLogs(PostHogLogs {
                    api_key: api_key.unwrap_or(old.api_key),
                    host: host.unwrap_or(old.host),
                    service_name: service_name.unwrap_or(old.service_name),
                    topics: topics.unwrap_or(old.topics),
                })
            }
            (Self::PostHogErrorTracking { api_key, host }, Config::PostHogErrorTracking(old)) => {
                Config::PostHogErrorTracking(PostHogErrorTracking {
                    api_key: api_key.unwrap_or(old.api_key),
                    host: host.unwrap_or(old.host),
                })
            }
            (_, config) => {
                let message = format!("the log stream has the type {}", config.kind());
                return Err(ApiError::bad_request("LogStreamTypeMismatch", message));
            }
        };
        Ok(config)
    }
}
