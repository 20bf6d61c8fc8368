//! The default stack above a transport: retries, deadlines, limits and layers, on a paused clock and without sockets.

mod budget;
mod clocks;
mod counts;
mod credential_kinds;
mod readiness;
mod starting;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::deployment::{
    DeleteLogStream, ListEnvironmentVariables, UpdateEnvironmentVariables, UpdateUsageLimit,
};
use convex_mgmt::hyper::layers::ConcurrencyLimitLayer;
use convex_mgmt::proto::RequestEncoder;
use convex_mgmt::{
    BuildError, Client, DecodeError, DeploymentApi, Error, ErrorCode, ErrorKind, Idempotency, Operation, OperationMeta,
    RetryBudget, RetryPolicy, Sent,
};
use convex_mgmt_suite::classes::usage_limit;
use convex_mgmt_suite::{Script, Step, endpoint, refused, reset};
use http::{Method, Request, Response};
use tokio::time::Instant;
use tower::{BoxError, Layer, Service};

const LISTED: &str = r#"{"environmentVariables":{}}"#;
const CONFLICT: &str = r#"{"code":"OptimisticConcurrencyControlFailure","message":"m"}"#;

/// A non-idempotent operation. Those of the API have a response body.
struct Create;

impl Operation for Create {
    type Api = DeploymentApi;
    type Output = ();
    const META: &'static OperationMeta =
        &OperationMeta::new::<DeploymentApi>("create", Method::POST, "/create", Idempotency::NonIdempotent)
            .empty_response();
    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        request.json(&"made up")
    }
    fn decode(_body: &Bytes) -> Result<(), DecodeError> {
        Ok(())
    }
}

fn builder() -> convex_mgmt::ClientBuilder<DeploymentApi> {
    Client::builder(endpoint("https://happy-animal-123.convex.cloud"))
}

async fn list(script: &Script) -> Result<(), Error> {
    let client = builder().build_on(script.clone()).unwrap();
    client.send(&ListEnvironmentVariables::new()).await.map(drop)
}

async fn create(script: &Script) -> Result<(), Error> {
    builder().build_on(script.clone()).unwrap().send(&Create).await
}

fn summary(error: &Error) -> (ErrorKind, u32, Sent) {
    (error.kind(), error.attempts(), error.sent())
}

