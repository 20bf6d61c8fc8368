//! The whole flow, its errors, and the texts of all its values.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use proptest::prelude::*;

use super::authorize::challenge;
use super::*;
use crate::auth::AccessTokenKind;
use crate::error::Violations;
use crate::operation::guard::is_destructive;
use crate::request::EndpointError;
use crate::types::{Secret, UnixMillis};

/// RFC 7636, appendix B: 32 bytes, the verifier and the challenge.
const BYTES: [u8; 32] = [
    116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191, 240,
    91, 88, 5, 88, 83, 132, 141, 121,
];
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const REDIRECT_URI: &str = "https://example.com/callback?from=convex";

fn app() -> OAuthApp {
    OAuthApp::new("client 1".replace(' ', "-"), "canary-secret", REDIRECT_URI).unwrap()
}

/// Randomness whose first half is `first`, repeated, and whose second half is that of the RFC.
fn randomness(first: u8) -> Randomness {
    let mut bytes = [first; 64];
    bytes[32..].copy_from_slice(&BYTES);
    Randomness::from_bytes(bytes)
}

fn state_of(url: &AuthorizeUrl) -> String {
    url.as_str().split("&state=").nth(1).unwrap().split('&').next().unwrap().to_owned()
}

fn begin(scope: Scope) -> (String, PendingAuthorization) {
    let (url, pending) = app().authorize(scope, randomness(0));
    (state_of(&url), pending)
}

/// The result of a redirect whose query contains `{state}` for the right state.
fn callback(query: &str) -> Result<CodeExchange, CallbackError> {
    let (state, pending) = begin(Scope::Team);
    pending.callback(&app(), &query.replace("{state}", &state))
}

fn sent(scope: Scope) -> SentExchange {
    let (state, pending) = begin(scope);
    pending.callback(&app(), &format!("state={state}&code=canary-code")).unwrap().into_request().1
}

fn respond(status: u16, body: impl Into<Bytes>) -> Result<crate::AccessToken, TokenError> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    sent(Scope::Team).read(response)
}

#[test]
fn the_challenge_is_that_of_the_rfc() {
    assert_eq!(challenge(&Secret::new(VERIFIER)), CHALLENGE);
    let (url, pending) = app().authorize(Scope::Team, randomness(0));
    assert!(url.as_str().ends_with(&format!("&code_challenge={CHALLENGE}&code_challenge_method=S256")));
    assert!(pending.into_stored().expose().contains(VERIFIER));
}

#[test]
fn the_url_has_the_scope_and_all_parameters() {
    let state = "A".repeat(43);
    for (scope, path) in [(Scope::Team, "team"), (Scope::Project, "project")] {
        let (url, pending) = app().authorize(scope, randomness(0));
        assert_eq!(
            url.as_str(),
            format!(
                "https://dashboard.convex.dev/oauth/authorize/{path}?client_id=client-1\
                 &redirect_uri=https%3A%2F%2Fexample.com%2Fcallback%3Ffrom%3Dconvex&response_type=code&state={state}\
                 &code_challenge={CHALLENGE}&code_challenge_method=S256"
            )
        );
        assert_eq!(url.clone().into_string(), url.as_str());
        assert_eq!(pending.scope(), scope);
    }
}

#[test]
fn every_authorization_has_its_own_state_and_verifier() {
    let stored = |first| app().authorize(Scope::Team, Randomness::from_bytes([first; 64])).1.into_stored();
    let [one, other] = [1, 2].map(stored);
    let parts = one.expose().split('.').zip(other.expose().split('.'));
    assert_eq!(parts.filter(|(one, other)| one != other).count(), 2);
}

