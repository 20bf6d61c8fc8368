//! The kinds of log streams, and values that requests and responses share.

use serde::{Deserialize, Serialize, Serializer};

use crate::types::open::open_enum;

open_enum! {
    /// The kind of a log stream.
    pub enum LogStreamType {
        /// A stream to Datadog.
        Datadog = "datadog",
        /// A stream of signed requests to a URL.
        Webhook = "webhook",
        /// A stream to Axiom.
        Axiom = "axiom",
        /// A stream of exceptions to Sentry.
        Sentry = "sentry",
        /// A stream to PostHog's logs.
        PostHogLogs = "postHogLogs",
        /// A stream of exceptions to PostHog's error tracking.
        PostHogErrorTracking = "postHogErrorTracking",
    }
}

open_enum! {
    /// A site of Datadog.
    pub enum DatadogSiteLocation {
        /// The site `datadoghq.com`.
        Us1 = "US1",
        /// The site `us3.datadoghq.com`.
        Us3 = "US3",
        /// The site `us5.datadoghq.com`.
        Us5 = "US5",
        /// The site `datadoghq.eu`.
        Eu = "EU",
        /// The site `ddog-gov.com`.
        Us1Fed = "US1_FED",
        /// The site `ap1.datadoghq.com`.
        Ap1 = "AP1",
    }
}

open_enum! {
    /// The format of a delivery to a webhook. The content type is `application/json` for both.
    pub enum WebhookFormat {
        /// One JSON array of events.
        Json = "json",
        /// One event per line, each a JSON object.
        Jsonl = "jsonl",
    }
}

open_enum! {
    /// The URL at which Axiom accepts events.
    ///
    /// `Debug` shows only scheme and host of an unknown URL. `Display` and [`AxiomIngestUrl::as_str`] show all of it.
    pub enum AxiomIngestUrl redacted {
        /// Axiom's default URL.
        Default = "https://api.axiom.co",
        /// The URL in the United States.
        UsEast1 = "https://us-east-1.aws.edge.axiom.co",
        /// The URL in the European Union.
        EuCentral1 = "https://eu-central-1.aws.edge.axiom.co",
    }
}

/// An attribute that is added to each event to Axiom.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct AxiomAttribute {
    /// The name of the attribute.
    pub key: String,
    /// The value of the attribute.
    pub value: String,
}

impl AxiomAttribute {
    /// Creates the attribute.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

/// A part of a request that is written with the tag of its kind, `logStreamType`. It contains secrets.
///
/// It is public because [`NewStream`](super::NewStream) needs it, and has no public path. That seals `NewStream`.
pub trait TaggedBody {
    /// Writes the tag and the fields, with secrets in clear text.
    #[doc(hidden)]
    fn write_tagged<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// Serializes a [`TaggedBody`].
pub(super) struct Tagged<'a, T>(pub(super) &'a T);

impl<T: TaggedBody> Serialize for Tagged<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write_tagged(serializer)
    }
}

/// Declares the union of a request's types for the six kinds. The union and each of the types become a [`TaggedBody`].
macro_rules! six_kinds {
    ($(#[$meta:meta])* $name:ident: $datadog:ident, $webhook:ident, $axiom:ident, $sentry:ident, $logs:ident, $errors:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "serde-all", derive(serde::Deserialize, serde::Serialize))]
        #[cfg_attr(feature = "serde-all", serde(tag = "logStreamType", rename_all = "camelCase"))]
        #[non_exhaustive]
        pub enum $name {
            /// A stream to Datadog.
            Datadog($datadog),
            /// A stream to a URL.
            Webhook($webhook),
            /// A stream to Axiom.
            Axiom($axiom),
            /// A stream of exceptions to Sentry.
            Sentry($sentry),
            /// A stream to PostHog's logs.
            PostHogLogs($logs),
            /// A stream of exceptions to PostHog's error tracking.
            PostHogErrorTracking($errors),
        }

        crate::deployment::log_streams::kinds::six_kinds! { @tagged $name, Datadog $datadog, Webhook $webhook, Axiom $axiom,
            Sentry $sentry, PostHogLogs $logs, PostHogErrorTracking $errors }
    };
    (@tagged $name:ident, $($variant:ident $content:ident),+) => {
        const _: () = {
            use crate::deployment::log_streams::kinds::TaggedBody;
            use crate::request::secret_body::Written;

            #[derive(serde::Serialize)]
            #[serde(tag = "logStreamType", rename_all = "camelCase")]
            enum Kind<'a> {
                $( $variant(Written<'a, $content>), )+
            }

            impl TaggedBody for $name {
                fn write_tagged<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    match self {
                        $( Self::$variant(content) => content.write_tagged(serializer), )+
                    }
                }
            }

            $(
            impl TaggedBody for $content {
                fn write_tagged<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serde::Serialize::serialize(&Kind::$variant(Written(self)), serializer)
                }
            }

            impl From<$content> for $name {
                fn from(content: $content) -> Self {
                    Self::$variant(content)
                }
            }
            )+
        };
    };
}

pub(super) use six_kinds;