#[tokio::test(start_paused = true)]
async fn retries_a_read_after_every_transient_failure() {
    let responses = [refused(), reset(), Step::Status(200, LISTED)];
    let script = Script::new(responses);
    list(&script).await.unwrap();
    assert_eq!(script.requests().len(), 3);
    for status in [408, 429, 500, 502, 503, 504] {
        let script = Script::new([Step::Status(status, ""), Step::Status(200, LISTED)]);
        list(&script).await.unwrap();
        assert_eq!(script.remaining(), 0, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn does_not_retry_a_create_that_may_have_taken_effect() {
    for (step, kind, sent) in [
        (reset(), ErrorKind::Connection, Sent::Maybe),
        (Step::Status(500, r#"{"code":"InternalServerError","message":""}"#), ErrorKind::Api, Sent::Maybe),
        (Step::Status(503, r#"{"code":"SomethingNew","message":""}"#), ErrorKind::Api, Sent::Maybe),
        (Step::Status(503, "<html>"), ErrorKind::UnexpectedReply, Sent::Maybe),
    ] {
        let script = Script::new([step, Step::Status(200, "")]);
        let error = create(&script).await.unwrap_err();
        assert_eq!((summary(&error), error.cause_kind()), ((ErrorKind::OutcomeUnknown, 1, sent), kind));
        assert!(error.to_string().contains("; the operation may have taken effect"), "{error}");
        assert_eq!(script.requests().len(), 1, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn retries_a_create_that_did_not_take_effect() {
    let script = Script::new([refused(), Step::Status(503, CONFLICT), Step::Status(200, "")]);
    create(&script).await.unwrap();
    assert_eq!(script.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn does_not_retry_permanent_failures() {
    for (status, body) in [(400, r#"{"code":"BadJsonBody","message":""}"#), (404, ""), (307, ""), (200, "not json")] {
        let script = Script::new([Step::Status(status, body), Step::Status(200, LISTED)]);
        assert_eq!(list(&script).await.unwrap_err().attempts(), 1, "{status}");
        assert_eq!(script.remaining(), 1, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_covers_all_attempts() {
    // The first attempt may have taken effect. The last one did not.
    let script = Script::new([reset(), refused(), refused()]);
    let error = list(&script).await.unwrap_err();
    assert_eq!(summary(&error), (ErrorKind::Connect, 3, Sent::Maybe));
    let text = error.to_string();
    assert!(text.contains("cannot connect to ") && text.contains(" (3 attempts in "), "{text}");
    assert!(text.ends_with(" ms)"), "{text}");
    let script = Script::new([refused(), refused(), refused()]);
    let error = create(&script).await.unwrap_err();
    assert_eq!(summary(&error), (ErrorKind::Connect, 3, Sent::No));
    assert!(error.to_string().contains("nothing was sent (3 attempts"), "{error}");
    let script = Script::new([reset(), Step::Status(403, r#"{"code":"BadDeployKey","message":""}"#)]);
    assert_eq!(summary(&list(&script).await.unwrap_err()), (ErrorKind::Api, 2, Sent::Maybe));
}

#[tokio::test(start_paused = true)]
async fn a_write_rejected_in_each_attempt_is_not_applied() {
    let conflicts = || (0..50).map(|_| Step::Status(503, CONFLICT));
    let script = Script::new(conflicts());
    let client = builder().total_timeout(Duration::from_secs(3)).build_on(script).unwrap();
    let error = client.send(&Create).await.unwrap_err();
    assert!(error.is_write_conflict() && error.attempts() > 3, "{error:?}");
    assert_eq!((error.kind(), error.verify_with()), (ErrorKind::Api, None));
    // After conflicts, a broken connection leaves the outcome unknown.
    let script = Script::new(conflicts().take(5).chain([reset()]));
    let error = create(&script).await.unwrap_err();
    assert_eq!(
        (summary(&error), error.cause_kind()),
        ((ErrorKind::OutcomeUnknown, 6, Sent::Maybe), ErrorKind::Connection)
    );
}

#[tokio::test(start_paused = true)]
async fn reports_an_unknown_outcome_after_an_earlier_ambiguous_attempt() {
    let client = |steps: Vec<Step>| builder().build_on(Script::new(steps)).unwrap();
    let update = UpdateEnvironmentVariables::new().set("A", "1");
    let denied = || Step::Status(403, r#"{"code":"BadDeployKey","message":""}"#);
    let error = client(vec![reset(), denied()]).send(&update).await.unwrap_err();
    assert_eq!((error.kind(), error.cause_kind()), (ErrorKind::OutcomeUnknown, ErrorKind::Api));
    assert_eq!(error.verify_with(), Some("list_environment_variables"));
    assert!(error.is_auth(), "{error:?}");
    assert!(error.to_string().contains("; an earlier attempt may have taken effect; call list_"), "{error}");
    // The last attempt may have taken effect, so the text does not mention earlier ones.
    let error = client(vec![reset(), reset(), reset()]).send(&update).await.unwrap_err();
    assert!(error.to_string().contains("; the operation may have taken effect; call list_"), "{error}");
    let error = client(vec![reset(), refused(), refused()]).send(&update).await.unwrap_err();
    assert_eq!((error.kind(), error.cause_kind()), (ErrorKind::OutcomeUnknown, ErrorKind::Connect));
    // The last attempt had no connection. The text states that an earlier attempt may have taken effect.
    let text = error.to_string();
    let expected = "; an earlier attempt may have taken effect; call list_environment_variables to check";
    assert!(text.contains(expected), "{text}");
    let error = client(vec![refused(), denied()]).send(&update).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
}

#[tokio::test(start_paused = true)]
async fn an_undecodable_success_counts_as_applied_and_a_foreign_response_as_unknown() {
    for (before, body, kind) in [
        (None, "", ErrorKind::Decode),
        (Some(reset()), "", ErrorKind::Decode),
        (None, r#"{"usageLimit":{}}"#, ErrorKind::Decode),
        (Some(reset()), r#"{"usageLimit":{"#, ErrorKind::Decode),
        (None, "<html>", ErrorKind::OutcomeUnknown),
        (Some(reset()), "<html>", ErrorKind::OutcomeUnknown),
        (None, "OK", ErrorKind::OutcomeUnknown),
        (Some(reset()), r#"{"code":"Blocked"}"#, ErrorKind::OutcomeUnknown),
    ] {
        let what = format!("{before:?} {body}");
        let script = Script::new(before.into_iter().chain([Step::Status(200, body)]));
        let client = builder().build_on(script).unwrap();
        let error = client.send(&UpdateUsageLimit::new("x", usage_limit())).await.expect_err(&what);
        assert_eq!((error.kind(), error.cause_kind()), (kind, ErrorKind::Decode), "{what}");
        let applied = kind == ErrorKind::Decode;
        assert_eq!((error.is_applied(), error.verify_with()), (applied, Some("list_usage_limits")), "{what}");
        let next = match applied {
            true => "; the operation took effect; call list_usage_limits to find the result",
            false => "; the operation may have taken effect; call list_usage_limits to check",
        };
        assert!(error.to_string().contains(next), "{what}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_finds_nothing_succeeds_only_after_an_attempt_that_may_have_taken_effect() {
    let not_found = || Step::Status(404, r#"{"code":"LogStreamDoesntExist","message":""}"#);
    let client = |steps: Vec<Step>| builder().build_on(Script::new(steps)).unwrap();
    let delete = DeleteLogStream::new("x");
    for before in [reset(), Step::Status(500, ""), Step::Status(503, "<html>"), Step::Status(408, "")] {
        let what = format!("{before:?}");
        let reply = client(vec![before, not_found()]).send_for_reply(&delete).await.expect(&what);
        assert!(reply.already_deleted, "{what}");
    }
    for before in [refused(), Step::Status(503, CONFLICT), Step::Status(429, "")] {
        let what = format!("{before:?}");
        let error = client(vec![before, not_found()]).send(&delete).await.expect_err(&what);
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Api, 2), "{what}");
    }
    let other = Step::Status(404, r#"{"code":"UsageLimitNotFound","message":""}"#);
    assert!(client(vec![reset(), other]).send(&delete).await.is_err());
    assert!(client(vec![reset(), Step::Status(404, "")]).send(&delete).await.is_err());
    assert!(client(vec![not_found()]).send(&delete).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn all_attempts_send_the_same_bytes() {
    let script = Script::new([reset(), Step::Status(503, CONFLICT), Step::Status(200, "")]);
    let client = builder().build_on(script.clone()).unwrap();
    client.send(&UpdateEnvironmentVariables::new().set("A", "1").delete("B")).await.unwrap();
    let seen = script.requests();
    let parts = |request: &Request<Bytes>| {
        (request.method().clone(), request.uri().clone(), request.headers().clone(), request.body().clone())
    };
    assert_eq!(seen.len(), 3);
    assert!(!seen[0].body().is_empty());
    assert!(seen.iter().all(|request| parts(request) == parts(&seen[0])));
    assert!(seen.iter().all(|request| request.extensions().get::<&'static OperationMeta>().is_some()));
}

#[tokio::test(start_paused = true)]
async fn waits_for_the_backoff_or_the_retry_after() {
    let started = Instant::now();
    let policy = RetryPolicy::default().max_attempts(4).base_delay(Duration::from_secs(1));
    let script = Script::new([reset(), reset(), reset(), Step::Status(200, LISTED)]);
    let client = builder().retry(policy).build_on(script).unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    // At most 1 s, 2 s and 4 s, scaled by jitter.
    assert!(started.elapsed() > Duration::ZERO && started.elapsed() < Duration::from_secs(7));

    let started = Instant::now();
    let busy = Response::builder().status(429).header("retry-after", "7").body(Bytes::new()).unwrap();
    list(&Script::new([Step::Respond(busy), Step::Status(200, LISTED)])).await.unwrap();
    assert!((Duration::from_secs(7)..Duration::from_secs(8)).contains(&started.elapsed()));
}

#[tokio::test(start_paused = true)]
async fn retries_after_the_attempt_timeout() {
    let started = Instant::now();
    let script = Script::new([Step::Hang, Step::Status(200, LISTED)]);
    list(&script).await.unwrap();
    assert!((Duration::from_secs(30)..Duration::from_secs(31)).contains(&started.elapsed()));
    let error = create(&Script::new([Step::Hang])).await.unwrap_err();
    assert_eq!(summary(&error), (ErrorKind::OutcomeUnknown, 1, Sent::Maybe));
    assert!(error.is_timeout());
}

#[tokio::test(start_paused = true)]
async fn the_total_timeout_ends_a_call_in_every_phase() {
    let client = |script: &Script| {
        let builder = builder().attempt_timeout(None).total_timeout(Duration::from_secs(5));
        builder.build_on(script.clone()).unwrap()
    };
    let started = Instant::now();
    // The deadline ends a running attempt.
    let error = client(&Script::new([Step::Hang])).send(&Create).await.unwrap_err();
    assert_eq!(summary(&error), (ErrorKind::OutcomeUnknown, 1, Sent::Maybe));
    assert_eq!(error.elapsed(), Duration::from_secs(5));
    assert_eq!(started.elapsed(), Duration::from_secs(5));
    // A wait beyond the deadline is not started. The caller gets the reason for the wait at once.
    let busy = Response::builder().status(429).header("retry-after", "6").body(Bytes::new()).unwrap();
    let error = client(&Script::new([Step::Respond(busy)])).send(&Create).await.unwrap_err();
    assert!(error.is_rate_limited() && error.elapsed() == Duration::ZERO, "{error:?}");
}

/// The machine may sleep, or the process may be stopped, during a backoff.
#[tokio::test(start_paused = true)]
async fn starts_no_attempt_when_it_wakes_after_the_deadline() {
    let busy = Response::builder().status(429).header("retry-after", "5").body(Bytes::new()).unwrap();
    let script = Script::new([Step::Respond(busy), Step::Hang]);
    let client = builder().total_timeout(Duration::from_secs(60)).build_on(script.clone()).unwrap();
    let mut call = std::pin::pin!(client.send(&Create));
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut call).await.is_err());
    tokio::time::advance(Duration::from_secs(3600)).await;
    let error = call.await.unwrap_err();
    assert_eq!(summary(&error), (ErrorKind::DeadlineExceeded, 1, Sent::Maybe));
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_budget_allows_only_the_first_attempt() {
    let budget = RetryBudget::new(2 * RetryBudget::COST);
    let script = Script::new((0..8).map(|_| reset()));
    let client = builder().retry_budget(budget).build_on(script).unwrap();
    let mut attempts = Vec::new();
    for _ in 0..3 {
        // A clone shares the budget.
        let error = client.clone().send(&ListEnvironmentVariables::new()).await.unwrap_err();
        attempts.push(error.attempts());
    }
    assert_eq!(attempts, [3, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_policy_accepts_durations_of_any_length() {
    let policy = RetryPolicy::default().base_delay(Duration::MAX).max_delay(Duration::MAX);
    let policy = policy.max_conflict_delay(Duration::MAX).max_retry_after(Duration::MAX);
    let client = |total: Option<Duration>, steps: Vec<Step>| {
        let builder = builder().retry(policy.clone()).total_timeout(total).attempt_timeout(Duration::MAX);
        builder.build_on(Script::new(steps)).unwrap()
    };
    let operation = ListEnvironmentVariables::new();
    for step in [reset, || Step::Status(503, CONFLICT)] {
        // The wait would exceed the deadline.
        for total in [Duration::from_secs(60), Duration::MAX] {
            let error = client(Some(total), vec![step()]).send(&operation).await.unwrap_err();
            assert_eq!((error.attempts(), error.elapsed()), (1, Duration::ZERO), "{total:?}");
        }
        let client = client(None, vec![step()]);
        let call = client.send(&operation);
        assert!(tokio::time::timeout(Duration::from_secs(86_400), call).await.is_err(), "it waits");
    }
}

#[tokio::test(start_paused = true)]
async fn max_concurrency_bounds_the_attempts_in_flight() {
    let in_flight = Arc::new(AtomicUsize::new(0));
    let max = Arc::new(AtomicUsize::new(0));
    let service = {
        let (in_flight, max) = (Arc::clone(&in_flight), Arc::clone(&max));
        tower::service_fn(move |_: Request<Bytes>| {
            let (in_flight, max) = (Arc::clone(&in_flight), Arc::clone(&max));
            async move {
                max.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(1)).await;
                in_flight.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, Infallible>(Response::new(Bytes::from_static(LISTED.as_bytes())))
            }
        })
    };
    let client = builder().max_concurrency(3).build_on(service).unwrap();
    let started = Instant::now();
    let calls: Vec<_> = (0..9)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.send(&ListEnvironmentVariables::new()).await.map(drop) })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!((max.load(Ordering::SeqCst), started.elapsed()), (3, Duration::from_secs(3)));
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_slot_counts_towards_the_total_timeout_and_sends_nothing() {
    let one_place = ConcurrencyLimitLayer::new(Some(1));
    let client = |total: Option<Duration>, script: &Script| {
        let builder = builder().attempt_layer(one_place.clone()).attempt_timeout(None).total_timeout(total);
        builder.build_on(script.clone()).unwrap()
    };
    let endless = Script::new([Step::Hang]);
    let holder = client(None, &endless);
    let holder = tokio::spawn(async move { holder.send(&Create).await });
    while endless.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    let script = Script::new([Step::Status(200, "")]);
    let waiting = client(Some(Duration::from_secs(5)), &script);
    let error = waiting.send(&Create).await.unwrap_err();
    assert_eq!(summary(&error), (ErrorKind::DeadlineExceeded, 0, Sent::No));
    assert_eq!((error.elapsed(), script.remaining()), (Duration::from_secs(5), 1));
    // A dropped call releases its slot.
    holder.abort();
    waiting.send(&Create).await.unwrap();
}

/// Counts requests, and panics if it is called without `poll_ready`, as tower allows.
#[derive(Clone)]
struct Counted<S> {
    inner: S,
    count: Arc<AtomicUsize>,
    ready: bool,
}

#[derive(Clone, Default)]
struct CountLayer(Arc<AtomicUsize>);

impl<S> Layer<S> for CountLayer {
    type Service = Counted<S>;
    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, count: Arc::clone(&self.0), ready: false }
    }
}

impl<S: Service<Request<Bytes>>> Service<Request<Bytes>> for Counted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.ready = true;
        self.inner.poll_ready(cx)
    }
    fn call(&mut self, request: Request<Bytes>) -> S::Future {
        assert!(std::mem::take(&mut self.ready), "called without being ready");
        assert_eq!(request.extensions().get::<&'static OperationMeta>().unwrap().id, "list_environment_variables");
        self.count.fetch_add(1, Ordering::SeqCst);
        self.inner.call(request)
    }
}

#[tokio::test(start_paused = true)]
async fn layers_wrap_each_attempt_or_the_whole_call() {
    let (attempts, calls) = (CountLayer::default(), CountLayer::default());
    let builder = builder().attempt_layer(attempts.clone()).call_layer(calls.clone()).max_concurrency(2);
    let client = builder.build_on(Script::new([reset(), reset(), Step::Status(200, LISTED)])).unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    assert_eq!((attempts.0.load(Ordering::SeqCst), calls.0.load(Ordering::SeqCst)), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn accepts_layers_of_tower() {
    let limit = tower::limit::ConcurrencyLimitLayer::new(1);
    let client = builder().attempt_layer(limit).build_on(Script::new([reset(), Step::Status(200, LISTED)])).unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
}

/// A service with a boxed error, like many of tower's layers.
#[derive(Clone)]
struct Boxed;

impl Service<Request<Bytes>> for Boxed {
    type Response = Response<Bytes>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Response<Bytes>, BoxError>>;
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, _request: Request<Bytes>) -> Self::Future {
        std::future::ready(Ok(Response::new(Bytes::from_static(LISTED.as_bytes()))))
    }
}

#[tokio::test(start_paused = true)]
async fn calls_over_a_service_with_a_boxed_error_can_be_spawned() {
    let client = builder().build_on(Boxed).unwrap();
    tokio::spawn(async move { client.send(&ListEnvironmentVariables::new()).await.map(drop) }).await.unwrap().unwrap();
    let client = Client::with_service(endpoint("https://happy-animal-123.convex.cloud"), Boxed);
    tokio::spawn(async move { client.send(&ListEnvironmentVariables::new()).await.map(drop) }).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_layer_error_ends_the_call_and_stays_in_the_source_chain() {
    let broken =
        tower::service_fn(|_: Request<Bytes>| async { Err::<Response<Bytes>, BoxError>("out of order".into()) });
    let client = builder().build_on(broken).unwrap();
    let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!(summary(&error), (ErrorKind::Layer, 1, Sent::Maybe));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "out of order");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_leaves_the_client_usable() {
    let script = Script::new([Step::Hang, reset(), Step::Status(200, LISTED)]);
    let client = builder().max_concurrency(1).build_on(script).unwrap();
    let call = client.send(&Create);
    assert!(tokio::time::timeout(Duration::from_secs(1), call).await.is_err(), "in an attempt");
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn returns_the_deprecation_notice() {
    let response = Response::builder()
        .header("x-convex-deprecation-state", "UpgradeRequired")
        .header("x-convex-deprecation-message", "soon")
        .body(Bytes::from_static(LISTED.as_bytes()))
        .unwrap();
    let client = builder().build_on(Script::new([Step::Respond(response)])).unwrap();
    let reply = client.send_for_reply(&ListEnvironmentVariables::new()).await.unwrap();
    assert_eq!(reply.deprecation.unwrap().state, "UpgradeRequired");
}

#[tokio::test]
async fn sends_nothing_that_breaks_a_rule() {
    let script = Script::new([]);
    let client = builder().build_on(script.clone()).unwrap();
    let error = client.send(&UpdateEnvironmentVariables::new().set("9", "x")).await.unwrap_err();
    assert_eq!(summary(&error), (ErrorKind::Build, 0, Sent::No));
    assert!(error.to_string().ends_with("nothing was sent"), "{error}");
    let Some(BuildError::Invalid(problems)) = error.build_error() else { panic!("{error:?}") };
    assert_eq!(problems.iter().next().unwrap().code, Some(ErrorCode::EnvironmentVariableNameInvalid));
    assert!(script.requests().is_empty());
}
