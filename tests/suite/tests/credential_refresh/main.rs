//! Refresh of a credential that the server no longer accepts, while calls are in flight.

mod endpoints;
mod local;
mod polls;
mod runtimes;
mod sources;

// The error of a source without a credential. Any error type works.
use std::fmt::Error as Shut;
use std::future::{pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::deployment::environment_variables::EnvironmentVariables;
use convex_mgmt::deployment::{ListEnvironmentVariables, ListUsageLimits};
use convex_mgmt::hyper::layers::{CredentialRefreshLayer, CredentialSource};
use convex_mgmt::{
    Client, ClientBuilder, DeployKey, DeploymentApi, DeploymentClient, Endpoint, Error, ErrorKind, RetryPolicy, Sent,
    TransportError,
};
use convex_mgmt_suite::classes::{SUCCESS, create};
use convex_mgmt_suite::script_server::Gate;
use convex_mgmt_suite::{ADMIN_KEY, NAME, Script, Step, client_of, fake};
use http::header::AUTHORIZATION;
use http::{Request, Response};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tower::{BoxError, Service, service_fn};

const BAD_KEY: &str = r#"{"code":"BadAdminKey","message":"m"}"#;

fn key(secret: &str) -> DeployKey {
    DeployKey::parse(&format!("prod:{NAME}|{secret}")).unwrap()
}

fn at(origin: &str, secret: &str) -> Endpoint<DeploymentApi> {
    Endpoint::new(origin, &key(secret)).unwrap()
}

fn old() -> Endpoint<DeploymentApi> {
    at("https://happy-animal-123.convex.cloud", "old")
}

fn builder() -> ClientBuilder<DeploymentApi> {
    Client::builder(old())
}

/// The secret of a request's credential.
fn secret(request: &Request<Bytes>) -> String {
    request.headers()[AUTHORIZATION].to_str().unwrap().rsplit_once('|').unwrap().1.to_owned()
}

fn secrets(script: &Script) -> Vec<String> {
    script.requests().iter().map(secret).collect()
}

fn unauthorized() -> Step {
    Step::Status(401, BAD_KEY)
}

const SECOND: Duration = Duration::from_secs(1);

/// A counter, and a function that increments it and returns the previous count.
fn counter() -> (Arc<AtomicUsize>, impl Fn() -> usize + Send + Sync + 'static) {
    let counted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&counted);
    (counted, move || count.fetch_add(1, Ordering::Relaxed))
}

/// A server that accepts one key.
fn server(
    accepted: &'static str,
) -> impl Service<Request<Bytes>, Response = Response<Bytes>, Error = TransportError, Future: Send> + Clone + Send + Sync
{
    service_fn(move |request: Request<Bytes>| {
        let (status, body) = if secret(&request) == accepted { (200, SUCCESS) } else { (401, BAD_KEY) };
        ready(Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).map_err(TransportError::tls))
    })
}

/// Makes a call in its own task.
fn spawned<S>(client: &DeploymentClient<S>) -> JoinHandle<Result<EnvironmentVariables, Error>>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    let client = client.clone();
    tokio::spawn(async move { client.send(&ListEnvironmentVariables::new()).await })
}

/// A source for clients that are used in several tasks.
trait SendSource: CredentialSource<DeploymentApi, Future: Send> + Send + Sync + 'static {}

impl<F: CredentialSource<DeploymentApi, Future: Send> + Send + Sync + 'static> SendSource for F {}

/// A refresh layer whose source returns this key once the gate is open.
fn gated(secret: &'static str) -> (CredentialRefreshLayer<DeploymentApi, impl SendSource>, Gate) {
    let gate = Gate::new();
    let source = gate.clone();
    let refresh = CredentialRefreshLayer::new(move |_| {
        let gate = source.clone();
        async move {
            gate.wait().await;
            Ok(key(secret))
        }
    });
    (refresh, gate)
}