#[test]
fn an_app_with_a_broken_setting_is_rejected_with_field_and_rule() {
    let fields = |error: Violations| error.iter().map(|one| one.field.clone()).collect::<Vec<_>>();
    let error = OAuthApp::new("", "a secret", "example.com").unwrap_err();
    assert_eq!(fields(error), ["client_id", "client_secret", "redirect_uri"]);
    for uri in [
        "",
        "/callback",
        "http://example.com/callback",
        "https://example.com/callback#top",
        "https://example.com/#",
        "https://user:canary@example.com/callback",
        "https://example.com/call back",
        "https://example.com/a,b",
        "myapp://callback",
        "https://example.com:0/callback",
        "\"https://example.com/callback\"",
    ] {
        let error = OAuthApp::new("id", "canary-secret", uri).unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
        assert_eq!(fields(error), ["redirect_uri"], "{uri}");
    }
    for uri in ["https://example.com", "http://localhost:8080/callback", "http://127.0.0.1/?a=b", "https://[::1]:8/c"] {
        assert_eq!(OAuthApp::new("id", "secret", uri).unwrap().redirect_uri(), uri);
    }
}

#[test]
fn the_hosts_can_be_replaced_by_secure_origins_only() {
    let app =
        app().with_authorize_origin("http://127.0.0.1:1/").unwrap().with_token_origin("http://LOCALHOST:2").unwrap();
    let (url, pending) = app.authorize(Scope::Project, randomness(0));
    assert!(url.as_str().starts_with("http://127.0.0.1:1/oauth/authorize/project?"));
    let (request, sent) = pending.callback(&app, &format!("code=c&state={}", state_of(&url))).unwrap().into_request();
    assert_eq!(request.uri(), "http://localhost:2/oauth/token");
    assert_eq!(request.headers()[HOST], "localhost:2");
    let body = Bytes::from(r#"{"access_token":"project:acme:shop|made-up","token_type":"bearer"}"#);
    let endpoint = app.endpoint(&sent.read(Response::new(body)).unwrap()).unwrap();
    assert_eq!(endpoint.url(), "http://localhost:2");

    for (url, expected) in [
        ("http://example.com", EndpointError::Plaintext),
        ("https://example.com/v1", EndpointError::Path),
        ("https://example.com?a", EndpointError::Query),
        ("https://a:b@example.com", EndpointError::UserInfo),
        ("example.com", EndpointError::NoScheme),
    ] {
        assert_eq!(app.clone().with_authorize_origin(url).unwrap_err(), expected, "{url}");
        assert_eq!(app.clone().with_token_origin(url).unwrap_err(), expected, "{url}");
    }
}

#[test]
fn the_request_has_the_form_that_the_token_endpoint_expects() {
    let (state, pending) = begin(Scope::Team);
    let app = app().with_user_agent("my-tool/1.2").unwrap();
    let exchange = pending.callback(&app, &format!("?code=a%2Fb%2Bc+d&state={state}")).unwrap();
    let (request, _) = exchange.into_request();
    assert_eq!(
        (request.method(), request.uri().to_string().as_str()),
        (&Method::POST, "https://api.convex.dev/oauth/token")
    );
    let headers = request.headers();
    assert_eq!(headers[HOST], "api.convex.dev");
    assert_eq!(headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
    assert!(headers[USER_AGENT].to_str().unwrap().starts_with("my-tool/1.2 convex-mgmt/"));
    let form = format!(
        "client_id=client-1&client_secret=canary-secret&grant_type=authorization_code\
         &redirect_uri=https%3A%2F%2Fexample.com%2Fcallback%3Ffrom%3Dconvex&code=a%2Fb%2Bc%20d&code_verifier={VERIFIER}"
    );
    assert_eq!(request.body(), &form);
    // A client that requires confirmations sends it.
    assert!(!is_destructive(&request));
}

#[test]
fn the_redirect_uri_that_was_sent_is_that_of_the_exchange() {
    let (state, pending) = begin(Scope::Team);
    let moved = OAuthApp::new("client-1", "canary-secret", "https://example.org/moved").unwrap();
    let stored = pending.into_stored();
    let pending = PendingAuthorization::restore(stored.expose()).unwrap();
    let (request, _) = pending.callback(&moved, &format!("code=c&state={state}")).unwrap().into_request();
    let form = std::str::from_utf8(request.body()).unwrap();
    assert!(form.contains("&redirect_uri=https%3A%2F%2Fexample.com%2Fcallback%3Ffrom%3Dconvex&"), "{form}");
}

#[test]
fn a_redirect_with_another_state_is_rejected_whatever_else_it_has() {
    let other = "B".repeat(43);
    for query in [
        format!("code=c&state={other}"),
        "code=c&state={state}A".to_owned(),
        "code=c&state=".to_owned(),
        format!("error=access_denied&state={other}"),
        format!("error=canary%0A&state={other}"),
    ] {
        assert_eq!(callback(&query).unwrap_err(), CallbackError::WrongState, "{query}");
    }
    for query in ["", "?", "code=c", "error=access_denied", "code=c&State={state}"] {
        assert_eq!(callback(query).unwrap_err(), CallbackError::NoState, "{query}");
    }
}

#[test]
fn a_redirect_that_can_be_read_in_two_ways_is_rejected() {
    for (query, parameter) in [
        ("code=c&state={state}&state={state}", "state"),
        ("code=c&code=d&state={state}", "code"),
        ("code=c&%63ode=d&state={state}", "code"),
        ("error=a&error=b&state={state}", "error"),
    ] {
        assert_eq!(callback(query).unwrap_err(), CallbackError::Repeated { parameter }, "{query}");
    }
    for query in [
        "state={state}&code=%",
        "state={state}&code=%4",
        "state={state}&code=%g0",
        "state={state}&code=%+1",
        "state={state}&code=%ff",
        "state={state}&code=",
        "state={state}&code=a%0Ab",
        "state={state}&code=%C3%A9",
        "state={state}&error=",
        "state={state}&error=a%22b",
    ] {
        assert_eq!(callback(query).unwrap_err(), CallbackError::Malformed, "{query}");
    }
    assert_eq!(callback("state={state}").unwrap_err(), CallbackError::NoCode);
    let long = format!("state={{state}}&code={}", "c".repeat(MAX_QUERY));
    assert_eq!(callback(&long).unwrap_err(), CallbackError::TooLong { limit: MAX_QUERY });
    assert!(callback("&&state={state}&scope=x&scope=y&code=c&").is_ok());
}

#[test]
fn an_error_on_the_redirect_has_its_code() {
    let error = callback("error=access_denied&error_description=canary+text&state={state}").unwrap_err();
    assert!(error.is_denied());
    let CallbackError::Rejected(rejected) = &error else { panic!("{error:?}") };
    assert_eq!((rejected.code(), rejected.description()), (&AuthorizationErrorCode::AccessDenied, Some("canary text")));
    assert_eq!(error.to_string(), "no access was granted: access_denied; the user denied the access");
    let newer = callback("error=newer_code&code=c&state={state}").unwrap_err();
    assert!(!newer.is_denied());
    assert_eq!(newer.to_string(), "no access was granted: newer_code");
}

#[test]
fn a_token_has_the_kind_of_its_text_or_of_the_scope() {
    for (scope, text, kind) in [
        (Scope::Team, "team:acme|made-up", AccessTokenKind::OAuthTeam),
        (Scope::Project, "project:acme:shop|made-up", AccessTokenKind::OAuthProject),
        (Scope::Team, "project:acme:shop|made-up", AccessTokenKind::OAuthProject),
        (Scope::Team, "eyJ2MiI6IngifQ==", AccessTokenKind::OAuthTeam),
        (Scope::Project, "eyJ2MiI6IngifQ==", AccessTokenKind::OAuthProject),
    ] {
        let body = format!(r#"{{"token_type":"Bearer","access_token":"{text}","extra":1}}"#);
        assert_eq!(sent(scope).read(Response::new(body.into())).unwrap().kind(), kind, "{text}");
    }
}

#[test]
fn a_success_without_a_usable_token_has_an_unknown_outcome() {
    for body in [
        r#"{"access_token":"prod:n|canary","token_type":"bearer"}"#,
        r#"{"access_token":"preview:a:b|canary","token_type":"bearer"}"#,
        r#"{"access_token":"canary canary","token_type":"bearer"}"#,
        r#"{"access_token":"","token_type":"bearer"}"#,
        r#"{"access_token":"team:acme|canary","token_type":"mac"}"#,
        r#"{"access_token":"team:acme|canary"}"#,
        r#"{"token_type":"bearer"}"#,
        r#"{"access_token":"team:acme|cana"#,
        " \r\n{",
        r#"{"access_token":"team:acme|canary","access_token":"team:acme|canary","token_type":"bearer"}"#,
    ] {
        let error = respond(200, body).unwrap_err();
        assert!(matches!(error, TokenError::UnreadableToken { .. }) && error.is_outcome_unknown(), "{body}");
        assert!(error.to_string().ends_with(": start the authorization over"), "{error}");
        assert!(!format!("{error} {error:?}").contains("cana"), "{error:?}");
    }
}

#[test]
fn a_rejection_has_the_code_of_the_rfc() {
    let body = |code: &str| format!(r#"{{"error":"{code}","error_description":"canary"}}"#);
    for (status, known) in TokenErrorCode::KNOWN.iter().enumerate() {
        let status = if status == 0 { 401 } else { 400 };
        let error = respond(status, body(known.as_str())).unwrap_err();
        assert_eq!(error.code(), Some(known));
        assert!(!error.is_outcome_unknown() && !format!("{error} {error:?}").contains("canary"), "{error:?}");
        let TokenError::Rejected(rejection) = error else { panic!("{error:?}") };
        assert_eq!((rejection.status().as_u16(), rejection.description()), (status, Some("canary")));
    }
    assert_eq!(respond(400, body("newer")).unwrap_err().code(), Some(&TokenErrorCode::from("newer")));
}

#[test]
fn a_response_that_proves_nothing_has_an_unknown_outcome() {
    let error = r#"{"error":"invalid_grant"}"#;
    for (status, body) in [
        (500, error),
        (503, error),
        (408, error),
        (302, error),
        (201, r#"{"access_token":"team:acme|canary","token_type":"bearer"}"#),
        (200, "<html>canary</html>"),
        (200, r#"["team:acme|canary","bearer"]"#),
        (200, ""),
        (400, "<html>canary</html>"),
        (400, r#"{"error":{"code":"canary"}}"#),
        (400, r#"{"error":"canary\n"}"#),
        (400, ""),
    ] {
        let error = respond(status, body).unwrap_err();
        assert!(matches!(error, TokenError::UnexpectedResponse { code: None, .. }), "{status} {body}: {error:?}");
        assert!(error.is_outcome_unknown() && !format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    let error = respond(404, r#"{"code":"SomeCode","message":"canary"}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the response with status 404 and code SomeCode is not an OAuth response, so the outcome is unknown: start the authorization over"
    );
}

#[test]
fn no_text_shows_a_secret() {
    let app = app();
    let (url, pending) = app.authorize(Scope::Team, randomness(7));
    let state = state_of(&url);
    let mut texts = vec![format!("{app:?} {url:?} {pending:?} {:?}", randomness(7))];
    let stored = pending.into_stored();
    let mut store = PendingAuthorizations::new(1);
    store.insert("canary-session", PendingAuthorization::restore(stored.expose()).unwrap(), UnixMillis(0));
    texts.push(format!("{stored:?}"));
    let pending = store.take("canary-session", UnixMillis(0)).unwrap();
    let exchange = pending.callback(&app, &format!("code=canary-code&state={state}")).unwrap();
    texts.push(format!("{exchange:?}"));
    let (_, sent) = exchange.into_request();
    texts.push(format!("{sent:?}"));
    let body = Bytes::from(r#"{"access_token":"team:acme|canary","token_type":"bearer"}"#);
    texts.push(format!("{:?}", sent.read(Response::new(body)).unwrap()));
    for text in texts {
        for secret in [
            "canary-",
            "|canary",
            VERIFIER,
            &state,
            &BYTES[..4].iter().map(|byte| format!("{byte}, ")).collect::<String>(),
        ] {
            assert!(!text.contains(secret), "{text} shows {secret}");
        }
    }
}

#[test]
fn a_store_does_not_show_its_sessions() {
    let mut store = PendingAuthorizations::new(8);
    store.insert("canary-session", begin(Scope::Team).1, UnixMillis(0));
    assert!(!format!("{store:?}").contains("canary"));
}

#[test]
fn a_damaged_stored_authorization_is_an_error() {
    let stored = begin(Scope::Project).1.into_stored();
    let text = stored.expose();
    assert_eq!(PendingAuthorization::restore(text).unwrap().into_stored(), stored);
    for end in 0..=text.find("example.com").unwrap() {
        assert!(PendingAuthorization::restore(&text[..end]).is_err(), "{end}");
    }
    for (from, to) in [
        ("1.", "2."),
        ("project", "admin"),
        (VERIFIER, "short"),
        ("https:", "http:"),
        (VERIFIER, &VERIFIER.replace('d', "=")),
    ] {
        assert!(PendingAuthorization::restore(&text.replace(from, to)).is_err(), "{from}");
    }
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)));
}

#[test]
fn a_pending_authorization_can_be_taken_once_and_in_time() {
    let mut store = PendingAuthorizations::new(2);
    let insert = |store: &mut PendingAuthorizations, session: &str, now| {
        store.insert(session, begin(Scope::Team).1, UnixMillis(now));
    };
    insert(&mut store, "a", 0);
    assert!(store.take("b", UnixMillis(1)).is_none());
    assert!(store.take("a", UnixMillis(600_000)).is_some());
    assert!(store.take("a", UnixMillis(600_000)).is_none());
    insert(&mut store, "a", 0);
    assert!(store.take("a", UnixMillis(600_001)).is_none());

    // A second authorization of a session replaces the first and takes no further place.
    insert(&mut store, "a", 1);
    insert(&mut store, "b", 2);
    insert(&mut store, "b", 3);
    insert(&mut store, "c", 4);
    let left = ["a", "b", "c"].map(|session| store.take(session, UnixMillis(5)).is_some());
    assert_eq!(left, [false, true, true], "the oldest one is dropped");

    insert(&mut store, "b", 0);
    insert(&mut store, "a", 600_000);
    insert(&mut store, "c", 600_001);
    let left = ["a", "b", "c"].map(|session| store.take(session, UnixMillis(600_001)).is_some());
    assert_eq!(left, [true, false, true], "an expired one is dropped first");
}

fn is_unreserved(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

proptest! {
    #[test]
    fn state_and_verifier_have_the_length_and_characters_of_the_rfc(first in any::<[u8; 32]>(), second in any::<[u8; 32]>()) {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&first);
        bytes[32..].copy_from_slice(&second);
        let (url, pending) = app().authorize(Scope::Team, Randomness::from_bytes(bytes));
        let stored = pending.into_stored();
        let parts: Vec<_> = stored.expose().splitn(5, '.').collect();
        prop_assert_eq!(parts[2], state_of(&url));
        for text in [parts[2], parts[3]] {
            prop_assert!((43..=128).contains(&text.len()) && is_unreserved(text), "{}", text);
        }
        prop_assert!(PendingAuthorization::restore(stored.expose()).is_ok());
    }

    #[test]
    fn no_query_without_the_state_leads_to_an_exchange(
        query in "(code|state|error|[a-z%&=+]{0,3}|\\PC{0,4}|=|&|%[0-9a-f]{2}){0,12}",
    ) {
        prop_assert!(callback(&query).is_err());
        let with_state = callback(&format!("{query}&state={{state}}&code=c"));
        let is_error = matches!(with_state, Err(CallbackError::Malformed | CallbackError::Repeated { .. } | CallbackError::Rejected(_)));
        prop_assert!(with_state.is_ok() || is_error, "{:?}", with_state);
    }

    #[test]
    fn any_code_arrives_at_the_token_endpoint_unchanged(code in "[ -~]{1,60}") {
        let encoded: String = code.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let (request, _) = callback(&format!("code={encoded}&state={{state}}")).unwrap().into_request();
        prop_assert_eq!(field(&request, "code"), code);
    }

    #[test]
    fn any_response_is_read_without_a_panic(status in 100_u16..1000, body in "(\\{\"(error|code|access_token|token_type)\":|\"\\PC{0,8}\"|[,}\\[]|bearer){0,8}") {
        let result = respond(status, body.clone());
        prop_assert!(result.is_err() || body.contains("access_token"));
    }
}

/// The decoded value of a field in a request's form.
fn field(request: &Request<Bytes>, name: &str) -> String {
    let form = std::str::from_utf8(request.body()).unwrap();
    let pair = form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    form::decode(pair.unwrap()).unwrap().expose().to_owned()
}
