//! The failures of the exchange: what is repeated, what starts over, and the time that it may take.

use std::time::Duration;

use convex_mgmt::bytes::Bytes;
use convex_mgmt::oauth::{ExchangeError, OAuthApp, OAuthClient, Scope, TokenError, randomness};
use convex_mgmt::{Sent, Transport, TransportError};
use convex_mgmt_fake::{ConnectionReset, Fault};
use convex_mgmt_suite::{Script, Step, refused, reset};
use http::Response;
use tokio::time::Instant;

use super::{CLIENT_ID, CLIENT_SECRET, Flow, REDIRECT_URI, TEAM, assert_clean};

const TOKEN: &str = r#"{"access_token":"team:acme|canary-token","token_type":"bearer"}"#;

fn app() -> OAuthApp {
    OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI).unwrap()
}

/// Exchanges a code through a client, and asserts that no text of an error shows a secret.
async fn exchange(oauth: &OAuthClient<impl Transport>) -> Result<convex_mgmt::AccessToken, ExchangeError> {
    let (url, pending) = oauth.app().authorize(Scope::Team, randomness().unwrap());
    let state = url.as_str().split("&state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let stored = pending.into_stored();
    let verifier = stored.expose().split('.').nth(3).unwrap().to_owned();
    let pending = convex_mgmt::oauth::PendingAuthorization::restore(stored.expose()).unwrap();
    let call = oauth.exchange(pending.callback(oauth.app(), &format!("code=canary-code&state={state}")).unwrap());
    assert!(!format!("{call:?} {oauth:?}").contains("canary"), "{call:?} {oauth:?}");
    let result = call.await;
    if let Err(error) = &result {
        assert_clean(error, &[&state, &verifier]);
    }
    result
}

/// Exchanges a code over a script: once without the library's layers, and once with them. Returns both results and the numbers of requests.
async fn over(steps: impl Fn() -> Vec<Step>) -> [(Result<convex_mgmt::AccessToken, ExchangeError>, usize); 2] {
    let (plain, layered) = (Script::new(steps()), Script::new(steps()));
    let one = exchange(&OAuthClient::with_service(app(), plain.clone())).await;
    let other = exchange(&OAuthClient::build(app(), |builder| builder.build_on(layered.clone())).unwrap()).await;
    let counts = [plain.requests().len(), layered.requests().len()];
    [(one, counts[0]), (other, counts[1])]
}

#[tokio::test]
async fn a_lost_response_starts_over_and_is_sent_once() {
    for fault in [Fault::LostResponse, Fault::Reset] {
        let flow = Flow::start().await;
        flow.plane.fault_at("/oauth/token", fault.clone());
        let back = flow.approved(Scope::Team, TEAM);
        let error = flow.exchange(back.exchange(flow.oauth.app())).await.unwrap_err();
        assert!(matches!(error, ExchangeError::Lost(_)) && error.is_outcome_unknown(), "{fault:?}: {error:?}");
        assert!(error.to_string().ends_with("the outcome is unknown: start the authorization over"), "{error}");
        assert_eq!(flow.exchanges(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_response_that_is_cut_off_or_foreign_starts_over_and_is_sent_once() {
    for fault in [
        Fault::HalfBody,
        Fault::EmptyBody,
        Fault::status(500),
        Fault::code(502, "BadGateway"),
        Fault::status(408),
        Fault::code(429, "TooManyConcurrentRequests"),
        // A code that proves that nothing was committed, and that every other write is repeated after.
        Fault::code(503, "OptimisticConcurrencyControlFailure"),
    ] {
        let flow = Flow::start().await;
        flow.plane.fault_at("/oauth/token", fault.clone());
        let back = flow.approved(Scope::Team, TEAM);
        let error = flow.exchange(back.exchange(flow.oauth.app())).await.unwrap_err();
        assert!(matches!(error, ExchangeError::Token(_)) && error.is_outcome_unknown(), "{fault:?}: {error:?}");
        assert!(error.to_string().ends_with("start the authorization over"), "{error}");
        assert_eq!(flow.exchanges(), 1, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_was_not_sent_is_repeated_within_its_time() {
    for (result, count) in over(|| vec![refused(), refused(), Step::Status(200, TOKEN)]).await {
        assert_eq!((result.unwrap().team_slug(), count), (Some("acme"), 3));
    }
    for (result, count) in over(|| vec![refused(), refused(), refused(), Step::Status(200, TOKEN)]).await {
        let error = result.unwrap_err();
        assert!(matches!(error, ExchangeError::NotExchanged(_)) && !error.is_outcome_unknown(), "{error:?}");
        assert_eq!(count, 3);
    }
    let unprocessed = || Step::Fail(TransportError::unprocessed(ConnectionReset));
    for (result, count) in over(|| vec![unprocessed(), Step::Status(200, TOKEN)]).await {
        assert_eq!((result.is_ok(), count), (true, 2));
    }
    let tls = || Step::Fail(TransportError::tls("not trusted"));
    for (result, count) in over(|| vec![tls(), Step::Status(200, TOKEN)]).await {
        assert!(matches!(result, Err(ExchangeError::NotExchanged(_))));
        assert_eq!(count, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_may_have_been_sent_is_never_repeated() {
    for (result, count) in over(|| vec![refused(), reset(), Step::Status(200, TOKEN)]).await {
        let error = result.unwrap_err();
        assert!(matches!(error, ExchangeError::Lost(_)), "{error:?}");
        assert_eq!(count, 2);
    }
    let layer = || Step::Fail(TransportError::connection(Sent::Maybe, "another layer"));
    for (result, count) in over(|| vec![layer(), Step::Status(200, TOKEN)]).await {
        assert!(result.unwrap_err().is_outcome_unknown());
        assert_eq!(count, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchange_without_a_response_ends_after_its_timeout() {
    let started = Instant::now();
    let script = Script::new([Step::Hang]);
    let oauth = OAuthClient::with_service(app(), script.clone());
    let error = exchange(&oauth).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Lost(_)), "{error:?}");
    assert_eq!((started.elapsed().as_secs(), script.requests().len()), (30, 1));

    let started = Instant::now();
    let oauth = OAuthClient::build(app(), |builder| builder.build_on(Script::new([Step::Hang]))).unwrap();
    let error = exchange(&oauth.timeout(Duration::from_secs(5))).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error:?}");
    assert_eq!(started.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn a_redirect_of_the_token_endpoint_is_not_followed() {
    let response = || {
        let response = Response::builder().status(307).header("location", "https://elsewhere.example/canary");
        Step::Respond(response.body(Bytes::new()).unwrap())
    };
    for (result, count) in over(|| vec![response(), Step::Status(200, TOKEN)]).await {
        let error = result.unwrap_err();
        assert!(matches!(error, ExchangeError::Token(TokenError::UnexpectedResponse { .. })), "{error:?}");
        assert_eq!(count, 1);
    }
}