/// A create is resent, too, because a rejected request has no effect.
#[tokio::test(start_paused = true)]
async fn resends_a_rejected_request_with_the_new_credential_and_keeps_using_it() {
    let script = Script::new([unauthorized(), Step::Status(200, SUCCESS), Step::Status(200, SUCCESS)]);
    let refresh = CredentialRefreshLayer::new(|_| ready(Ok(key("new"))));
    let client = builder().attempt_layer(refresh.clone()).build_on(script.clone()).unwrap();
    client.send(&create()).await.unwrap();
    client.clone().send(&ListEnvironmentVariables::new()).await.unwrap();
    assert_eq!(secrets(&script), ["old", "new", "new"]);
    let seen = script.requests();
    assert_eq!((seen[0].uri(), seen[0].body()), (seen[1].uri(), seen[1].body()));
    assert!(seen[1].headers()[AUTHORIZATION].is_sensitive());
    let texts = format!("{refresh:?} {:?} {client:?}", seen[1].headers());
    assert!(!texts.contains("new") && !texts.contains("old"), "{texts}");
}

/// The caller gets the second 401, and nothing more is sent. The layer backs off from a source whose keys do not work.
#[tokio::test(start_paused = true)]
async fn a_rejected_new_credential_ends_the_call() {
    let script = Script::new((0..5).map(|_| unauthorized()));
    let (fetches, count) = counter();
    let refresh =
        CredentialRefreshLayer::new(move |_| ready(Ok(key(&format!("new{}", count()))))).backoff(SECOND, SECOND);
    let client = builder().attempt_layer(refresh).build_on(script.clone()).unwrap();
    for (pause, secrets_so_far) in [
        (Duration::ZERO, &["old", "new0"][..]),
        (SECOND / 2, &["old", "new0", "new0"]),
        (SECOND / 2, &["old", "new0", "new0", "new0", "new1"]),
    ] {
        tokio::time::sleep(pause).await;
        let error = client.send(&create()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts(), error.is_auth()), (ErrorKind::Api, 1, true), "{error:?}");
        assert_eq!(secrets(&script), secrets_so_far);
    }
    assert_eq!(fetches.load(Ordering::Relaxed), 2);
}

/// Each pause is twice as long as the previous one, up to the maximum.
#[tokio::test(start_paused = true)]
async fn backs_off_from_a_source_that_does_not_help() {
    for works in [true, false] {
        let script = Script::new((0..200).map(|_| unauthorized()));
        let (fetches, count) = counter();
        let started = Instant::now();
        let times = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&times);
        let refresh = CredentialRefreshLayer::new(move |_| {
            count();
            recorded.lock().unwrap().push(started.elapsed().as_secs());
            ready(if works { Ok(key("old")) } else { Err(Shut.into()) })
        });
        let client = builder().attempt_layer(refresh.backoff(SECOND, 10 * SECOND)).build_on(script.clone()).unwrap();
        for _ in 0..100 {
            let error = client.send(&create()).await.unwrap_err();
            // During a pause, a call ends like the call that started the last fetch.
            assert_eq!(error.kind(), if works { ErrorKind::Api } else { ErrorKind::Credential }, "{error:?}");
            assert!(error.is_auth(), "{error:?}");
            tokio::time::sleep(SECOND / 2).await;
        }
        assert_eq!(*times.lock().unwrap(), [0, 1, 3, 7, 15, 25, 35, 45], "{works}");
        assert_eq!((fetches.load(Ordering::Relaxed), script.requests().len()), (8, 100), "{works}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_working_key_resets_the_backoff() {
    let responses = [401, 401, 401, 200, 401, 200]
        .map(|status| Step::Status(status, if status == 200 { SUCCESS } else { BAD_KEY }));
    let script = Script::new(responses);
    let (fetches, count) = counter();
    let refresh = CredentialRefreshLayer::new(move |_| ready(Ok(key(&format!("new{}", count())))));
    let client = builder().attempt_layer(refresh.backoff(SECOND, 60 * SECOND)).build_on(script.clone()).unwrap();
    client.send(&create()).await.unwrap_err();
    tokio::time::sleep(SECOND).await;
    client.send(&create()).await.unwrap();
    client.send(&create()).await.unwrap();
    assert_eq!(secrets(&script), ["old", "new0", "new0", "new1", "new1", "new2"]);
    assert_eq!(fetches.load(Ordering::Relaxed), 3);
}

/// The error states that nothing took effect, and why.
#[tokio::test(start_paused = true)]
async fn a_failing_source_ends_the_call_with_the_sources_error() {
    let script = Script::new([unauthorized(), unauthorized()]);
    let refresh = CredentialRefreshLayer::new(|_| ready(Err::<DeployKey, _>(Shut.into())));
    let client = builder().attempt_layer(refresh).build_on(script.clone()).unwrap();
    for requests in 1..=2 {
        let error = client.send(&create()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sent(), error.attempts()),
            (ErrorKind::Credential, Sent::Maybe, 1),
            "{error:?}"
        );
        assert!(error.is_auth() && error.to_string().contains("the source of new ones failed"), "{error}");
        assert!(std::error::Error::source(&error).is_some_and(|source| source.is::<Shut>()), "{error:?}");
        assert_eq!(script.requests().len(), requests);
    }
}

