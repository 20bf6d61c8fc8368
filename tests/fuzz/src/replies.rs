//! The target `replies`: any status, head and body, read as the response to any operation.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::hint::black_box;
use std::sync::LazyLock;

use convex_mgmt_proto::KEPT_BODY;
use convex_mgmt_proto::NOT_COMMITTED_CODES;
use convex_mgmt_proto::ResponseError;
use convex_mgmt_proto::samples::{SAMPLES, Samples};
use http::header::LOCATION;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

use crate::inputs::ResponseInput;
use crate::plant::{CANARY, plant, resembles_canary};

/// The statuses of success that the API never sends: they belong to requests that this library never sends.
const OTHER_SUCCESSES: [u16; 4] = [206, 207, 208, 226];

/// The maximum length of an error's text in bytes.
const LONGEST_TEXT: usize = 1000;

/// Reads the response that an input means ([`ResponseInput`]).
///
/// * An error contains no text of the body, is of bounded length and has no control characters.
/// * An error claims no more about the outcome than the response proves.
/// * `Debug` of an output shows no secret.
/// * With the feature `serde-all`, an output that is encoded and decoded again is encoded to the same bytes.
///
/// # Panics
/// If one of these properties does not hold.
pub fn replies(data: &[u8]) {
    if resembles_canary(data) {
        return;
    }
    let mut input = ResponseInput::parse(data);
    redirect_to_secrets(&mut input.response);
    let (samples, status, body) = (input.samples, input.response.status(), input.response.body());
    match (samples.read)(input.response.clone()) {
        Ok(_output) => {
            assert!(is_success(status), "{status} was read as a success");
            assert!(!samples.meta.empty_response || is_nothing(body), "{body:?} was read as a success");
            #[cfg(feature = "serde-all")]
            is_stable(samples, &_output.text);
        }
        Err(error) => check_error(&error, status, body),
    }
    if let Some(body) = plant(body, |place, _| input.mask >> (place % 8) & 1 == 1)
        && let Err(error) = (samples.read)(input.with_body(body.clone()))
    {
        check_error(&error, status, &body);
    }
    if let Some(body) = plant_secrets(samples, body)
        && let Ok(output) = (samples.read)(input.with_body(body))
    {
        assert!(!output.debug.contains(CANARY), "`Debug` shows a secret: {}", output.debug);
    }
}

/// Reads the response that an input means, and formats the output or the error.
pub fn read(data: &[u8]) {
    let ResponseInput { samples, response, .. } = ResponseInput::parse(data);
    match (samples.read)(response) {
        Ok(output) => drop(black_box(output)),
        Err(error) => drop(black_box(format!("{error} {error:?} {:?}", error.outcome()))),
    }
}

/// Adds a redirect with the canary in every part of the URL that must not be shown.
fn redirect_to_secrets(response: &mut Response<bytes::Bytes>) {
    let to = response.body().get(..response.body().len().min(40)).unwrap_or_default();
    let to = [b"https://user:", CANARY.as_bytes(), b"@", to, b"/", CANARY.as_bytes()].concat();
    if !response.headers().contains_key(LOCATION)
        && let Ok(location) = HeaderValue::from_bytes(&to)
    {
        response.headers_mut().insert(LOCATION, location);
    }
}

/// The texts of an operation's responses that are secrets: those that `Debug` hides in its samples.
#[derive(Debug, Default)]
struct SecretTexts {
    /// `true` if all texts are secrets, whatever the names of their fields.
    all: bool,
    /// The names of the fields with a secret.
    names: BTreeSet<Vec<u8>>,
}

impl SecretTexts {
    fn of(samples: &Samples) -> Self {
        let (mut hidden, mut shown) = (BTreeSet::new(), BTreeSet::new());
        for body in (samples.responses)() {
            let body = body.to_string().into_bytes();
            for (place, name) in names_of_texts(&body).into_iter().enumerate() {
                let planted = plant(&body, |text, _| text == place).expect("the text exists");
                let is_hidden =
                    (samples.read)(Response::new(planted.into())).is_ok_and(|output| !output.debug.contains(CANARY));
                if is_hidden { &mut hidden } else { &mut shown }.insert(name);
            }
        }
        let all = shown.is_empty() && !hidden.is_empty();
        // The items of a list have no name.
        let names = hidden.into_iter().filter(|name| !shown.contains(name) && !name.is_empty()).collect();
        Self { all, names }
    }
}

/// The names of the fields that have a text, in the order of the texts.
fn names_of_texts(body: &[u8]) -> Vec<Vec<u8>> {
    let names = std::cell::RefCell::new(Vec::new());
    plant(body, |_, name| {
        names.borrow_mut().push(name.to_vec());
        false
    });
    names.into_inner()
}

