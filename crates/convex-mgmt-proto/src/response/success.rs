//! The check of 2xx responses: a response that the API itself sent proves that the operation took effect.

use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, StatusCode};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::decode::{self, DecodeError, DecodeErrorKind};
use crate::metadata::OperationMeta;
use crate::types::json::{self, ErrorKind, Plain};
use crate::types::text;

/// Statuses for requests that are never made: 206 for `Range`, 226 for `A-IM`, 207 and 208 for WebDAV, where the body and not the
/// status has the outcome. Every other 2xx counts as 200 (RFC 9110, section 15). The APIs return 200, 201 and 204. A proxy turns
/// a 200 of the server into 203.
const OF_OTHER_REQUESTS: [u16; 4] = [206, 207, 208, 226];

/// Fields of error objects, of the API and of the proxies in front of it. No reply has any of them.
const ERROR_FIELDS: [&str; 3] = ["code", "error", "errors"];

/// The content codings that may be shown by name (RFC 9110, section 8.4.1, and IANA's registry). Any other name is arbitrary
/// text.
const CODINGS: [&str; 7] = ["gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"];

/// Checks a 2xx response as far as possible without the operation's type, and returns the content type of its body. An error
/// means that the response does not come from the API.
///
/// For an operation without a reply body, this is the whole check. The server sends no body, so a proxy or gateway made any other
/// one.
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

/// Returns `true` if a response that passed [`check`] and cannot be read comes from the API. The operation took effect then.
///
/// These bodies count as the API's:
/// * no body, white space or `null`: the reply was lost on its way;
/// * a JSON object or list with unexpected fields or types: the server or this library is newer than the other;
/// * a JSON object or list that is cut off: the rest was lost on its way.
///
/// These bodies prove nothing, because a proxy or gateway may have made them:
/// * a body with another content type than JSON's, such as `text/plain` or `application/problem+json`;
/// * a body that is not JSON in UTF-8, or is a JSON string, number or boolean, which no reply is;
/// * an error object: one with a field `code`, `error` or `errors`, which no reply has.
pub(super) fn is_the_apis(is_json: bool, body: &[u8]) -> bool {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        // Cut off inside a character.
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
    begins_reply(text)
}

/// Returns `true` if a text is a JSON object or list, or the beginning of one, and not an error object.
fn begins_reply(text: &str) -> bool {
    let mut is_error = false;
    let read = json::read_with::<Plain, _>(text, |reader| match text.starts_with('[') {
        true => IgnoredAny::deserialize(reader).map(drop),
        false => reader.deserialize_map(FindErrorField(&mut is_error)),
    });
    !is_error && read.err().is_none_or(|error| error.kind() == ErrorKind::Truncated)
}

/// Reads as much of an object as there is, and sets its flag if one of the fields is in [`ERROR_FIELDS`].
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
        text::read(deserializer, |name| Self(ERROR_FIELDS.contains(&name)))
    }
}

/// Returns the content coding of a body other than `identity`, which is never requested. The inner `None` is a name outside of the
/// [`CODINGS`].
pub(super) fn coding(headers: &HeaderMap) -> Option<Option<&'static str>> {
    if !has(headers, &CONTENT_ENCODING) {
        return None;
    }
    // The list may be split over several header fields.
    let names =
        headers.get_all(CONTENT_ENCODING).into_iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let mut names =
        names.map(<[u8]>::trim_ascii).filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"));
    names.next().map(|name| CODINGS.into_iter().find(|known| name.eq_ignore_ascii_case(known.as_bytes())))
}

/// Returns `true` if a response has a header that nearly none has. It has few others, so a search costs less than a hash.
pub(super) fn has(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.keys().any(|other| other == name)
}

/// The content type of a response.
pub(super) struct ContentType {
    /// `true` for HTML, by its type or, without a type, by its first character.
    pub(super) html: bool,
    /// `true` for JSON and if there is no content type.
    pub(super) json: bool,
    /// `true` for a charset other than UTF-8 and its subset ASCII.
    other_charset: bool,
}

impl ContentType {
    pub(super) fn of(headers: &HeaderMap, body: &[u8]) -> Self {
        let value = headers.get(CONTENT_TYPE);
        // The spelling of the server.
        if value.is_some_and(|value| value == "application/json") {
            return Self { html: false, json: true, other_charset: false };
        }
        let value = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
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
