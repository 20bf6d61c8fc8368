//! [`RequestEncoder`]: builds a request from path values, query parameters and a body.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::uri::{self, Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Request, Uri};
use serde::Serialize;

use crate::error::BuildError;
use crate::metadata::OperationMeta;
use crate::request::json_text::JsonText;
use crate::types::url::push_encoded;

/// Builds the request of an operation. [`Operation::encode`](crate::Operation::encode) writes its parts in order: path values,
/// query parameters, body.
#[derive(Debug)]
pub struct RequestEncoder {
    meta: &'static OperationMeta,
    /// The path of a request to an endpoint without a path prefix, if it has no parameters and no query yet.
    fixed_path: Option<PathAndQuery>,
    /// The path and the query so far. Empty while there is a `fixed_path`.
    path: String,
    /// The rest of the path's template.
    template: &'static str,
    in_query: bool,
    body: Option<Bytes>,
    body_limit: Option<usize>,
}

impl RequestEncoder {
    /// Starts a request. `prefix` is the path of the API at its endpoint.
    pub(crate) fn new(meta: &'static OperationMeta, prefix: &str, body_limit: Option<usize>) -> Self {
        let fixed_path = meta.fixed_path.filter(|_| prefix == meta.prefix).map(|path| path());
        let (mut path, mut template) = (String::new(), "");
        if fixed_path.is_none() {
            path.reserve_exact(prefix.len() + meta.path.len() + VALUES);
            path.push_str(prefix);
            template = meta.path;
        }
        Self { meta, fixed_path, path, template, in_query: false, body: None, body_limit }
    }

    /// Writes the value of the next placeholder of the path, percent-encoded as one segment.
    ///
    /// # Errors
    /// * [`BuildError::PathValue`] if the value is empty, `.` or `..`, because servers resolve these as part of the path.
    /// * [`BuildError::Template`] if `name` is not the next placeholder.
    pub fn path(&mut self, name: &'static str, value: &str) -> Result<(), BuildError> {
        let rule = match value {
            "" => Some("must not be empty"),
            "." | ".." => Some("must not be `.` or `..`"),
            _ => None,
        };
        if let Some(rule) = rule {
            return Err(BuildError::PathValue { field: name, rule });
        }
        let wrong = BuildError::Template { operation: self.meta.id };
        let (literal, rest) = self.template.split_once('{').ok_or(wrong)?;
        let (placeholder, rest) = rest.split_once('}').ok_or(BuildError::Template { operation: self.meta.id })?;
        if placeholder != name {
            return Err(BuildError::Template { operation: self.meta.id });
        }
        self.path.push_str(literal);
        push_encoded(&mut self.path, value);
        self.template = rest;
        Ok(())
    }

    /// Writes a query parameter.
    ///
    /// # Errors
    /// [`BuildError::Template`] if a placeholder of the path has no value yet, or the operation has no such parameter.
    pub fn query(&mut self, name: &'static str, value: &str) -> Result<(), BuildError> {
        if !self.meta.query.contains(&name) {
            return Err(BuildError::Template { operation: self.meta.id });
        }
        self.end_path()?;
        if let Some(path) = self.fixed_path.take() {
            self.path.reserve_exact(path.as_str().len() + name.len() + value.len() + VALUES);
            self.path.push_str(path.as_str());
        }
        self.path.push(if self.in_query { '&' } else { '?' });
        self.in_query = true;
        self.path.push_str(name);
        self.path.push('=');
        push_encoded(&mut self.path, value);
        Ok(())
    }

    /// Writes the body as JSON.
    ///
    /// # Errors
    /// [`BuildError::BodyTooLarge`] if it exceeds the server's limit ([`Api::BODY_LIMIT`](crate::Api::BODY_LIMIT));
    /// [`BuildError::Json`] if the value cannot be written as JSON.
    pub fn json(&mut self, body: &impl Serialize) -> Result<(), BuildError> {
        let mut text = JsonText::new(self.body_limit);
        serde_json::to_writer(&mut text, body).map_err(|_| BuildError::Json { operation: self.meta.id })?;
        self.set_body(text)
    }

