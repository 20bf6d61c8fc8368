//! Decoders for the bodies of success responses, and [`DecodeError`] with the place of a mismatch.

use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::types::Printable;
use crate::types::json::{self, Dialect, Plain, Reader};

/// The longest path that an error shows, in characters.
const LONGEST_PATH: usize = 200;

/// Deserializes a body that is a JSON object.
///
/// # Errors
/// A [`DecodeError`] with the place of the mismatch.
pub fn object<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, DecodeError> {
    read_body::<Plain, T>(body, '{', "an object", |reader| T::deserialize(reader))
}

/// Deserializes a body that is a JSON list.
///
/// # Errors
/// A [`DecodeError`] with the place of the mismatch.
pub fn list<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<Vec<T>, DecodeError> {
    read_body::<Plain, Vec<T>>(body, '[', "a list", |reader| Vec::deserialize(reader))
}

/// Returns the body as text. It is checked once as a whole, so that the reader need not check each string again.
pub(crate) fn utf8(body: &Bytes) -> Result<&str, DecodeError> {
    std::str::from_utf8(body).map_err(|error| match error.error_len() {
        Some(_) => DecodeError::new(DecodeErrorKind::Charset),
        None => DecodeError::new(DecodeErrorKind::Truncated),
    })
}

/// Deserializes JSON of any shape.
pub(crate) fn text<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, DecodeError> {
    read::<Plain, T>(text)
}

/// Deserializes JSON of any shape in a dialect.
pub(crate) fn read<'a, D: Dialect, T: Deserialize<'a>>(text: &'a str) -> Result<T, DecodeError> {
    json::read::<D, T>(text).map_err(|error| located(error, text))
}

/// Reads a body that begins with `first`, an opening bracket, with a function. All that does not depend on the type is a call, because a
/// program has this function once for each type.
pub(crate) fn read_body<'a, D: Dialect, T>(
    body: &'a Bytes,
    first: char,
    expected: &'static str,
    read: impl FnOnce(&mut Reader<'a, D>) -> Result<T, json::Error>,
) -> Result<T, DecodeError> {
    let read = match whole(body, first) {
        Some(text) => json::read_with(text, read).map_err(Some),
        None => Err(None),
    };
    read.map_err(|error| unreadable(body, expected, error))
}

/// Returns the body as a text that begins with `first`.
#[inline(never)]
fn whole(body: &Bytes, first: char) -> Option<&str> {
    // The reader of documents would also accept a list with the fields of a struct in their order.
    std::str::from_utf8(body).ok().filter(|text| text.trim_ascii_start().starts_with(first))
}

/// Returns the error for a body that [`read_body`] could not read. `None` if it was not read at all.
#[cold]
fn unreadable(body: &Bytes, expected: &str, error: Option<json::Error>) -> DecodeError {
    match (utf8(body), error) {
        (Err(error), _) => error,
        (Ok(text), Some(error)) => located(error, text),
        (Ok(text), None) => another(text, expected),
    }
}

/// Returns the error for a text that does not begin with the expected bracket.
#[cold]
fn another(text: &str, expected: &str) -> DecodeError {
    let shape = || DecodeError { expected: expected.to_owned(), ..DecodeError::new(DecodeErrorKind::Shape) };
    match text.trim_ascii_start().chars().next() {
        None => DecodeError::new(DecodeErrorKind::Empty),
        Some('{' | '[') => shape(),
        Some(_) => self::text::<IgnoredAny>(text).map_or_else(|error| error, |_| shape()),
    }
}

/// Returns the error of the reader with its position in the text.
#[cold]
pub(crate) fn located(error: json::Error, text: &str) -> DecodeError {
    let kind = match error.kind() {
        json::ErrorKind::Truncated => DecodeErrorKind::Truncated,
        json::ErrorKind::Syntax => DecodeErrorKind::Syntax,
        json::ErrorKind::Shape => DecodeErrorKind::Shape,
    };
    let json::Location { path, line, column, expected } = error.locate(text);
    DecodeError { kind, path: fit_to_show(&path), line, column, expected }
}

/// Decodes the body of an operation without a reply body. It accepts no body, white space, `null` and `{}`.
///
/// # Errors
/// [`DecodeErrorKind::NotEmpty`] for every other body. The server sends none, so such a body proves nothing.
pub fn nothing(body: &Bytes) -> Result<(), DecodeError> {
    let inner = |body: &'_ [u8]| Some(body.strip_prefix(b"{")?.strip_suffix(b"}")?.trim_ascii().is_empty());
    // The only white space of ASCII that JSON does not have.
    let has_form_feed = body.contains(&b'\x0c');
    match body.trim_ascii() {
        b"" => Ok(()),
        b"null" if !has_form_feed => Ok(()),
        object if !has_form_feed && inner(object) == Some(true) => Ok(()),
        _ => Err(DecodeError::new(DecodeErrorKind::NotEmpty)),
    }
}

