//! Replies: any status, head and body, read as the answer to any operation.

use std::error::Error;

use bytes::Bytes;
use convex_mgmt_proto::ResponseError;
use convex_mgmt_proto::reply::KEPT_BODY;
use http::header::LOCATION;
use http::{HeaderValue, Response, StatusCode};

use crate::input::Input;
use crate::operations::{ROWS, Row};
use crate::plant::{CANARY, is_poisoned, plant};

/// The statuses that the second byte picks from.
pub const STATUSES: &[u16] = &[
    200, 201, 204, 299, 400, 401, 403, 404, 408, 409, 421, 425, 429, 500, 502, 503, 504, 100, 304, 301, 302, 308, 600,
];

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

/// Reads an answer: the first byte picks the operation, the second the status, the third the head, and the fourth the texts
/// of the body that are made unique. The rest is the body.
///
/// * An error shows nothing of the body's texts, is of bounded length and has no control characters.
/// * A secret in an output is not shown by `Debug`.
/// * With the feature `serde-all`, what was read can be written and read again, and then is written alike.
///
/// # Panics
/// If one of that does not hold.
pub fn replies(data: &[u8]) {
    let mut input = Input::new(data);
    let row = &ROWS[input.below(ROWS.len())];
    let status = StatusCode::from_u16(input.one_of(STATUSES)).expect("a status");
    let head = HEADS[input.below(HEADS.len())];
    let mask = input.byte();
    let body = input.rest();

    // It would be mistaken for what is planted below.
    if is_poisoned(body) {
        return;
    }
    let read = |body: &[u8]| (row.read)(response(status, head, body));
    match read(body) {
        Ok(_answer) => {
            assert!(status.is_success(), "{status} was taken for a success");
            #[cfg(feature = "serde-all")]
            is_stable(row, &_answer.body);
        }
        Err(error) => examine(&error, status, body),
    }
    if let Some(body) = plant(body, |place, _| mask >> (place % 8) & 1 == 1)
        && let Err(error) = read(&body)
    {
        examine(&error, status, &body);
    }
    if let Some(body) = plant_secrets(row, body)
        && let Ok(answer) = read(&body)
    {
        assert!(!answer.debug.contains(CANARY), "`Debug` shows a secret: {}", answer.debug);
    }
}

fn response(status: StatusCode, head: &[(&str, &[u8])], body: &[u8]) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = status;
    // A redirect to anywhere, with something in all parts of the URL that are not to be shown.
    let to = body.get(..body.len().min(40)).unwrap_or_default();
    let to = [b"https://user:", CANARY.as_bytes(), b"@", to, b"/", CANARY.as_bytes()].concat();
    if let Ok(location) = HeaderValue::from_bytes(&to) {
        response.headers_mut().insert(LOCATION, location);
    }
    for (name, value) in head {
        let name = http::HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
        response.headers_mut().insert(name, HeaderValue::from_bytes(value).expect("a header"));
    }
    response
}

/// The body with a canary in what the operation's reply has of secrets. Tags of Sentry may have any name and are none.
fn plant_secrets(row: &Row, body: &[u8]) -> Option<Vec<u8>> {
    let all = row.meta.id == "list_environment_variables";
    let has_tags = body.windows(4).any(|window| window == b"tags");
    (row.meta.secret_reply && !has_tags).then(|| plant(body, |_, name| all || name == b"hmacSecret"))?
}

/// What holds of every error.
fn examine(error: &ResponseError, status: StatusCode, body: &[u8]) {
    assert_eq!(error.status(), status);
    assert_eq!(matches!(error, ResponseError::Decode(_)), status.is_success(), "{error:?}");
    assert_eq!(matches!(error, ResponseError::Redirect(_)), status.is_redirection(), "{error:?}");
    if !status.is_redirection() {
        assert_eq!(error.body(), &body[..body.len().min(KEPT_BODY)]);
    }
    let text = error.to_string();
    assert!(!text.chars().any(char::is_control), "an error has a control character: {text:?}");
    assert!(text.len() <= LONGEST_TEXT, "an error's text has {} bytes", text.len());
    let texts = format!("{text} {error:?} {error:#?} {:?}", error.source());
    assert!(!texts.contains(CANARY), "a text of the answer is in an error: {texts}");
}

/// What was written is read and written alike.
#[cfg(feature = "serde-all")]
fn is_stable(row: &Row, written: &str) {
    let again = (row.read)(Response::new(written.to_owned().into()));
    let again = again.unwrap_or_else(|error| panic!("{}: {written} cannot be read: {error}", row.meta.id));
    assert_eq!(again.body, written, "{}", row.meta.id);
}
