//! The target `authorizations`: any query as a redirect of the OAuth flow, any text as a stored authorization, and any response as that of the
//! token endpoint.

use std::hint::black_box;

use bytes::Bytes;
use convex_mgmt_proto::oauth::{
    CallbackError, CodeExchange, MAX_QUERY, OAuthApp, PendingAuthorization, Randomness, Scope, SentExchange, TokenError,
};
use convex_mgmt_proto::{AccessToken, Authorizes, ManagementApi};
use http::{Response, StatusCode};
use url::form_urlencoded;

use crate::plant::{CANARY, plant, resembles_canary};

/// The state and the verifier of the authorization, for 64 bytes that are 0.
const STATE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const REDIRECT_URI: &str = "https://example.com/callback?a=b";

/// An input, by its first byte.
enum Input<'a> {
    /// `q`: the query of a redirect.
    Query(&'a str),
    /// `s`: a stored authorization.
    Stored(&'a str),
    /// Anything else: three digits of a status, and a body.
    Response(StatusCode, &'a [u8]),
}

impl<'a> Input<'a> {
    fn parse(data: &'a [u8]) -> Option<Self> {
        let (kind, rest) = data.split_first()?;
        let text = || std::str::from_utf8(rest).ok();
        match kind {
            b'q' => text().map(Self::Query),
            b's' => text().map(Self::Stored),
            _ => {
                let (status, body) = rest.split_at_checked(3)?;
                StatusCode::from_bytes(status).ok().map(|status| Self::Response(status, body))
            }
        }
    }
}

/// Passes an input to a step of the flow.
///
/// * A query leads to an exchange only if another parser finds the state and one code in it, and no error. The exchange sends that code.
/// * A query without escapes that has them leads to an exchange.
/// * A stored authorization that is read is stored as the same text.
/// * A token is the text of the field in a response with the status 200.
/// * An error contains no text of a query or a response, except an error code.
///
/// # Panics
/// If one of these properties does not hold.
pub fn authorizations(data: &[u8]) {
    match Input::parse(data) {
        Some(Input::Query(query)) => check_query(query),
        Some(Input::Stored(text)) => {
            if let Ok(pending) = PendingAuthorization::restore(text) {
                assert_eq!(pending.into_stored().expose(), text);
            }
        }
        Some(Input::Response(status, body)) => check_response(status, body),
        None => {}
    }
}

/// Passes an input to a step of the flow, and shows the errors.
pub fn read(data: &[u8]) {
    match Input::parse(data) {
        Some(Input::Query(query)) => drop(black_box(callback(query).map_err(|error| error.to_string()))),
        Some(Input::Stored(text)) => drop(black_box(PendingAuthorization::restore(text))),
        Some(Input::Response(status, body)) => {
            drop(black_box(token(status, body.to_vec()).map_err(|error| error.to_string())));
        }
        None => {}
    }
}

fn app() -> OAuthApp {
    OAuthApp::new("my-client-id", "a&b=c%2B+", REDIRECT_URI).expect("a valid application")
}

fn callback(query: &str) -> Result<CodeExchange, CallbackError> {
    let app = app();
    let (_, pending) = app.authorize(Scope::Team, Randomness::from_bytes([0; 64]));
    pending.callback(&app, query)
}

fn check_query(query: &str) {
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(query.strip_prefix('?').unwrap_or(query).as_bytes()).into_owned().collect();
    let values =
        |name: &str| pairs.iter().filter(|pair| pair.0 == name).map(|pair| pair.1.as_str()).collect::<Vec<_>>();
    let (state, code, error) = (values("state"), values("code"), values("error"));
    match callback(query) {
        Ok(exchange) => {
            assert_eq!((&state[..], code.len(), error.len()), (&[STATE][..], 1, 0), "{query:?}");
            assert!(!format!("{exchange:?}").contains(STATE));
            let (request, _) = exchange.into_request();
            let fields: Vec<_> = form_urlencoded::parse(request.body()).into_owned().collect();
            let expected = [
                ("client_id", "my-client-id"),
                ("client_secret", "a&b=c%2B+"),
                ("grant_type", "authorization_code"),
                ("redirect_uri", REDIRECT_URI),
                ("code", code[0]),
                ("code_verifier", STATE),
            ];
            assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())), "{query:?}");
        }
        Err(error_of_callback) => {
            let texts = format!("{error_of_callback} {error_of_callback:?}");
            assert!(!texts.contains(STATE) || error.contains(&STATE), "{texts}");
            let is_plain = !query.contains('%') && query.len() <= MAX_QUERY && values("error_description").len() < 2;
            let is_code = |code: &str| !code.is_empty() && code.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            let is_complete = state == [STATE] && error.is_empty() && matches!(code[..], [code] if is_code(code));
            assert!(!(is_plain && is_complete), "{query:?}: {texts}");
        }
    }
}

fn token(status: StatusCode, body: Vec<u8>) -> Result<AccessToken, TokenError> {
    let exchange = callback(&format!("code=c&state={STATE}")).expect("a valid redirect");
    let (_, sent): (_, SentExchange) = exchange.into_request();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    sent.read(response)
}

fn check_response(status: StatusCode, body: &[u8]) {
    let text = |token: &AccessToken| Authorizes::<ManagementApi>::secret(token).expose().to_owned();
    match token(status, body.to_vec()) {
        Ok(token) => {
            let body: serde_json::Value = serde_json::from_slice(body).expect("JSON");
            assert_eq!(status, StatusCode::OK);
            assert_eq!(body["access_token"], text(&token));
            assert!(body["token_type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")));
        }
        Err(error) => {
            assert_eq!(error.is_outcome_unknown(), error.code().is_none());
            assert!(error.code().is_none() || (status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT));
        }
    }
    // The codes are shown.
    let planted = plant(body, |_, name| !matches!(name, b"error" | b"code"));
    if let Some(planted) = planted.filter(|_| !resembles_canary(body))
        && let Err(error) = token(status, planted)
    {
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
    }
}
