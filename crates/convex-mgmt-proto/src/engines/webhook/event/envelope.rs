//! [`Event`]: one event of a log stream.

use std::fmt;

use bytes::Bytes;
use serde::Deserialize;

use super::decode::{self, Parts};
use super::deployment::EventDeployment;
use super::kind::EventKind;
use crate::response::DecodeError;
use crate::types::UnixMillis;

/// One event of a log stream.
///
/// An event of a [`Batch`](super::Batch) is a slice of the body. The body stays in memory as long as any of its events;
/// [`Event::into_owned`] makes a copy that does not keep the body.
///
/// `Debug` shows no message, metadata or body: they may hold personal data. Equality compares the texts.
///
/// ```
/// use convex_mgmt::webhook::{Event, EventKind};
///
/// let event = Event::parse(
///     r#"{"timestamp":1700000000000,"topic":"log_stream_egress","egress_bytes":6512,
///         "convex":{"deployment_name":"happy-animal-123"}}"#,
/// )?;
/// assert_eq!(event.deployment().name, "happy-animal-123");
/// assert!(matches!(event.kind(), EventKind::LogStreamEgress(egress) if egress.egress_bytes == 6512));
/// # Ok::<(), convex_mgmt::DecodeError>(())
/// ```
#[derive(Clone)]
pub struct Event {
    parts: Parts,
    text: Bytes,
}

impl Event {
    /// Reads one event: a JSON object with the fields `timestamp`, `topic` and `convex`, and those of its topic.
    ///
    /// # Errors
    /// A [`DecodeError`] with the field that is missing or does not fit.
    pub fn parse(text: impl Into<Bytes>) -> Result<Self, DecodeError> {
        let text = text.into();
        let parts = decode::whole(crate::response::decode::utf8(&text)?)?;
        Ok(Self { parts, text: text.slice_ref(text.trim_ascii()) })
    }

    /// Creates the event from its parts, which were read from `text`.
    pub(super) fn new(parts: Parts, text: Bytes) -> Self {
        Self { parts, text }
    }

    /// Returns the time of the event, in milliseconds since 1970.
    pub fn timestamp(&self) -> UnixMillis {
        self.parts.timestamp
    }

    /// Returns the deployment that the event describes.
    pub fn deployment(&self) -> &EventDeployment {
        &self.parts.deployment
    }

    /// Returns the topic as it is on the wire, known or not.
    pub fn topic(&self) -> &str {
        self.parts.kind.topic()
    }

    /// Returns the content by topic.
    pub fn kind(&self) -> &EventKind {
        &self.parts.kind
    }

    /// Returns the content by topic, without the rest of the event.
    pub fn into_kind(self) -> EventKind {
        self.parts.kind
    }

    /// Returns the whole event as JSON, as the server spelled it. Fields that this version of the library does not know are
    /// in it.
    pub fn as_str(&self) -> &str {
        // Reading the event checked that the bytes are UTF-8.
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// Returns the JSON of the event as bytes.
    pub fn as_bytes(&self) -> &Bytes {
        &self.text
    }

    /// Copies the text, so that the event no longer keeps the body of its batch in memory.
    pub fn into_owned(self) -> Self {
        Self { text: Bytes::copy_from_slice(&self.text), ..self }
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Event {}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("timestamp", &self.parts.timestamp)
            .field("deployment", &self.parts.deployment.name)
            .field("kind", &self.parts.kind)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "serde-all")]
impl serde::Serialize for Event {
    /// Writes the event as the server spelled it.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &serde_json::value::RawValue =
            serde_json::from_str(self.as_str()).map_err(<S::Error as serde::ser::Error>::custom)?;
        raw.serialize(serializer)
    }
}

/// Reads an event from any place in a JSON text. It copies the text of the event.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        Self::parse(String::from(Box::<str>::from(raw)))
            .map_err(|error| serde::de::Error::custom(format_args!("invalid event, expected {}", expected(&error))))
    }
}

/// Returns the expectation of an error with its field, in one text.
fn expected(error: &DecodeError) -> String {
    if error.path.is_empty() { error.expected.clone() } else { format!("{} at `{}`", error.expected, error.path) }
}
