//! Reads the JSON of an event in one pass, whatever the order of its fields.
//!
//! The three fields that all events have are taken out while the type of the topic reads the others. The server writes the topic
//! before the fields of the topic. If it comes later, a pass before finds it.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::deployment::EventDeployment;
use super::kind::EventKind;
use crate::deployment::log_streams::LogTopic;
use crate::response::{DecodeError, decode};
use crate::types::UnixMillis;
use crate::types::json::{self, Plain};

/// The fields of an event.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) timestamp: UnixMillis,
    pub(super) deployment: Arc<EventDeployment>,
    pub(super) kind: EventKind,
}

/// The deployment of the last event that was read, with its text. The events of a batch have the same one.
#[derive(Default)]
pub(super) struct LastDeployment<'de>(Option<(&'de str, Arc<EventDeployment>)>);

impl<'de> LastDeployment<'de> {
    /// Reads a deployment, or returns the last one if the text is the same.
    fn read(&mut self, text: &'de str) -> Result<Arc<EventDeployment>, json::Error> {
        match &self.0 {
            Some((last, deployment)) if *last == text => Ok(deployment.clone()),
            _ => {
                let deployment: Arc<EventDeployment> = Arc::new(json::read::<Plain, _>(text)?);
                self.0 = Some((text, deployment.clone()));
                Ok(deployment)
            }
        }
    }
}

/// The result of one pass over an event.
#[allow(clippy::large_enum_variant, reason = "nearly every pass is the large variant")]
enum Pass {
    /// The event was read.
    Read(Parts),
    /// The topic comes after a field of the topic. A second pass is needed.
    Topic(LogTopic),
}

/// Reads the event at the start of `text`. Returns its length, too. `None` is an error, which [`whole`] locates.
pub(super) fn first<'de>(text: &'de str, last: &mut LastDeployment<'de>) -> Option<(Parts, usize)> {
    let mut topic = None;
    loop {
        match json::read_first::<Plain, _>(text, |reader| pass(reader, topic, Some(last))).ok()? {
            (Pass::Read(parts), length) => return Some((parts, length)),
            // A pass that knows the topic never asks for another one.
            (Pass::Topic(found), _) => topic = Some(found),
        }
    }
}

/// Returns the length of the JSON value at the start of `text`.
pub(super) fn length(text: &str) -> Option<usize> {
    let skipped = json::read_first::<Plain, _>(text, |reader| IgnoredAny::deserialize(reader));
    skipped.ok().map(|(_, length)| length)
}

/// Reads a text that is one event.
///
/// # Errors
/// A [`DecodeError`] with the field that is missing or does not fit.
pub(super) fn whole(text: &str) -> Result<Parts, DecodeError> {
    let mut topic = None;
    loop {
        let read = json::read_with::<Plain, _>(text, |reader| pass(reader, topic, None));
        match read.map_err(|error| decode::located(error, text))? {
            Pass::Read(parts) => return Ok(parts),
            Pass::Topic(found) => topic = Some(found),
        }
    }
}

fn pass<'de, D: Deserializer<'de>>(
    deserializer: D,
    topic: Option<LogTopic>,
    last: Option<&mut LastDeployment<'de>>,
) -> Result<Pass, D::Error> {
    deserializer.deserialize_map(EventVisitor { topic, last })
}

/// The names of the fields that all events have.
#[derive(Clone, Copy)]
enum Name {
    Timestamp,
    Topic,
    Deployment,
}

impl Name {
    #[inline]
    fn of(text: &str) -> Option<Self> {
        match text {
            "timestamp" => Some(Self::Timestamp),
            "topic" => Some(Self::Topic),
            "convex" => Some(Self::Deployment),
            _ => None,
        }
    }
}

/// Visits the object of an event.
struct EventVisitor<'a, 'de> {
    /// The topic, if an earlier pass found it.
    topic: Option<LogTopic>,
    last: Option<&'a mut LastDeployment<'de>>,
}

impl<'de> Visitor<'de> for EventVisitor<'_, 'de> {
    type Value = Pass;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Pass, A::Error> {
        let mut fields = Fields { map, last: self.last, timestamp: None, has_topic: false, deployment: None };
        let topic = match self.topic {
            Some(topic) => topic,
            None => match fields.until_topic()? {
                Found::Topic(topic) => topic,
                Found::Late => return fields.late_topic().map(Pass::Topic),
            },
        };
        let kind = EventKind::read(topic, MapAccessDeserializer::new(&mut fields))?;
        let timestamp = fields.timestamp.ok_or_else(|| Error::missing_field("timestamp"))?;
        let deployment = fields.deployment.ok_or_else(|| Error::missing_field("convex"))?;
        Ok(Pass::Read(Parts { timestamp, deployment, kind }))
    }
}