    /// Writes the body as JSON with `write`. It is faster than [`json`](Self::json) for bodies that are mostly long strings.
    pub(crate) fn json_text(&mut self, write: impl FnOnce(&mut JsonText)) -> Result<(), BuildError> {
        let mut text = JsonText::new(self.body_limit);
        write(&mut text);
        self.set_body(text)
    }

    fn set_body(&mut self, text: JsonText) -> Result<(), BuildError> {
        let limit = self.body_limit.unwrap_or(usize::MAX);
        let too_large = |length| BuildError::BodyTooLarge { operation: self.meta.id, length, limit };
        self.body = Some(text.into_body().map_err(too_large)?);
        Ok(())
    }

    fn end_path(&mut self) -> Result<(), BuildError> {
        if self.template.contains('{') {
            return Err(BuildError::Template { operation: self.meta.id });
        }
        self.path.push_str(self.template);
        self.template = "";
        Ok(())
    }

    /// Returns the request, with these headers.
    pub(crate) fn finish(
        mut self,
        scheme: &Scheme,
        authority: &Authority,
        headers: &HeaderMap,
    ) -> Result<Request<Bytes>, BuildError> {
        // A declaration such as `get_thing` or `/things?x=1` would lead to another path.
        let declared = self.meta.path;
        if self.meta.fixed_path.is_none() && (!declared.starts_with('/') || declared.contains(['?', '#'])) {
            return Err(BuildError::Template { operation: self.meta.id });
        }
        self.end_path()?;
        let invalid = || BuildError::Url { operation: self.meta.id };
        let path = match self.fixed_path {
            Some(path) => path,
            None => PathAndQuery::from_maybe_shared(Bytes::from(self.path)).map_err(|_| invalid())?,
        };
        if scheme.as_str().len() + "://".len() + authority.as_str().len() + path.as_str().len() > LONGEST_URL {
            return Err(invalid());
        }
        let mut parts = uri::Parts::default();
        parts.scheme = Some(scheme.clone());
        parts.authority = Some(authority.clone());
        parts.path_and_query = Some(path);
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = Uri::from_parts(parts).map_err(|_| invalid())?;
        *request.method_mut() = self.meta.method.clone();
        *request.headers_mut() = match self.body {
            None => headers.clone(),
            Some(body) => {
                *request.body_mut() = body;
                with_content_type(headers)
            }
        };
        request.extensions_mut().insert(self.meta);
        Ok(request)
    }
}

/// The room for values in the path and the query, in bytes. A text that outgrows it is moved.
const VALUES: usize = 32;

/// The maximum length of a URL in bytes. The type of URLs has the same limit for a text that it reads.
const LONGEST_URL: usize = u16::MAX as usize - 1;

