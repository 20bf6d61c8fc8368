//! [`read`]: reads the body of a delivery in both formats, a JSON array and JSON lines.

use std::error::Error;
use std::fmt;
use std::vec;

use bytes::Bytes;
use serde::de::IgnoredAny;

use super::decode::{self, LastDeployment};
use super::envelope::Event;
use crate::response::{DecodeError, DecodeErrorKind, decode as body};

/// Maximum number of events of a batch that cannot be read. A body with more has no events of a log stream, and would need many
/// times its size in memory.
const MAX_ERRORS: usize = 1024;

/// The events of a delivery, in the order of the body.
///
/// An event that cannot be read does not affect the other events: it is an `Err` in its place. A receiver that bills by the events
/// would lose the others if it rejected the batch, because the server does not repeat a batch for a 4xx response. Store the text of
/// such an event ([`EventError::as_bytes`]) and read it with a later version of the library.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Batch(Vec<Result<Event, EventError>>);

impl Batch {
    /// Returns the number of events, including those that cannot be read.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if the batch has no events. The server never sends such a batch.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all events in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Result<Event, EventError>> {
        self.0.iter()
    }

    /// Returns the events that can be read.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.0.iter().filter_map(|event| event.as_ref().ok())
    }

    /// Returns the errors of the events that cannot be read.
    pub fn errors(&self) -> impl Iterator<Item = &EventError> {
        self.0.iter().filter_map(|event| event.as_ref().err())
    }
}

impl IntoIterator for Batch {
    type Item = Result<Event, EventError>;
    type IntoIter = vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Batch {
    type Item = &'a Result<Event, EventError>;
    type IntoIter = std::slice::Iter<'a, Result<Event, EventError>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// An event of a batch that cannot be read: it has no `topic`, or a field that does not fit its topic.
///
/// `Debug` and `Display` show no value of the event.
#[derive(Clone, PartialEq, Eq)]
pub struct EventError {
    index: usize,
    text: Bytes,
    error: Box<DecodeError>,
}

impl EventError {
    /// Returns the position of the event in its batch, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns the field that is missing or does not fit, and the expected value. Line and column count from the start of the
    /// event.
    pub fn decode_error(&self) -> &DecodeError {
        &self.error
    }

    /// Returns the text of the event. It may hold personal data.
    pub fn as_bytes(&self) -> &Bytes {
        &self.text
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, error, .. } = self;
        write!(f, "event {index} of the batch cannot be read")?;
        if !error.path.is_empty() {
            write!(f, " at `{}`", error.path)?;
        }
        match error.kind {
            DecodeErrorKind::Shape if error.expected.is_empty() => Ok(()),
            DecodeErrorKind::Shape => write!(f, ": expected {}", error.expected),
            _ => write!(f, ": it is not JSON (line {}, column {})", error.line, error.column),
        }
    }
}

impl fmt::Debug for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventError").field("index", &self.index).field("error", &self.error).finish_non_exhaustive()
    }
}

impl Error for EventError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}

/// Reads the body of a delivery: a JSON array of events (`format: "json"`), or one event per line (`format: "jsonl"`).
///
/// Both formats have the same content type, so the first byte decides: `[` begins an array, and `{` begins lines. White space
/// around events, empty lines, a last line feed, and carriage returns before line feeds are skipped. An empty array is an empty
/// batch.
///
/// Verify the signature of a delivery before you call this function. Text from elsewhere, such as stored batches, can be read, too.
///
/// # Errors
/// A [`DecodeError`] if the body as a whole cannot be read:
///
/// * it is empty, or not UTF-8
/// * it begins with another byte than `[` and `{`
/// * it is an array that is not JSON
/// * more than 1,024 of its events cannot be read
///
/// Any other event that cannot be read is an [`EventError`] in the batch.
///
/// ```
/// use bytes::Bytes;
/// use convex_mgmt::webhook::{self, EventKind};
///
/// let body = Bytes::from(concat!(
///     r#"{"timestamp":1,"topic":"scheduled_job_lag","lag_seconds":2,"convex":{"deployment_name":"happy-animal-123"}}"#, "\n",
///     r#"{"timestamp":2,"topic":"of_next_year","answer":42,"convex":{"deployment_name":"happy-animal-123"}}"#, "\n",
///     r#"{"timestamp":3,"convex":{"deployment_name":"happy-animal-123"}}"#,
/// ));
/// let batch = webhook::read(&body)?;
/// let topics: Vec<&str> = batch.events().map(|event| event.topic()).collect();
/// assert_eq!(topics, ["scheduled_job_lag", "of_next_year"]);
/// let errors: Vec<String> = batch.errors().map(|error| error.to_string()).collect();
/// assert_eq!(errors, ["event 2 of the batch cannot be read: expected the field `topic`"]);
/// # Ok::<(), convex_mgmt::DecodeError>(())
/// ```
pub fn read(body: &Bytes) -> Result<Batch, DecodeError> {
    let text = body::utf8(body)?;
    let mut reader = Reader { body, last: LastDeployment::default(), events: Vec::new(), errors: 0 };
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'[') => reader.array(text)?,
        Some(b'{') => reader.lines(text)?,
        Some(_) => return Err(neither(text)),
        None => return Err(DecodeError::new(DecodeErrorKind::Empty)),
    }
    Ok(Batch(reader.events))
}