/// Returns a path in a form that can be shown: its names may be any text of any length.
pub(crate) fn fit_to_show(path: &str) -> String {
    let mut shown = Printable(path).to_string();
    if let Some((end, _)) = shown.char_indices().nth(LONGEST_PATH) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// The kinds of [`DecodeError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The body is empty.
    Empty,
    /// The body is a web page, probably of a proxy or gateway.
    Html,
    /// The body is not UTF-8, or has another charset.
    Charset,
    /// The body is cut off.
    Truncated,
    /// The body is not JSON.
    Syntax,
    /// The body is JSON of another shape.
    Shape,
    /// There is a body, although the operation has no reply body.
    NotEmpty,
    /// The body has a `content-encoding`, such as `gzip`, which is never requested.
    Encoding,
    /// The status is for a request that was not made: 206, 207, 208 or 226.
    Status,
}

/// A body of a success response that cannot be decoded, with the place of the mismatch. It holds no value of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError {
    /// The kind of mismatch.
    pub kind: DecodeErrorKind,
    /// The path of the mismatch, such as `items[3].region`, or empty if there is none. Very long paths are shortened, and invisible
    /// characters are escape sequences ([`Printable`]).
    pub path: String,
    /// The line, from 1, or 0 if there is none.
    pub line: usize,
    /// The column in bytes, from 1, or 0 if there is none. A value of another shape has the position of its first byte, and a syntax
    /// error that of the first byte that is not JSON.
    pub column: usize,
    /// The expected value, or empty if it is unknown.
    pub expected: String,
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind) -> Self {
        Self { kind, path: String::new(), line: 0, column: 0, expected: String::new() }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            DecodeErrorKind::Empty => "the body is empty",
            DecodeErrorKind::Html => "the body is a web page",
            DecodeErrorKind::Charset => "the body is not UTF-8",
            DecodeErrorKind::Truncated => "the body ends too early",
            DecodeErrorKind::Syntax => "the body is not JSON",
            DecodeErrorKind::Shape => "the body has another shape",
            DecodeErrorKind::NotEmpty => "there is a body, but the API sends none",
            DecodeErrorKind::Encoding => "the body has a `content-encoding` that was not asked for",
            DecodeErrorKind::Status => "the status is for another kind of request",
        })?;
        if !self.path.is_empty() {
            write!(f, " at `{}`", self.path)?;
        }
        if self.line > 0 {
            write!(f, " (line {}, column {})", self.line, self.column)?;
        }
        if !self.expected.is_empty() {
            write!(f, ": expected {}", self.expected)?;
        }
        Ok(())
    }
}

impl std::error::Error for DecodeError {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only read by the derived decoder")]
    struct Page {
        items: Vec<BTreeMap<String, u64>>,
    }

    fn error(body: &[u8]) -> DecodeError {
        object::<Page>(&Bytes::copy_from_slice(body)).unwrap_err()
    }

    #[test]
    fn each_mismatch_has_its_kind() {
        assert_eq!(error(b"").kind, DecodeErrorKind::Empty);
        assert_eq!(error(b" \n").kind, DecodeErrorKind::Empty);
        assert_eq!(error(b"{\"items\":[").kind, DecodeErrorKind::Truncated);
        assert_eq!(error(b"{items}").kind, DecodeErrorKind::Syntax);
        assert_eq!(error(b"{\"items\":[]} x").kind, DecodeErrorKind::Syntax);
        assert_eq!(error(b"{\"items\":[]\xff}").kind, DecodeErrorKind::Charset);
        assert_eq!(error(b"\xff\xfe{\0}\0").kind, DecodeErrorKind::Charset);
        assert_eq!(error(b"{\"items\":[{\"a\xc3").kind, DecodeErrorKind::Truncated);
        assert_eq!(error(b"nul").kind, DecodeErrorKind::Truncated);
        assert_eq!(error(b"\xef\xbb\xbf{}").kind, DecodeErrorKind::Syntax);
        for shape in [&b"[]"[..], b"[[]]", b"[", b"null", b"7", b"\"x\"", b" true "] {
            assert_eq!((error(shape).kind, error(shape).expected.as_str()), (DecodeErrorKind::Shape, "an object"));
        }
        let listed = |body: &'static [u8]| list::<u64>(&Bytes::from_static(body)).unwrap_err();
        assert_eq!((listed(b"{}").kind, listed(b"{}").expected.as_str()), (DecodeErrorKind::Shape, "a list"));
        assert_eq!(listed(b"[1,\"x\"]").path, "[1]");
    }