/// Returns the headers of a request with a body. They have room for `Content-Length`, which some transports add.
fn with_content_type(headers: &HeaderMap) -> HeaderMap {
    let mut all = HeaderMap::with_capacity(headers.len() + 2);
    all.extend(headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    all.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    all
}

#[cfg(test)]
mod tests {
    use http::Method;
    use proptest::prelude::*;

    use super::*;
    use crate::metadata::{DeploymentApi, Idempotency};

    static META: OperationMeta =
        OperationMeta::new::<DeploymentApi>("get", Method::GET, "/things/{id}/parts/{part}", Idempotency::Safe)
            .query(&["cursor", "limit"]);

    fn encoder() -> RequestEncoder {
        RequestEncoder::new(&META, "/api/v1", Some(10))
    }

    fn finish(encoder: RequestEncoder) -> Result<Request<Bytes>, BuildError> {
        encoder.finish(&Scheme::HTTPS, &Authority::from_static("h"), &HeaderMap::new())
    }

    fn uri(write: impl FnOnce(&mut RequestEncoder) -> Result<(), BuildError>) -> Result<String, BuildError> {
        let mut encoder = encoder();
        write(&mut encoder)?;
        Ok(finish(encoder)?.uri().to_string())
    }

    #[test]
    fn encodes_values_into_their_places() {
        let uri = uri(|w| {
            w.path("id", "a/b %é")?;
            w.path("part", "..x")?;
            w.query("cursor", "a&b=c+d")?;
            w.query("limit", "5")
        });
        assert_eq!(uri.unwrap(), "https://h/api/v1/things/a%2Fb%20%25%C3%A9/parts/..x?cursor=a%26b%3Dc%2Bd&limit=5");
    }

    #[test]
    fn rejects_values_that_would_change_the_path() {
        for value in ["", ".", ".."] {
            let error = uri(|w| w.path("id", value)).unwrap_err();
            assert!(matches!(error, BuildError::PathValue { field: "id", .. }), "{error}");
        }
    }

    #[test]
    fn rejects_calls_that_do_not_match_the_template() {
        assert!(matches!(uri(|w| w.path("part", "x")), Err(BuildError::Template { .. })));
        assert!(matches!(uri(|w| w.path("id", "x")), Err(BuildError::Template { .. })));
        assert!(matches!(uri(|w| w.query("cursor", "x")), Err(BuildError::Template { .. })));
        let three = uri(|w| w.path("id", "x").and(w.path("part", "x")).and(w.path("id", "x")));
        assert!(matches!(three, Err(BuildError::Template { .. })));
        let unknown = uri(|w| w.path("id", "x").and(w.path("part", "x")).and(w.query("other", "x")));
        assert!(matches!(unknown, Err(BuildError::Template { .. })));
    }

    #[test]
    fn rejects_a_declared_path_that_is_not_one() {
        static RELATIVE: OperationMeta = meta("things");
        static WITH_QUERY: OperationMeta = meta("/things?x=1");
        const fn meta(path: &'static str) -> OperationMeta {
            OperationMeta::new::<DeploymentApi>("get", Method::GET, path, Idempotency::Safe)
        }
        for meta in [&RELATIVE, &WITH_QUERY] {
            let finished = finish(RequestEncoder::new(meta, "/api/v1", None));
            assert!(matches!(finished, Err(BuildError::Template { .. })), "{}", meta.path);
        }
    }

    #[test]
    fn accepts_a_body_of_the_limit_and_rejects_one_byte_more() {
        encoder().json(&"12345678").unwrap();
        let error = encoder().json(&"123456789").unwrap_err();
        assert!(matches!(error, BuildError::BodyTooLarge { length: 11, limit: 10, .. }), "{error}");
    }

    #[test]
    fn only_a_request_with_a_body_has_a_content_type() {
        let request = |with_body: bool| {
            let mut w = encoder();
            w.path("id", "x").and(w.path("part", "y")).unwrap();
            if with_body {
                w.json(&1).unwrap();
            }
            finish(w).unwrap()
        };
        assert_eq!(request(true).headers()[CONTENT_TYPE], "application/json");
        assert!(!request(false).headers().contains_key(CONTENT_TYPE));
        assert_eq!(request(false).extensions().get::<&'static OperationMeta>().unwrap().id, "get");
    }

    proptest! {
        #[test]
        fn any_value_remains_one_segment_and_can_be_decoded(value in "\\PC{1,40}") {
            prop_assume!(value != "." && value != "..");
            let uri: Uri = uri(|w| w.path("id", &value).and(w.path("part", "x"))).unwrap().parse().unwrap();
            let segments: Vec<_> = uri.path().split('/').collect();
            prop_assert_eq!(segments.len(), 7);
            prop_assert_eq!(uri.query(), None);
            prop_assert_eq!(decoded(segments[4]), value);
        }
    }

    fn decoded(segment: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = segment.as_bytes();
        while let Some((first, tail)) = rest.split_first() {
            if *first == b'%' {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
                rest = &tail[2..];
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        String::from_utf8(bytes).unwrap()
    }
}