/// The error for a body that has neither format.
fn neither(text: &str) -> DecodeError {
    let shape = |_| DecodeError {
        expected: "an array of events, or one event per line".to_owned(),
        ..DecodeError::new(DecodeErrorKind::Shape)
    };
    body::text::<IgnoredAny>(text).map_or_else(|error| error, shape)
}

/// A reader of a body.
struct Reader<'a> {
    body: &'a Bytes,
    last: LastDeployment<'a>,
    events: Vec<Result<Event, EventError>>,
    errors: usize,
}

impl<'a> Reader<'a> {
    /// Reads an array of events, whose opening bracket is the first byte after white space.
    fn array(&mut self, text: &'a str) -> Result<(), DecodeError> {
        // Locates the error in the whole body. Reading the array found it, so this finds it, too.
        let syntax =
            || body::text::<IgnoredAny>(text).map_or_else(|error| error, |_| DecodeError::new(DecodeErrorKind::Syntax));
        let mut rest = token(text).strip_prefix('[').map(token).ok_or_else(syntax)?;
        if !rest.starts_with(']') {
            loop {
                let length = self.next(rest).ok_or_else(syntax)?;
                if self.errors > MAX_ERRORS {
                    return Err(too_many_errors());
                }
                rest = token(rest.get(length..).unwrap_or_default());
                match rest.strip_prefix(',') {
                    Some(after) => rest = token(after),
                    None => break,
                }
            }
        }
        match rest.strip_prefix(']').map(token) {
            Some("") => Ok(()),
            _ => Err(syntax()),
        }
    }

    /// Reads the event at the start of `text`, and returns its length. `None` if it is not JSON.
    fn next(&mut self, text: &'a str) -> Option<usize> {
        if let Some((parts, length)) = decode::first(text, &mut self.last) {
            let text = text.get(..length)?;
            self.events.push(Ok(Event::new(parts, self.body.slice_ref(text.as_bytes()))));
            return Some(length);
        }
        let length = decode::length(text)?;
        self.push_unread(text.get(..length)?.trim_ascii());
        Some(length)
    }

    /// Reads one event per line.
    fn lines(&mut self, text: &'a str) -> Result<(), DecodeError> {
        for line in text.split('\n').map(str::trim_ascii).filter(|line| !line.is_empty()) {
            match decode::first(line, &mut self.last) {
                Some((parts, length)) if length == line.len() => {
                    self.events.push(Ok(Event::new(parts, self.body.slice_ref(line.as_bytes()))));
                }
                _ => self.push_unread(line),
            }
            if self.errors > MAX_ERRORS {
                return Err(too_many_errors());
            }
        }
        Ok(())
    }

    /// Adds an event that was not read, with the error.
    #[cold]
    fn push_unread(&mut self, text: &'a str) {
        let bytes = self.body.slice_ref(text.as_bytes());
        self.events.push(match decode::whole(text) {
            Ok(parts) => Ok(Event::new(parts, bytes)),
            Err(error) => {
                self.errors += 1;
                Err(EventError { index: self.events.len(), text: bytes, error: Box::new(error) })
            }
        });
    }
}

#[cold]
fn too_many_errors() -> DecodeError {
    DecodeError { expected: "events of a log stream".to_owned(), ..DecodeError::new(DecodeErrorKind::Shape) }
}

/// Skips the white space of JSON.
fn token(text: &str) -> &str {
    text.trim_start_matches([' ', '\n', '\r', '\t'])
}