/// The position of the topic.
enum Found {
    /// Before the fields of the topic.
    Topic(LogTopic),
    /// Not yet: the value of a field of the topic is next.
    Late,
}

/// The fields of a topic. The fields that all events have are taken out.
struct Fields<'a, 'de, A> {
    map: A,
    last: Option<&'a mut LastDeployment<'de>>,
    timestamp: Option<UnixMillis>,
    has_topic: bool,
    deployment: Option<Arc<EventDeployment>>,
}

impl<'de, A: MapAccess<'de>> Fields<'_, 'de, A> {
    /// Reads the fields up to the topic.
    fn until_topic(&mut self) -> Result<Found, A::Error> {
        loop {
            match self.map.next_key_seed(Key(IgnoredName))? {
                Some(Known::Name(Name::Topic, _)) => {
                    self.has_topic = true;
                    return self.map.next_value().map(Found::Topic);
                }
                Some(Known::Name(name, _)) => self.take(name)?,
                Some(Known::Other(())) => return Ok(Found::Late),
                None => return Err(Error::missing_field("topic")),
            }
        }
    }

    /// Returns the topic, which comes after the value that is next, and skips all other fields.
    fn late_topic(&mut self) -> Result<LogTopic, A::Error> {
        self.map.next_value::<IgnoredAny>()?;
        let mut topic = None;
        while let Some(key) = self.map.next_key_seed(Key(IgnoredName))? {
            match key {
                Known::Name(Name::Topic, _) if topic.is_none() => topic = Some(self.map.next_value()?),
                _ => drop(self.map.next_value::<IgnoredAny>()?),
            }
        }
        topic.ok_or_else(|| Error::missing_field("topic"))
    }

    /// Reads the value of a field that all events have.
    #[inline]
    fn take(&mut self, name: Name) -> Result<(), A::Error> {
        match name {
            Name::Timestamp if self.timestamp.is_none() => self.timestamp = Some(self.map.next_value()?),
            Name::Timestamp => return Err(Error::duplicate_field("timestamp")),
            Name::Topic if !self.has_topic => {
                self.has_topic = true;
                self.map.next_value::<IgnoredAny>()?;
            }
            Name::Topic => return Err(Error::duplicate_field("topic")),
            Name::Deployment if self.deployment.is_none() => {
                self.deployment = Some(match &mut self.last {
                    Some(last) => {
                        let text = self.map.next_value::<&'de RawValue>()?.get();
                        last.read(text).map_err(Error::custom)?
                    }
                    None => Arc::new(self.map.next_value()?),
                });
            }
            Name::Deployment => return Err(Error::duplicate_field("convex")),
        }
        Ok(())
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'_, 'de, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let mut seed = seed;
        loop {
            match self.map.next_key_seed(Key(seed))? {
                Some(Known::Other(value)) => return Ok(Some(value)),
                Some(Known::Name(name, same)) => {
                    self.take(name)?;
                    seed = same;
                }
                None => return Ok(None),
            }
        }
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Reads the name of a field. The inner seed reads the names of the topic's own fields.
struct Key<K>(K);

/// The name of a field.
enum Known<K, V> {
    /// A field that all events have. The seed was not used.
    Name(Name, K),
    /// A field of the topic, as the inner seed read it.
    Other(V),
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Key<K> {
    type Value = Known<K, K::Value>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, K: DeserializeSeed<'de>> Visitor<'de> for Key<K> {
    type Value = Known<K, K::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        match Name::of(text) {
            Some(name) => Ok(Known::Name(name, self.0)),
            None => self.0.deserialize(BorrowedStrDeserializer::new(text)).map(Known::Other),
        }
    }

    #[inline]
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match Name::of(text) {
            Some(name) => Ok(Known::Name(name, self.0)),
            None => self.0.deserialize(StrDeserializer::new(text)).map(Known::Other),
        }
    }
}

/// A seed that ignores the name.
struct IgnoredName;

impl<'de> DeserializeSeed<'de> for IgnoredName {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        IgnoredAny::deserialize(deserializer).map(drop)
    }
}
