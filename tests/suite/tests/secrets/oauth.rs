//! The OAuth flow: a canary in the client secret, the state, the verifier, the code and the token, and in every response.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use convex_mgmt::oauth::{OAuthApp, OAuthClient, PendingAuthorization, PendingAuthorizations, Randomness, Scope};
use convex_mgmt::{TransportError, UnixMillis};
use convex_mgmt_suite::log::Log;
use tracing_subscriber::fmt::format::FmtSpan;

use super::*;

/// Random bytes whose texts contain the canary: 43 characters each, with two bits of padding in the last.
fn randomness() -> Randomness {
    let half = URL_SAFE_NO_PAD.decode(format!("{}01E", CANARY.repeat(5))).unwrap();
    Randomness::from_bytes([&half[..], &half].concat().try_into().unwrap())
}

fn app() -> OAuthApp {
    OAuthApp::new("my-client-id", CANARY, "https://app.example/callback").unwrap()
}

/// An authorization, and its state.
fn begin() -> (PendingAuthorization, String) {
    let (url, pending) = app().authorize(Scope::Team, randomness());
    assert_clean(&"a URL", &debug_texts(&url));
    let state = url.as_str().split("&state=").nth(1).unwrap().split('&').next().unwrap();
    assert!(state.contains(CANARY));
    (pending, state.to_owned())
}

#[test]
fn values_of_an_authorization_show_no_secret() {
    let (pending, state) = begin();
    let mut store = PendingAuthorizations::new(1);
    let texts = [debug_texts(&app()), debug_texts(&randomness()), debug_texts(&pending)];
    store.insert(CANARY, pending, UnixMillis(0));
    let shown = debug_texts(&store);
    let stored = store.take(CANARY, UnixMillis(0)).unwrap().into_stored();
    assert!(stored.expose().matches(CANARY).count() >= 10);
    let exchange = PendingAuthorization::restore(stored.expose()).unwrap();
    let exchange = exchange.callback(&app(), &format!("code={CANARY}&state={state}")).unwrap();
    let more = [shown, debug_texts(&stored), debug_texts(&exchange), debug_texts(&OAuthClient::new(app()).unwrap())];
    let (request, sent) = exchange.into_request();
    assert!(String::from_utf8_lossy(request.body()).matches(CANARY).count() >= 7);
    let last = [debug_texts(&sent), debug_texts(&request.headers()), debug_texts(&request.uri())];
    for text in texts.iter().chain(&more).chain(&last) {
        assert_clean(&"a value", text);
    }
}

#[test]
fn rejected_settings_redirects_and_stored_texts_show_no_secret() {
    for error in [
        OAuthApp::new(format!("{CANARY} "), "x", "https://app.example").unwrap_err(),
        OAuthApp::new("x", format!("{CANARY}\n"), "https://app.example").unwrap_err(),
        OAuthApp::new("x", "x", format!("https://u:{CANARY}@app.example")).unwrap_err(),
        OAuthApp::new("x", "x", format!("https://app.example/#{CANARY}")).unwrap_err(),
    ] {
        assert_clean(&"a setting", &error_texts(&error));
    }
    let origin = format!("https://u:{CANARY}@app.example");
    assert_clean(&"an origin", &error_texts(&app().with_token_origin(&origin).unwrap_err()));
    assert_clean(&"a stored text", &error_texts(&PendingAuthorization::restore(CANARY).unwrap_err()));
    for query in [
        format!("code={CANARY}"),
        format!("code={CANARY}&state={CANARY}"),
        format!("code={CANARY}&code={CANARY}&state={{state}}"),
        format!("code={CANARY}%&state={{state}}"),
        format!("code=%0a{CANARY}&state={{state}}"),
        format!("error=access_denied&error_description={CANARY}&state={{state}}"),
        format!("error={CANARY}%22&state={{state}}"),
        format!("error={CANARY}&state={CANARY}"),
        format!("{CANARY}={CANARY}&state={{state}}"),
        format!("code={}&state={{state}}", CANARY.repeat(2000)),
    ] {
        let (pending, state) = begin();
        let error = pending.callback(&app(), &query.replace("{state}", &state)).unwrap_err();
        assert_clean(&"a redirect", &error_texts(&error));
    }
}

#[tokio::test(start_paused = true)]
async fn no_exchange_shows_a_secret_in_an_error_or_in_the_log() {
    let log = Log::default();
    let guard = log.keep(FmtSpan::FULL);
    let body = |status: u16, text: &str| {
        let mut response = Response::new(Bytes::from(text.replace("CANARY", CANARY)));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Step::Respond(response)
    };
    let steps = [
        vec![reset()],
        vec![refused(), refused(), refused()],
        vec![Step::Hang],
        vec![refused(), Step::Fail(TransportError::tls("not trusted"))],
        vec![body(400, r#"{"error":"invalid_grant","error_description":"CANARY"}"#)],
        vec![body(400, r#"{"error":"CANARY\n","error_description":"CANARY"}"#)],
        vec![body(500, r#"{"code":"InternalServerError","message":"CANARY"}"#)],
        vec![body(502, "CANARY")],
        vec![body(200, r#"{"access_token":"prod:n|CANARY","token_type":"bearer"}"#)],
        vec![body(200, r#"{"access_token":"team:a|CANARY","token_type":"CANARY"}"#)],
        vec![body(200, r#"{"access_token":["CANARY"],"token_type":"bearer"}"#)],
        vec![body(200, r#"{"CANARY":"#)],
    ];
    for steps in steps {
        let what = format!("{steps:?}").replace(CANARY, "");
        let script = Script::new(steps);
        let oauth = OAuthClient::build(app(), |builder| builder.build_on(script)).unwrap();
        let (pending, state) = begin();
        let call = oauth.exchange(pending.callback(&app(), &format!("code={CANARY}&state={state}")).unwrap());
        assert_clean(&what, &debug_texts(&call));
        let error = call.await.unwrap_err();
        assert_clean(&what, &error_texts(&error));
    }
    drop(guard);
    let text = log.text();
    assert!(text.contains("convex_mgmt.attempt"), "{text}");
    assert_clean(&"the log", &text);
}
