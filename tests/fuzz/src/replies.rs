//! Replies: any status, head and body, read as the answer to any operation.

use std::error::Error;
use std::hint::black_box;

use bytes::Bytes;
use convex_mgmt_proto::KEPT_BODY;
use convex_mgmt_proto::NOT_COMMITTED_CODES;
use convex_mgmt_proto::{ResponseError, UnreadableReply};
use http::header::LOCATION;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

use crate::input::Input;
use crate::operations::{ROWS, Row};
use crate::plant::{CANARY, is_poisoned, plant};

/// The statuses that the second byte picks from.
pub const STATUSES: &[u16] = &[
    200, 201, 204, 299, 400, 401, 403, 404, 408, 409, 421, 425, 429, 500, 502, 503, 504, 100, 304, 301, 302, 308, 600,
    // New ones go to the end, for the corpus picks them by their place.
    101, 203, 205, 206, 207, 520, 530, 599,
];

/// The statuses of a success that answer requests which are never made.
const OF_OTHER_REQUESTS: [u16; 4] = [206, 207, 208, 226];

/// The heads that the third byte picks from.
pub const HEADS: &[&[(&str, &[u8])]] = &[
    &[],
    &[("content-type", b"application/json")],
    &[("content-type", b"application/json; charset=UTF-8"), ("retry-after", b"3")],
    &[("content-type", b"application/json;charset=\"latin1\"")],
    &[("content-type", b"text/html"), ("retry-after", b"99999999999999999999")],
    &[("content-type", b"text/plain; charset="), ("retry-after", b"-1")],
    &[("content-type", b"\xff;;="), ("location", b"\xff")],
    &[("x-convex-deprecation-state", b"UpgradeRequired"), ("x-convex-deprecation-message", b"soon \xe9")],
];

/// How long an error's text may get, whatever the answer.
const LONGEST_TEXT: usize = 1000;

/// An answer that an input stands for: the first byte picks the operation, the second the status, the third the head, and
/// the fourth the texts of the body that are made unique. The rest is the body; one more head than there are in [`HEADS`]
/// is written before it, line by line, up to an empty one.
#[derive(Debug)]
pub struct Given {
    /// The operation.
    pub row: &'static Row,
    /// The answer.
    pub response: Response<Bytes>,
    /// Which texts are made unique.
    mask: u8,
}

impl Given {
    /// What an input stands for.
    pub fn of(data: &[u8]) -> Self {
        let mut input = Input::new(data);
        let row = &ROWS[input.below(ROWS.len())];
        let status = StatusCode::from_u16(input.one_of(STATUSES)).expect("a status");
        let head = input.below(HEADS.len() + 1);
        let mask = input.byte();
        let headers = HEADS.get(head).map_or_else(|| written_head(&mut input), |head| known_head(head));
        let mut response = Response::new(Bytes::copy_from_slice(input.rest()));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Self { row, response, mask }
    }

    /// The answer with another body.
    fn with(&self, body: Vec<u8>) -> Response<Bytes> {
        self.response.clone().map(|_| body.into())
    }
}

fn known_head(head: &[(&'static str, &[u8])]) -> HeaderMap {
    let header = |(name, value): &(&'static str, &[u8])| {
        (HeaderName::from_static(name), HeaderValue::from_bytes(value).expect("a header"))
    };
    head.iter().map(header).collect()
}

/// The headers at the front of an input. What is none is left out.
fn written_head(input: &mut Input<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    loop {
        let line = input.line();
        if line.is_empty() {
            return headers;
        }
        if let Some((name, value)) = line.split_once(':')
            && let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value.trim()))
        {
            // One that is full takes no more.
            drop(headers.try_append(name, value));
        }
    }
}

/// Reads an answer: that of [`Given`].
///
/// * An error shows nothing of the body's texts, is of bounded length and has no control characters.
/// * What it says of the outcome is no more than the answer proves.
/// * A secret in an output is not shown by `Debug`.
/// * With the feature `serde-all`, what was read can be written and read again, and then is written alike.
///
/// # Panics
/// If one of that does not hold.
pub fn replies(data: &[u8]) {
    // It would be mistaken for what is planted below.
    if is_poisoned(data) {
        return;
    }
    let mut given = Given::of(data);
    redirect_to_secrets(&mut given.response);
    let (row, status, body) = (given.row, given.response.status(), given.response.body());
    match (row.read)(given.response.clone()) {
        Ok(_answer) => {
            assert!(is_success(status), "{status} was taken for a success");
            assert!(!row.meta.empty_response || is_nothing(body), "{body:?} was taken for a success");
            #[cfg(feature = "serde-all")]
            is_stable(row, &_answer.body);
        }
        Err(error) => examine(&error, status, body),
    }
    if let Some(body) = plant(body, |place, _| given.mask >> (place % 8) & 1 == 1)
        && let Err(error) = (row.read)(given.with(body.clone()))
    {
        examine(&error, status, &body);
    }
    if let Some(body) = plant_secrets(row, body)
        && let Ok(answer) = (row.read)(given.with(body))
    {
        assert!(!answer.debug.contains(CANARY), "`Debug` shows a secret: {}", answer.debug);
    }
}