/// The deadline of a call does not apply to the fetch. Its credential serves later calls.
#[tokio::test(start_paused = true)]
async fn a_fetch_continues_after_its_call_reaches_the_deadline() {
    let script = Script::new([unauthorized(), unauthorized(), unauthorized(), Step::Status(200, SUCCESS)]);
    let (fetches, count) = counter();
    let refresh = CredentialRefreshLayer::new(move |_| {
        count();
        async {
            // Two timers, so that another call has to poll the fetch.
            tokio::time::sleep(5 * SECOND).await;
            tokio::time::sleep(5 * SECOND).await;
            Ok(key("new"))
        }
    });
    let builder = builder().total_timeout(4 * SECOND);
    let client = builder.attempt_layer(refresh).build_on(script.clone()).unwrap();
    for _ in 0..2 {
        let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.elapsed()), (ErrorKind::DeadlineExceeded, 4 * SECOND), "{error:?}");
    }
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    assert_eq!(
        (fetches.load(Ordering::Relaxed), secrets(&script)),
        (1, ["old", "old", "old", "new"].map(str::to_owned).to_vec())
    );
}

/// The layer drops the fetch after the timeout, with whatever it waits for.
#[tokio::test(start_paused = true)]
async fn calls_a_hanging_source_again_after_its_timeout() {
    let script = Script::new([unauthorized(), unauthorized(), unauthorized(), Step::Status(200, SUCCESS)]);
    let (fetches, count) = counter();
    let refresh = CredentialRefreshLayer::new(move |_| {
        let first = count() == 0;
        async move {
            if first {
                pending::<()>().await;
            }
            Ok(key("new"))
        }
    });
    let refresh = refresh.source_timeout(8 * SECOND).backoff(SECOND, SECOND);
    let builder = builder().total_timeout(5 * SECOND);
    let client = builder.attempt_layer(refresh).build_on(script.clone()).unwrap();
    let mut ends = Vec::new();
    for _ in 0..2 {
        let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
        ends.push((error.kind(), error.elapsed()));
    }
    assert_eq!(ends, [(ErrorKind::DeadlineExceeded, 5 * SECOND), (ErrorKind::Credential, 3 * SECOND)]);
    tokio::time::sleep(SECOND).await;
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    assert_eq!(fetches.load(Ordering::Relaxed), 2);
}

/// The timeout of the fetch ended while no call polled it. The next call gets its result or starts a new fetch, without an
/// error.
#[tokio::test(start_paused = true)]
async fn polls_an_abandoned_fetch_before_fetching_again() {
    for responds in [true, false] {
        let script = Script::new([unauthorized(), unauthorized(), Step::Status(200, SUCCESS)]);
        let (fetches, count) = counter();
        let refresh = CredentialRefreshLayer::new(move |_| {
            let number = count();
            async move {
                match (number, responds) {
                    (0, true) => tokio::time::sleep(6 * SECOND).await,
                    (0, false) => pending().await,
                    _ => (),
                }
                Ok(key(&format!("new{number}")))
            }
        });
        let builder = builder().total_timeout(5 * SECOND);
        let client = builder.attempt_layer(refresh.source_timeout(8 * SECOND)).build_on(script.clone()).unwrap();
        client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
        tokio::time::sleep(60 * SECOND).await;
        client.send(&ListEnvironmentVariables::new()).await.unwrap();
        assert_eq!(secrets(&script)[2], if responds { "new0" } else { "new1" });
        assert_eq!(fetches.load(Ordering::Relaxed), if responds { 1 } else { 2 });
    }
}

