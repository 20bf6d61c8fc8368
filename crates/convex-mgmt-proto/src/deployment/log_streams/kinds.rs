//! The kinds of log streams, and the values that requests and responses share.

use serde::{Deserialize, Serialize};

use crate::types::open::open_enum;

open_enum! {
    /// The kinds of log streams.
    pub enum LogStreamType {
        /// To Datadog.
        Datadog = "datadog",
        /// To a URL, signed.
        Webhook = "webhook",
        /// To Axiom.
        Axiom = "axiom",
        /// Exceptions to Sentry.
        Sentry = "sentry",
        /// To PostHog's logs.
        PostHogLogs = "postHogLogs",
        /// Exceptions to PostHog's error tracking.
        PostHogErrorTracking = "postHogErrorTracking",
    }
}

open_enum! {
    /// Datadog's sites.
    pub enum DatadogSiteLocation {
        /// `datadoghq.com`.
        Us1 = "US1",
        /// `us3.datadoghq.com`.
        Us3 = "US3",
        /// `us5.datadoghq.com`.
        Us5 = "US5",
        /// `datadoghq.eu`.
        Eu = "EU",
        /// `ddog-gov.com`.
        Us1Fed = "US1_FED",
        /// `ap1.datadoghq.com`.
        Ap1 = "AP1",
    }
}

open_enum! {
    /// How the events of one delivery to a webhook are written. The content type is JSON's for both.
    pub enum WebhookFormat {
        /// One JSON list.
        Json = "json",
        /// One JSON object a line.
        Jsonl = "jsonl",
    }
}

open_enum! {
    /// Where Axiom takes events.
    ///
    /// `Debug` shows scheme and host only of a URL that is not known. `Display` and [`AxiomIngestUrl::as_str`] give the text.
    pub enum AxiomIngestUrl redacted {
        /// The default.
        Default = "https://api.axiom.co",
        /// In the United States.
        UsEast1 = "https://us-east-1.aws.edge.axiom.co",
        /// In the European Union.
        EuCentral1 = "https://eu-central-1.aws.edge.axiom.co",
    }
}

/// What each event to Axiom gets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct AxiomAttribute {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl AxiomAttribute {
    /// A name with a value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

/// Declares a request's union of the six kinds, one type for each.
macro_rules! six_kinds {
    ($(#[$meta:meta])* $name:ident: $datadog:ident, $webhook:ident, $axiom:ident, $sentry:ident, $logs:ident, $errors:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "serde-all", derive(serde::Deserialize, serde::Serialize))]
        #[cfg_attr(feature = "serde-all", serde(tag = "logStreamType", rename_all = "camelCase"))]
        #[non_exhaustive]
        pub enum $name {
            /// To Datadog.
            Datadog($datadog),
            /// To a URL.
            Webhook($webhook),
            /// To Axiom.
            Axiom($axiom),
            /// To Sentry.
            Sentry($sentry),
            /// To PostHog's logs.
            PostHogLogs($logs),
            /// To PostHog's error tracking.
            PostHogErrorTracking($errors),
        }

        crate::deployment::log_streams::kinds::six_kinds! { @from $name, Datadog $datadog, Webhook $webhook, Axiom $axiom, Sentry $sentry,
            PostHogLogs $logs, PostHogErrorTracking $errors }
    };
    (@from $name:ident, $($variant:ident $content:ident),+) => {
        impl crate::request::secret_body::Body for $name {
            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use crate::request::secret_body::Written;

                #[derive(serde::Serialize)]
                #[serde(tag = "logStreamType", rename_all = "camelCase")]
                enum Kind<'a> {
                    $( $variant(Written<'a, $content>), )+
                }
                let kind = match self {
                    $( Self::$variant(content) => Kind::$variant(Written(content)), )+
                };
                serde::Serialize::serialize(&kind, serializer)
            }
        }

        $(
        impl From<$content> for $name {
            fn from(content: $content) -> Self {
                Self::$variant(content)
            }
        }
        )+
    };
}
pub(super) use six_kinds;