/// Reads an answer, and shows what came of it.
pub fn read(data: &[u8]) {
    let Given { row, response, .. } = Given::of(data);
    match (row.read)(response) {
        Ok(answer) => drop(black_box(answer)),
        Err(error) => drop(black_box(format!("{error} {error:?} {:?}", error.outcome()))),
    }
}

/// Points a redirect to anywhere, with something in all parts of the URL that are not to be shown.
fn redirect_to_secrets(response: &mut Response<Bytes>) {
    let to = response.body().get(..response.body().len().min(40)).unwrap_or_default();
    let to = [b"https://user:", CANARY.as_bytes(), b"@", to, b"/", CANARY.as_bytes()].concat();
    if !response.headers().contains_key(LOCATION)
        && let Ok(location) = HeaderValue::from_bytes(&to)
    {
        response.headers_mut().insert(LOCATION, location);
    }
}

/// The body with a canary in what the operation's reply has of secrets. Tags of Sentry may have any name and are none.
fn plant_secrets(row: &Row, body: &[u8]) -> Option<Vec<u8>> {
    let all = row.meta.id == "list_environment_variables";
    let has_tags = body.windows(4).any(|window| window == b"tags");
    (row.meta.secret_response && !has_tags).then(|| plant(body, |_, name| all || name == b"hmacSecret"))?
}

/// What holds of every error.
fn examine(error: &ResponseError, status: StatusCode, body: &[u8]) {
    assert_eq!(error.status(), status);
    assert_eq!(matches!(error, ResponseError::Decode(_)), status.is_success(), "{error:?}");
    let is_redirect = status.is_redirection() && status != StatusCode::NOT_MODIFIED;
    assert_eq!(matches!(error, ResponseError::Redirect(_)), is_redirect, "{error:?}");
    if !is_redirect {
        assert_eq!(error.body(), &body[..body.len().min(KEPT_BODY)]);
    }
    assert_eq!(error.maybe_applied(), maybe_applied(error), "{error:?}");
    if let ResponseError::Decode(UnreadableReply { applied: true, .. }) = error {
        assert!(is_success(status) && is_of_the_api(body), "{error:?} {body:?}");
    }
    let text = error.to_string();
    assert!(!text.chars().any(char::is_control), "an error has a control character: {text:?}");
    assert!(text.len() <= LONGEST_TEXT, "an error's text has {} bytes", text.len());
    let texts = format!("{text} {error:?} {error:#?} {:?}", error.source());
    assert!(!texts.contains(CANARY), "a text of the answer is in an error: {texts}");
}

fn is_success(status: StatusCode) -> bool {
    status.is_success() && !OF_OTHER_REQUESTS.contains(&status.as_u16())
}

/// Whether a body is a way to write nothing.
fn is_nothing(body: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => value.is_null() || value.as_object().is_some_and(Map::is_empty),
        Err(_) => body.iter().all(u8::is_ascii_whitespace),
    }
}

/// Whether a body may be the API's, as far as can be seen here: that of a success is an object or a list, if it did not get
/// lost, and no error.
fn is_of_the_api(body: &[u8]) -> bool {
    let is_error =
        |object: Map<String, Value>| ["code", "error", "errors"].iter().any(|name| object.contains_key(*name));
    let begun = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    is_nothing(body) || (begun && !serde_json::from_slice(body).is_ok_and(is_error))
}

/// Whether the operation may have been carried out by what an answer says: only a refusal of the API's says that it was not,
/// and only a success of the API's that it was.
fn maybe_applied(error: &ResponseError) -> bool {
    match (error.status().as_u16(), error) {
        (_, ResponseError::Decode(reply)) => !reply.applied,
        (503, ResponseError::Api(error)) => !NOT_COMMITTED_CODES.iter().any(|(code, _)| *code == error.code.as_str()),
        (408, _) => true,
        (status, _) => status / 100 != 4,
    }
}

/// What was written is read and written alike.
#[cfg(feature = "serde-all")]
fn is_stable(row: &Row, written: &str) {
    let again = (row.read)(Response::new(written.to_owned().into()));
    let again = again.unwrap_or_else(|error| panic!("{}: {written} cannot be read: {error}", row.meta.id));
    assert_eq!(again.body, written, "{}", row.meta.id);
}