/// The call is neither polled nor dropped, as in a `select!` loop that continues with another branch.
#[tokio::test(start_paused = true)]
async fn an_unpolled_call_does_not_stall_other_calls() {
    let (refresh, gate) = gated("new");
    let client = builder().attempt_layer(refresh).build_on(server("new")).unwrap();
    let operation = ListEnvironmentVariables::new();
    // The first call starts the fetch, and the second one waits for it.
    let (mut first, mut second) = (pin!(client.send(&operation)), pin!(client.send(&operation)));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut cx).is_pending() && second.as_mut().poll(&mut cx).is_pending());
    let third = spawned(&client);
    tokio::task::yield_now().await;
    gate.open();
    third.await.unwrap().unwrap();
    client.send(&operation).await.unwrap();
    first.await.unwrap();
    second.await.unwrap();
}

/// The call waits while another one polls the source, and polls the source itself if the other call stops.
#[tokio::test(start_paused = true)]
async fn wakes_a_call_that_arrives_while_the_source_is_polled() {
    type Call = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;
    let second: Arc<Mutex<Option<Call>>> = Arc::default();
    let woken = Arc::new(CountsWakes(AtomicUsize::new(0)));
    let (shared, recorded) = (Arc::clone(&second), Arc::clone(&woken));
    let polls = Arc::new(AtomicUsize::new(0));
    let refresh = CredentialRefreshLayer::new(move |_| {
        let (shared, recorded, polls) = (Arc::clone(&shared), Arc::clone(&recorded), Arc::clone(&polls));
        poll_fn(move |cx| {
            if polls.fetch_add(1, Ordering::Relaxed) > 0 {
                return Poll::Ready(Ok(key("new")));
            }
            // The source wakes the first call, and then the second call arrives.
            cx.waker().wake_by_ref();
            let mut second = shared.lock().unwrap();
            let waker = Waker::from(Arc::clone(&recorded));
            assert!(second.as_mut().unwrap().as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            Poll::Pending
        })
    });
    let client = builder().attempt_layer(refresh).build_on(server("new")).unwrap();
    let call = |client: DeploymentClient<_>| -> Call {
        Box::pin(async move { client.send(&ListEnvironmentVariables::new()).await.map(drop) })
    };
    *second.lock().unwrap() = Some(call(client.clone()));
    let mut first = call(client);
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    let second = second.lock().unwrap().take().unwrap();
    second.await.unwrap();
    first.await.unwrap();
}

struct CountsWakes(AtomicUsize);

impl Wake for CountsWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_fetching_call_does_not_stall_other_calls() {
    let (refresh, gate) = gated("new");
    let client = builder().attempt_layer(refresh).build_on(server("new")).unwrap();
    let calls: Vec<_> = (0..3).map(|_| spawned(&client)).collect();
    tokio::task::yield_now().await;
    calls[0].abort();
    calls[1].abort();
    gate.open();
    calls.into_iter().next_back().unwrap().await.unwrap().unwrap();
}

/// The source wakes its own task in every poll. Other tasks run nevertheless, on a single-threaded runtime.
#[tokio::test(start_paused = true)]
async fn a_source_that_wakes_itself_does_not_starve_other_tasks() {
    let (open, is_open) = tokio::sync::watch::channel(false);
    let refresh = CredentialRefreshLayer::new(move |_| {
        let is_open = is_open.clone();
        poll_fn(move |cx| {
            cx.waker().wake_by_ref();
            if *is_open.borrow() { Poll::Ready(Ok(key("new"))) } else { Poll::Pending }
        })
    });
    let client = builder().attempt_layer(refresh).build_on(server("new")).unwrap();
    let call = spawned(&client);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    open.send(true).unwrap();
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_panicking_source_does_not_stall_calls() {
    let (_, count) = counter();
    let refresh = CredentialRefreshLayer::new(move |_| {
        let first = count() == 0;
        async move {
            assert!(!first, "made up by a test");
            Ok(key("new"))
        }
    });
    let client = builder().attempt_layer(refresh.backoff(SECOND, SECOND)).build_on(server("new")).unwrap();
    assert!(spawned(&client).await.unwrap_err().is_panic());
    assert_eq!(spawned(&client).await.unwrap().unwrap_err().kind(), ErrorKind::Credential);
    tokio::time::sleep(SECOND).await;
    spawned(&client).await.unwrap().unwrap();
}

/// Several threads, with calls dropped at random points. Every other call succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_calls_end_while_others_are_dropped_during_a_fetch() {
    for round in 0..50 {
        let (fetches, count) = counter();
        let refresh = CredentialRefreshLayer::new(move |_| {
            count();
            async {
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                    tokio::task::spawn(tokio::task::yield_now()).await.unwrap();
                }
                Ok(key("new"))
            }
        });
        let client = builder().attempt_layer(refresh).build_on(server("new")).unwrap();
        let calls: Vec<_> = (0..32).map(|_| spawned(&client)).collect();
        for (number, call) in calls.into_iter().enumerate() {
            match number % 3 {
                0 => call.abort(),
                _ => drop(call.await.unwrap().unwrap()),
            }
        }
        assert_eq!(fetches.load(Ordering::Relaxed), 1, "{round}");
    }
}

