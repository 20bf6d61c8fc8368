//! What a status of 2xx is worth: whether the answer is one of the API's, and so whether the operation was carried out.

use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::decode::{self, DecodeError, DecodeErrorKind};
use crate::metadata::OperationMeta;
use crate::types::open;

/// Statuses that answer requests which are never made: 206 one with `Range`, 226 one with `A-IM`, 207 and 208 those of WebDAV,
/// where the body holds the outcome and the status does not. Every other 2xx counts as 200 (RFC 9110, section 15): the APIs
/// answer 200, 201 and 204, and 203 stands for a 200 of the server's.
const OF_OTHER_REQUESTS: [u16; 4] = [206, 207, 208, 226];

/// Fields of error objects, those of the API and of what stands in front of it. No reply has one of them.
const ERROR_FIELDS: [&str; 3] = ["code", "error", "errors"];

/// The codings of a body that may be shown by name (RFC 9110, section 8.4.1, and IANA's registry). Any other name is
/// text of somebody's.
const CODINGS: [&str; 7] = ["gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"];

/// Checks of a success what can be checked without its type, and returns the kind of its body. An error means that the answer is
/// not one of the API's.
///
/// For an operation without a reply body that is all there is to check: the server sends none, so whatever else is there was
/// made by something in between.
pub(super) fn check(
    operation: &OperationMeta,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<ContentType, DecodeError> {
    let wrong = |kind| Err(DecodeError::new(kind));
    if OF_OTHER_REQUESTS.contains(&status.as_u16()) {
        return wrong(DecodeErrorKind::Status);
    }
    let content_type = ContentType::of(headers, body);
    if content_type.html {
        return wrong(DecodeErrorKind::Html);
    }
    if body.is_empty() {
        return Ok(content_type);
    }
    if let Some(coding) = coding(headers) {
        let expected = coding.map(|name| format!("`identity` instead of `{name}`")).unwrap_or_default();
        return Err(DecodeError { expected, ..DecodeError::new(DecodeErrorKind::Encoding) });
    }
    if content_type.other_charset {
        return wrong(DecodeErrorKind::Charset);
    }
    if operation.empty_response {
        decode::nothing(body)?;
    }
    Ok(content_type)
}

/// Whether a success that passed [`check`] and cannot be read is the API's own answer, so that the operation was carried out.
///
/// It is if nothing in it says otherwise:
/// * no body, white space or `null`: the reply got lost, and nobody says anything else;
/// * a JSON object or list whose fields or types are not those of the reply: one of the two sides is newer than the other;
/// * a JSON object or list that is cut off: the rest got lost.
///
/// It proves nothing if somebody else may have made the body:
/// * its content type is not that of JSON, such as `text/plain` or `application/problem+json`;
/// * it is not JSON in UTF-8, or is a JSON text, number or boolean, which no reply is;
/// * it is an error object: it has a field `code`, `error` or `errors`, which no reply has.
pub(super) fn is_the_apis(is_json: bool, body: &[u8]) -> bool {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        // Cut off within a character.
        Err(error) if error.error_len().is_none() => {
            body.get(..error.valid_up_to()).and_then(|whole| std::str::from_utf8(whole).ok()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let text = text.trim_ascii();
    if text.is_empty() || text == "null" {
        // A character that is cut off is no part of either.
        return text.len() == body.trim_ascii().len();
    }
    if !is_json || !text.starts_with(['{', '[']) {
        return false;
    }
    // The parser does not count a number that is cut off as an early end, so it gets one more digit then.
    begins_reply(text) || text.ends_with(['-', '+', '.', 'e', 'E']) && begins_reply(&format!("{text}0"))
}

/// Whether a text is a JSON object or list or the beginning of one, and not an error object.
fn begins_reply(text: &str) -> bool {
    let mut is_error = false;
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = match text.starts_with('[') {
        true => IgnoredAny::deserialize(&mut reader).map(drop),
        false => reader.deserialize_map(FindErrorField(&mut is_error)),
    };
    let ended = read.and_then(|()| reader.end());
    !is_error && ended.err().is_none_or(|error| error.is_eof())
}

/// Reads an object as far as it goes, and notes whether it has one of the [`ERROR_FIELDS`].
struct FindErrorField<'a>(&'a mut bool);

impl<'de> Visitor<'de> for FindErrorField<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(IsErrorField(is_error)) = map.next_key()? {
            *self.0 |= is_error;
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

struct IsErrorField(bool);

impl<'de> Deserialize<'de> for IsErrorField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        open::text(deserializer, |name| Self(ERROR_FIELDS.contains(&name)))
    }
}

/// The coding of a body, if it has one that was not asked for: none ever is. The name is `None` if it may not be shown.
pub(super) fn coding(headers: &HeaderMap) -> Option<Option<&'static str>> {
    // A list, which may be in several fields.
    let names =
        headers.get_all(CONTENT_ENCODING).into_iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let mut names =
        names.map(<[u8]>::trim_ascii).filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"));
    names.next().map(|name| CODINGS.into_iter().find(|known| name.eq_ignore_ascii_case(known.as_bytes())))
}

/// What an answer's head says of its body's kind.
pub(super) struct ContentType {
    /// A web page, or what looks like one and has no type.
    pub(super) html: bool,
    /// JSON, or no type at all.
    pub(super) json: bool,
    other_charset: bool,
}

impl ContentType {
    pub(super) fn of(headers: &HeaderMap, body: &[u8]) -> Self {
        let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut parts = value.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let is = |known: &str| kind.eq_ignore_ascii_case(known);
        let html = match kind.is_empty() {
            true => body.trim_ascii_start().starts_with(b"<"),
            false => is("text/html") || is("application/xhtml+xml"),
        };
        let charset = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.eq_ignore_ascii_case("charset").then_some(value.trim_matches('"'))
        });
        let known = |name: &str| ["utf-8", "utf8", "us-ascii"].iter().any(|known| name.eq_ignore_ascii_case(known));
        let other_charset = charset.is_some_and(|name| !known(name));
        Self { html, json: kind.is_empty() || is("application/json"), other_charset }
    }
}

#[cfg(test)]
mod tests;