    #[test]
    fn an_error_names_no_type_of_this_library() {
        #[derive(Debug, Deserialize)]
        #[allow(dead_code, reason = "only read by the derived decoder")]
        struct Outer {
            object: Option<Page>,
            pair: Option<Pair>,
            unit: Option<Unit>,
            open: Option<Open>,
        }
        #[derive(Debug, Deserialize)]
        #[allow(dead_code, reason = "only read by the derived decoder")]
        struct Pair(u64, u64);
        #[derive(Debug, Deserialize)]
        struct Unit;
        #[derive(Debug, Deserialize)]
        #[allow(dead_code, reason = "only read by the derived decoder")]
        enum Open {
            Object { a: u64, b: u64 },
            Pair(u64, u64),
        }
        for (body, expected) in [
            (r#"{"object":7}"#, "an object"),
            (r#"{"object":[]}"#, "an object"),
            (r#"{"pair":7}"#, "a list"),
            (r#"{"pair":[1]}"#, "a list"),
            (r#"{"unit":7}"#, "`null`"),
            (r#"{"open":{"Object":7}}"#, "an object"),
            (r#"{"open":{"Object":[1]}}"#, "an object"),
            (r#"{"open":{"Pair":7}}"#, "a list"),
            (r#"{"open":{"Pair":[1]}}"#, "a list"),
            (r#"{"open":{"Nothing":7}}"#, "`Object` or `Pair`"),
        ] {
            let error = object::<Outer>(&Bytes::from_static(body.as_bytes())).unwrap_err();
            assert_eq!((error.kind, error.expected.as_str()), (DecodeErrorKind::Shape, expected), "{body}");
        }
        #[derive(Debug, Deserialize)]
        #[serde(tag = "kind")]
        #[allow(dead_code, reason = "only read by the derived decoder")]
        enum Tagged {
            A,
        }
        assert_eq!(text::<Tagged>("7").unwrap_err().expected, "");
    }

    #[test]
    fn an_error_names_a_duplicate_field() {
        let error = error(br#"{"items":[],"items":[]}"#);
        assert_eq!((error.kind, error.expected.as_str()), (DecodeErrorKind::Shape, "the field `items` once"));
        let nested = object::<BTreeMap<String, Page>>(&Bytes::from_static(br#"{"a":{"items":[],"items":[]}}"#));
        assert_eq!(nested.unwrap_err().path, "a");
    }

    #[test]
    fn an_error_shows_the_place_of_a_mismatch_and_not_its_value() {
        let error = error(br#"{"items":[{"a":1},{"a":"canary, expected canary"}]}"#);
        assert_eq!(error.path, "items[1].a");
        assert_eq!(error.expected, "u64");
        assert_eq!(error.to_string(), "the body has another shape at `items[1].a` (line 1, column 24): expected u64");
        assert!(!format!("{error:?}").contains("canary"));
    }

    #[test]
    fn a_path_is_escaped_and_shortened() {
        assert_eq!(error(br#"{"items":[{"a\nb\u001b[1m":""}]}"#).path, r"items[0].a\nb\u{1b}[1m");
        let path = |length| error(format!(r#"{{"items":[{{"{}":""}}]}}"#, "é".repeat(length)).as_bytes()).path;
        assert_eq!(path(191), format!("items[0].{}", "é".repeat(191)));
        assert_eq!(path(192), format!("items[0].{}…", "é".repeat(191)));
        let escaped = error(format!(r#"{{"items":[{{"{}":""}}]}}"#, "\\n".repeat(200)).as_bytes()).path;
        assert_eq!(escaped, format!(r"items[0].{}\…", r"\n".repeat(95)));
    }

    #[test]
    fn deep_nesting_is_an_error_or_ignored() {
        let deep = "[".repeat(1_000_000);
        assert_eq!(error(deep.as_bytes()).kind, DecodeErrorKind::Shape);
        let ignored = format!("{{\"items\":[],\"new\":{deep}{}}}", "]".repeat(1_000_000));
        object::<Page>(&Bytes::from(ignored)).unwrap();
        let known = format!("{{\"items\":{deep}{}}}", "]".repeat(1_000_000));
        assert_eq!(error(known.as_bytes()).kind, DecodeErrorKind::Shape);
        assert_eq!(error(format!("{{\"items\":{deep}").as_bytes()).kind, DecodeErrorKind::Truncated);
    }

    #[test]
    fn an_error_names_a_missing_field() {
        assert_eq!(error(b"{}").expected, "the field `items`");
    }
}