/// Twenty calls are rejected before the source responds.
#[tokio::test(start_paused = true)]
async fn calls_rejected_together_fetch_one_credential() {
    for works in [true, false] {
        let (requests, fetches, all_rejected) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Gate::new());
        let (seen, rejected) = (Arc::clone(&requests), all_rejected.clone());
        let server = service_fn(move |request: Request<Bytes>| {
            let number = seen.fetch_add(1, Ordering::Relaxed) + 1;
            if number == 20 {
                rejected.open();
            }
            let (status, body) = if secret(&request) == "new" { (200, SUCCESS) } else { (401, BAD_KEY) };
            ready(
                Response::builder()
                    .status(status)
                    .body(Bytes::from_static(body.as_bytes()))
                    .map_err(TransportError::tls),
            )
        });
        let count = Arc::clone(&fetches);
        let refresh = CredentialRefreshLayer::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            let all_rejected = all_rejected.clone();
            async move {
                all_rejected.wait().await;
                if works { Ok(key("new")) } else { Err(Shut.into()) }
            }
        });
        let client = builder().attempt_layer(refresh).build_on(server).unwrap();
        let calls: Vec<_> = (0..20).map(|_| spawned(&client)).collect();
        let mut kinds = Vec::new();
        for call in calls {
            kinds.extend(call.await.unwrap().err().map(|error| error.kind()));
        }
        // The result of a fetch belongs to all waiting calls, so all of them get the source's error.
        let expected = if works { (0, 0, 40) } else { (20, 0, 20) };
        let count = |wanted| kinds.iter().filter(|kind| **kind == wanted).count();
        let requests = requests.load(Ordering::Relaxed);
        assert_eq!((count(ErrorKind::Credential), count(ErrorKind::Api), requests), expected, "{works}");
        assert_eq!(fetches.load(Ordering::Relaxed), 1, "{works}");
    }
}

#[tokio::test]
async fn replaces_a_revoked_key_over_a_socket() {
    let running = fake().build().serve("127.0.0.1:0").await.unwrap();
    let revoked = at(&running.url(), "c0ffee");
    let refresh = CredentialRefreshLayer::new(async |_| Ok(DeployKey::parse(ADMIN_KEY)?));
    let client = Client::builder(revoked).retry(RetryPolicy::never()).attempt_layer(refresh).build().unwrap();
    let call = async move { client.send(&create()).await.map(drop) };
    tokio::spawn(call).await.unwrap().unwrap();
    let limits = client_of(&running).build().unwrap().send(&ListUsageLimits::new()).await;
    assert_eq!(limits.unwrap().len(), 1);
}
