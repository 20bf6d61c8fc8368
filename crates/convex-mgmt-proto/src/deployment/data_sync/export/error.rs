//! [`Error`]: the position and cause of a decoding error, without any of the input.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::response::{DecodeError, DecodeErrorKind, decode};

/// A decoding error. Boxed to keep results small.
#[derive(Debug)]
pub(crate) struct Error(Box<Details>);

#[derive(Debug)]
struct Details {
    kind: DecodeErrorKind,
    expected: String,
    /// The message of a custom error. Types that wrap others may match it. Never shown to a user.
    message: String,
    /// The byte offset of the error.
    place: Option<usize>,
    /// The path to the value, innermost segment first.
    path: Vec<Segment>,
}

/// One step of a path.
#[derive(Debug)]
pub(in super::super) enum Segment {
    Field(String),
    Element(usize),
}

impl Error {
    #[cold]
    fn new(kind: DecodeErrorKind, expected: String) -> Self {
        Self(Box::new(Details { kind, expected, message: String::new(), place: None, path: Vec::new() }))
    }

    /// The error for an empty text.
    pub(super) fn empty() -> Self {
        Self::new(DecodeErrorKind::Empty, String::new())
    }

    /// The error for a text that is not JSON.
    pub(super) fn syntax() -> Self {
        Self::new(DecodeErrorKind::Syntax, String::new())
    }

    /// The error for a text that ends too early.
    pub(super) fn truncated() -> Self {
        Self::new(DecodeErrorKind::Truncated, String::new())
    }

    /// The error for JSON of another shape than `expected`.
    pub(in super::super) fn shape(expected: impl Into<String>) -> Self {
        Self::new(DecodeErrorKind::Shape, expected.into())
    }

    /// The error for JSON that a visitor does not expect.
    #[cold]
    pub(super) fn expecting(expected: &dyn Expected) -> Self {
        Self::shape(decode::without_type(expected.to_string()))
    }

    /// Sets the position, unless a nested value set it: the start of a value of another shape, or the byte at which the text
    /// stops being JSON.
    #[cold]
    pub(super) fn at(mut self, value: usize, stopped: usize) -> Self {
        self.0.place.get_or_insert(if self.0.kind == DecodeErrorKind::Shape { value } else { stopped });
        self
    }

    /// Adds the enclosing segment to the path.
    #[cold]
    pub(in super::super) fn within(mut self, segment: impl FnOnce() -> Segment) -> Self {
        if self.0.kind == DecodeErrorKind::Shape {
            self.0.path.push(segment());
        }
        self
    }

    /// Converts the error into the public one.
    pub(super) fn locate(self, text: &str) -> DecodeError {
        let Details { kind, expected, place, path, .. } = *self.0;
        let mut shown = String::new();
        for segment in path.iter().rev() {
            match segment {
                Segment::Element(index) => shown.push_str(&format!("[{index}]")),
                Segment::Field(name) => {
                    if !shown.is_empty() {
                        shown.push('.');
                    }
                    shown.push_str(name);
                }
            }
        }
        let before = text.as_bytes().get(..place.unwrap_or_default()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        DecodeError { kind, path: decode::fit_to_show(&shown), line, column, expected }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Details { message, expected, .. } if message.is_empty() => write!(f, "invalid value, expected {expected}"),
            Details { message, .. } => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

/// Errors contain only what was expected. The input may be secret, so it is never formatted.
impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        let mut error = Self::shape(decode::expected(&message));
        error.0.message = message;
        error
    }

    fn invalid_type(_found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expecting(expected)
    }

    fn invalid_value(_found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expecting(expected)
    }

    fn invalid_length(_found: usize, expected: &dyn Expected) -> Self {
        Self::expecting(expected)
    }

    fn unknown_variant(_found: &str, expected: &'static [&'static str]) -> Self {
        Self::shape(one_of(expected))
    }

    fn unknown_field(_found: &str, expected: &'static [&'static str]) -> Self {
        Self::shape(one_of(expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::shape(format!("the field `{field}`"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::shape(format!("the field `{field}` once"))
    }
}

fn one_of(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match &names[..] {
        [] | [_] => names.concat(),
        [one, two] => format!("{one} or {two}"),
        _ => format!("one of {}", names.join(", ")),
    }
}
