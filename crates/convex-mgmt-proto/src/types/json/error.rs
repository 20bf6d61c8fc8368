//! [`Error`]: the position and cause of a decoding error, without any of the input.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// The text is empty or ends too early.
    Truncated,
    /// The text is not JSON.
    Syntax,
    /// The text is JSON of another shape.
    Shape,
}

/// The position of an [`Error`] in its text.
#[derive(Debug)]
pub(crate) struct Location {
    /// The path to the value, such as `items[3].region`. Empty for other kinds than [`ErrorKind::Shape`].
    pub(crate) path: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The column in bytes, from 1.
    pub(crate) column: usize,
    /// The expected value, or empty if it is unknown.
    pub(crate) expected: String,
}

/// A decoding error. Boxed to keep results small.
#[derive(Debug)]
pub(crate) struct Error(Box<Details>);

#[derive(Debug)]
struct Details {
    kind: ErrorKind,
    expected: String,
    /// The message of a custom error. Types that wrap others may match it. Never shown to a user.
    message: String,
    /// The byte offset of the error.
    place: Option<usize>,
    /// The path to the value, innermost segment first.
    path: Vec<Segment>,
}

/// The parts of a message around a path.
const AT: &str = "invalid value at `";
const EXPECTED: &str = "`, expected ";

/// One step of a path.
#[derive(Debug)]
pub(crate) enum Segment {
    Field(String),
    Element(usize),
}

impl Error {
    #[cold]
    fn new(kind: ErrorKind, expected: String) -> Self {
        Self(Box::new(Details { kind, expected, message: String::new(), place: None, path: Vec::new() }))
    }

    /// The error for a text that is not JSON.
    pub(super) fn syntax() -> Self {
        Self::new(ErrorKind::Syntax, String::new())
    }

    /// The error for a text that ends too early.
    pub(super) fn truncated() -> Self {
        Self::new(ErrorKind::Truncated, String::new())
    }

    /// The error for JSON of another shape than `expected`.
    pub(crate) fn shape(expected: impl Into<String>) -> Self {
        Self::new(ErrorKind::Shape, expected.into())
    }

    /// The error for JSON that a visitor does not expect.
    #[cold]
    pub(super) fn expecting(expected: &dyn Expected) -> Self {
        Self::shape(without_type(expected.to_string()))
    }

    /// Sets the position, unless a nested value set it: the start of a value of another shape, or the byte at which the text
    /// stops being JSON.
    #[cold]
    pub(super) fn at(mut self, value: usize, stopped: usize) -> Self {
        self.0.place.get_or_insert(if self.0.kind == ErrorKind::Shape { value } else { stopped });
        self
    }

    /// Adds the enclosing segment to the path.
    #[cold]
    pub(crate) fn within(mut self, segment: impl FnOnce() -> Segment) -> Self {
        if self.0.kind == ErrorKind::Shape {
            self.0.path.push(segment());
        }
        self
    }

    /// Returns the kind of the error.
    pub(crate) fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the position of the error in the text that was read.
    #[cold]
    pub(crate) fn locate(self, text: &str) -> Location {
        let path = self.path();
        let Details { expected, place, .. } = *self.0;
        let before = text.as_bytes().get(..place.unwrap_or_default()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        Location { path, line, column, expected }
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for segment in self.0.path.iter().rev() {
            match segment {
                Segment::Element(index) => path.push_str(&format!("[{index}]")),
                Segment::Field(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
            }
        }
        path
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { message, expected, path, .. } = &*self.0;
        if !message.is_empty() {
            f.write_str(message)
        } else if path.is_empty() {
            write!(f, "invalid value, expected {expected}")
        } else {
            write!(f, "{AT}{}{EXPECTED}{expected}", self.path())
        }
    }
}

impl std::error::Error for Error {}

/// Errors contain only what was expected. The input may be secret, so it is never formatted.
impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        // The error of a value that was read from a text of its own, such as an object whose tag is not its first field.
        let nested = message.strip_prefix(AT).and_then(|rest| rest.split_once(EXPECTED));
        let mut error = Self::shape(expected(&message));
        error.0.path.extend(nested.map(|(path, _)| Segment::Field(path.to_owned())));
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

/// Returns the expectation in a message of serde. The message also quotes the value that it found, which may be secret. Only the
/// part from this library's types is kept.
fn expected(message: &str) -> String {
    // The message has one position for each level of text within text.
    let without_position = |text: &str| text.split(" at line ").next().unwrap_or_default().to_owned();
    let field = |field: &str| format!("the field `{}`", field.split('`').next().unwrap_or_default());
    if let Some(missing) = message.strip_prefix("missing field `") {
        return field(missing);
    }
    if let Some(duplicate) = message.strip_prefix("duplicate field `") {
        return field(duplicate) + " once";
    }
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| without_position(expected));
    expected.map(without_type).unwrap_or_default()
}

/// Returns the expectation of serde's derives without the names of types, which are private.
fn without_type(expected: String) -> String {
    let begins = |words: &[&str]| words.iter().any(|word| expected.starts_with(word));
    if begins(&["struct ", "struct variant "]) {
        "an object".to_owned()
    } else if begins(&["tuple struct ", "tuple variant "]) {
        "a list".to_owned()
    } else if begins(&["unit struct "]) {
        "`null`".to_owned()
    } else if begins(&["enum ", "internally tagged enum ", "adjacently tagged enum "]) {
        String::new()
    } else {
        expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A user's type may read a text with serde_json and pass on the error.
    #[test]
    fn the_expectation_in_a_message_of_serde_json_is_kept_without_its_position() {
        for (message, expected) in [
            ("missing field `a` at line 1 column 2", "the field `a`"),
            ("duplicate field `a` at line 1 column 9", "the field `a` once"),
            ("invalid type: string \"canary\", expected a boolean at line 1 column 8", "a boolean"),
            ("invalid type: null, expected struct Private at line 1 column 4", "an object"),
            ("canary", ""),
        ] {
            assert_eq!(<Error as de::Error>::custom(message).locate("").expected, expected, "{message}");
        }
    }
}