/// By the name of the operation.
static SECRETS: LazyLock<BTreeMap<String, SecretTexts>> = LazyLock::new(|| {
    let with_secrets = SAMPLES.iter().filter(|samples| samples.meta.secret_response);
    with_secrets.map(|samples| (samples.meta.to_string(), SecretTexts::of(samples))).collect()
});

/// Returns the body with the canary in every secret. `None` if it has none. Tags of Sentry may have any name and are not secret.
fn plant_secrets(samples: &Samples, body: &[u8]) -> Option<Vec<u8>> {
    let secrets = SECRETS.get(&samples.meta.to_string())?;
    let has_tags = body.windows(4).any(|window| window == b"tags");
    (!has_tags).then(|| plant(body, |_, name| secrets.all || secrets.names.contains(name)))?
}

/// Checks what is true of every error.
fn check_error(error: &ResponseError, status: StatusCode, body: &[u8]) {
    assert_eq!(error.status(), status);
    assert_eq!(matches!(error, ResponseError::Decode(_)), status.is_success(), "{error:?}");
    let is_redirect = status.is_redirection() && status != StatusCode::NOT_MODIFIED;
    assert_eq!(matches!(error, ResponseError::Redirect(_)), is_redirect, "{error:?}");
    if !is_redirect {
        assert_eq!(error.body(), &body[..body.len().min(KEPT_BODY)]);
    }
    assert_eq!(error.maybe_applied(), maybe_applied(error), "{error:?}");
    if let ResponseError::Decode(reply) = error
        && reply.applied
    {
        assert!(is_success(status) && may_be_of_the_api(body), "{error:?} {body:?}");
    }
    let text = error.to_string();
    assert!(!text.chars().any(char::is_control), "an error has a control character: {text:?}");
    assert!(text.len() <= LONGEST_TEXT, "an error's text has {} bytes", text.len());
    let texts = format!("{text} {error:?} {error:#?} {:?}", error.source());
    assert!(!texts.contains(CANARY), "an error contains a text of the response: {texts}");
}

fn is_success(status: StatusCode) -> bool {
    status.is_success() && !OTHER_SUCCESSES.contains(&status.as_u16())
}

/// Returns `true` for white space, `null` and `{}`.
fn is_nothing(body: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => value.is_null() || value.as_object().is_some_and(Map::is_empty),
        Err(_) => body.iter().all(u8::is_ascii_whitespace),
    }
}

/// Returns `true` if a success with this body may be the API's: the body is empty, or begins as an object or a list that is not
/// an error.
fn may_be_of_the_api(body: &[u8]) -> bool {
    let is_error =
        |object: Map<String, Value>| ["code", "error", "errors"].iter().any(|name| object.contains_key(*name));
    let begun = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    is_nothing(body) || (begun && !serde_json::from_slice(body).is_ok_and(is_error))
}

/// Returns `true` if the operation may have taken effect. Only an error of the API proves that it did not, and only a success
/// of the API proves that it did.
fn maybe_applied(error: &ResponseError) -> bool {
    match (error.status().as_u16(), error) {
        (_, ResponseError::Decode(reply)) => !reply.applied,
        (503, ResponseError::Api(error)) => !NOT_COMMITTED_CODES.iter().any(|(code, _)| *code == error.code.as_str()),
        (408, _) => true,
        (status, _) => status / 100 != 4,
    }
}

/// An encoded output is decoded and encoded to the same bytes.
#[cfg(feature = "serde-all")]
fn is_stable(samples: &Samples, encoded: &str) {
    let again = (samples.read)(Response::new(encoded.to_owned().into()));
    let again = again.unwrap_or_else(|error| panic!("{}: {encoded} cannot be decoded: {error}", samples.meta));
    assert_eq!(again.text, encoded, "{}", samples.meta);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_a_text_of_every_response_with_secrets() {
        for samples in SAMPLES.iter().filter(|samples| samples.meta.secret_response) {
            let SecretTexts { all, names } = &SECRETS[&samples.meta.to_string()];
            assert!(*all || !names.is_empty(), "{}: `Debug` hides nothing of its sample responses", samples.meta);
            let bodies = (samples.responses)().into_iter().map(|body| body.to_string().into_bytes());
            for name in bodies.flat_map(|body| names_of_texts(&body)).filter(|name| name.ends_with(b"Secret")) {
                assert!(names.contains(&name), "{}: `Debug` shows `{}`", samples.meta, name.escape_ascii());
            }
        }
    }

    #[test]
    fn secrets_are_the_texts_that_debug_hides() {
        let names = |operation: &str| {
            let SecretTexts { all, names } = &SECRETS[operation];
            (*all, names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect::<Vec<_>>())
        };
        assert_eq!(names("deployment/list_environment_variables"), (true, vec!["A".to_owned()]));
        let hidden = ["hmacSecret", "host", "ingestUrl", "reason", "url"].map(str::to_owned);
        assert_eq!(names("deployment/get_log_stream"), (false, hidden.to_vec()));
    }
}
