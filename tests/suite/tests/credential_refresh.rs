//! A credential that the server no longer takes, while the client is in use: it is replaced once, and goes nowhere else.

// Why a source has no credential. Any error would do.
use std::fmt::Error as Shut;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::deployment::{ListEnvironmentVariables, ListUsageLimits};
use convex_mgmt::layers::CredentialRefreshLayer;
use convex_mgmt::{
    Client, ClientBuilder, DeployKey, Deployment, Endpoint, ErrorKind, RetryPolicy, Sent, TransportError,
};
use convex_mgmt_suite::classes::{DONE, create};
use convex_mgmt_suite::script_server::Gate;
use convex_mgmt_suite::{ADMIN_KEY, NAME, Script, Step, client_of, fake};
use http::header::AUTHORIZATION;
use http::{Request, Response};
use tower::service_fn;

const REFUSED: &str = r#"{"code":"BadAdminKey","message":"m"}"#;

fn key(secret: &str) -> DeployKey {
    DeployKey::parse(&format!("prod:{NAME}|{secret}")).unwrap()
}

fn at(origin: &str, secret: &str) -> Endpoint<Deployment> {
    Endpoint::new(origin, &key(secret)).unwrap()
}

fn old() -> Endpoint<Deployment> {
    at("https://happy-animal-123.convex.cloud", "old")
}

fn builder() -> ClientBuilder<Deployment> {
    Client::builder(old())
}

/// The secret that a request was sent with.
fn secret(request: &Request<Bytes>) -> String {
    request.headers()[AUTHORIZATION].to_str().unwrap().rsplit_once('|').unwrap().1.to_owned()
}

fn secrets(script: &Script) -> Vec<String> {
    script.seen().iter().map(secret).collect()
}

fn refused() -> Step {
    Step::Answer(401, REFUSED)
}

/// Even a create: what was refused was not done.
#[tokio::test(start_paused = true)]
async fn a_request_that_is_refused_is_sent_again_with_the_new_credential_and_so_are_later_ones() {
    let script = Script::new([refused(), Step::Answer(200, DONE), Step::Answer(200, DONE)]);
    let refresh = CredentialRefreshLayer::new(&old(), || ready(Ok::<_, Shut>(key("new"))));
    let client = builder().attempt_layer(refresh.clone()).build_on(script.clone()).unwrap();
    client.send(&create()).await.unwrap();
    client.clone().send(&ListEnvironmentVariables::new()).await.unwrap();
    assert_eq!(secrets(&script), ["old", "new", "new"]);
    let seen = script.seen();
    assert_eq!((seen[0].uri(), seen[0].body()), (seen[1].uri(), seen[1].body()));
    assert!(seen[1].headers()[AUTHORIZATION].is_sensitive());
    let shown = format!("{refresh:?} {:?} {client:?}", seen[1].headers());
    assert!(!shown.contains("new") && !shown.contains("old"), "{shown}");
}

/// The second 401 is the caller's, and nothing more is sent.
#[tokio::test(start_paused = true)]
async fn a_new_credential_that_is_refused_too_ends_the_call() {
    let script = Script::new([refused(), refused(), refused(), refused()]);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let refresh = CredentialRefreshLayer::new(&old(), move || {
        ready(Ok::<_, Shut>(key(&format!("new{}", count.fetch_add(1, Ordering::Relaxed)))))
    });
    let client = builder().attempt_layer(refresh).build_on(script.clone()).unwrap();
    for secrets_so_far in [&["old", "new0"][..], &["old", "new0", "new0", "new1"]] {
        let error = client.send(&create()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts(), error.is_auth()), (ErrorKind::Api, 1, true), "{error:?}");
        assert_eq!(secrets(&script), secrets_so_far);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

/// It is known that nothing was done, and why.
#[tokio::test(start_paused = true)]
async fn a_source_that_fails_ends_the_call_with_its_reason() {
    let script = Script::new([refused(), refused()]);
    let refresh = CredentialRefreshLayer::new(&old(), || ready(Err::<DeployKey, _>(Shut)));
    let client = builder().attempt_layer(refresh).build_on(script.clone()).unwrap();
    for requests in 1..=2 {
        let error = client.send(&create()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sent(), error.attempts()),
            (ErrorKind::Credential, Sent::Maybe, 1),
            "{error:?}"
        );
        assert!(error.is_auth() && error.to_string().contains("no new one"), "{error}");
        assert!(std::error::Error::source(&error).is_some_and(|source| source.is::<Shut>()), "{error:?}");
        assert_eq!(script.seen().len(), requests);
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_is_ended_by_the_total_timeout_and_leaves_its_turn() {
    let script = Script::new([refused(), refused(), Step::Answer(200, DONE)]);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let refresh = CredentialRefreshLayer::new(&old(), move || {
        let first = count.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            if first {
                std::future::pending::<()>().await;
            }
            Ok::<_, Shut>(key("new"))
        }
    });
    let builder = builder().attempt_timeout(Duration::from_secs(1)).total_timeout(Duration::from_secs(5));
    let client = builder.attempt_layer(refresh).build_on(script.clone()).unwrap();
    let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.elapsed()), (ErrorKind::TotalTimeout, Duration::from_secs(5)), "{error:?}");
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

/// Twenty calls are refused before the source answers.
#[tokio::test(start_paused = true)]
async fn calls_that_are_refused_together_ask_once() {
    for works in [true, false] {
        let (requests, asked, all_refused) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Gate::new());
        let (seen, refused) = (Arc::clone(&requests), all_refused.clone());
        let server = service_fn(move |request: Request<Bytes>| {
            let number = seen.fetch_add(1, Ordering::Relaxed) + 1;
            if number == 20 {
                refused.open();
            }
            let (status, body) = if secret(&request) == "new" { (200, DONE) } else { (401, REFUSED) };
            ready(
                Response::builder()
                    .status(status)
                    .body(Bytes::from_static(body.as_bytes()))
                    .map_err(TransportError::tls),
            )
        });
        let count = Arc::clone(&asked);
        let refresh = CredentialRefreshLayer::new(&old(), move || {
            count.fetch_add(1, Ordering::Relaxed);
            let all_refused = all_refused.clone();
            async move {
                all_refused.passed().await;
                if works { Ok(key("new")) } else { Err(Shut) }
            }
        });
        let client = builder().attempt_layer(refresh).build_on(server).unwrap();
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.send(&ListEnvironmentVariables::new()).await })
            })
            .collect();
        let mut kinds = Vec::new();
        for call in calls {
            kinds.extend(call.await.unwrap().err().map(|error| error.kind()));
        }
        let expected = if works { (0, 0, 40) } else { (1, 19, 20) };
        let count = |wanted| kinds.iter().filter(|kind| **kind == wanted).count();
        let requests = requests.load(Ordering::Relaxed);
        assert_eq!((count(ErrorKind::Credential), count(ErrorKind::Api), requests), expected, "{works}");
        assert_eq!(asked.load(Ordering::Relaxed), 1, "{works}");
    }
}

/// A client of many endpoints has one stack.
#[tokio::test(start_paused = true)]
async fn the_new_credential_goes_to_its_own_endpoint_only() {
    let script = Script::new([refused(), Step::Answer(200, DONE), refused(), refused(), Step::Answer(200, DONE)]);
    let refresh = CredentialRefreshLayer::new(&old(), || ready(Ok::<_, Shut>(key("new"))));
    let client = builder().attempt_layer(refresh).build_on(script.clone()).unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    for other in [at("https://other.example", "old"), at(old().url(), "other")] {
        let error = client.at(other).send(&ListEnvironmentVariables::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api);
    }
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    assert_eq!(secrets(&script), ["old", "new", "old", "other", "new"]);
}

#[tokio::test]
async fn over_a_socket_a_key_that_was_revoked_is_replaced() {
    let running = fake().build().serve("127.0.0.1:0").await.unwrap();
    let revoked = at(&running.url(), "c0ffee");
    let refresh = CredentialRefreshLayer::new(&revoked, async || DeployKey::parse(ADMIN_KEY));
    let client = Client::builder(revoked).retry(RetryPolicy::never()).attempt_layer(refresh).build().unwrap();
    let call = async move { client.send(&create()).await.map(drop) };
    tokio::spawn(call).await.unwrap().unwrap();
    let limits = client_of(&running).build().unwrap().send(&ListUsageLimits::new()).await;
    assert_eq!(limits.unwrap().len(), 1);
}
