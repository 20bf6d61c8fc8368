//! Clients in structs, tasks and functions: owned calls, one type for all clients, shared budgets and transports.

use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::deployment::environment_variables::{EnvironmentPlan, EnvironmentVariables, Ownership};
use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::hyper::{BoxService, DefaultService, HyperTransport};
use convex_mgmt::{
    BoxClient, Client, DeploymentApi, DeploymentClient, Error, ErrorKind, OnConflict, RetryBudget, RetryPolicy, Sent,
    Transport,
};
use convex_mgmt_suite::classes::SUCCESS;
use convex_mgmt_suite::script_server::{Act, ScriptServer};
use convex_mgmt_suite::{Script, Step, client_of, endpoint, fake, refused, reset};
use http::{Request, Response};
use tokio::task::JoinSet;
use tower::layer::layer_fn;
use tower::util::BoxCloneService;
use tower::{BoxError, ServiceExt};

const URL: &str = "http://127.0.0.1:3210";

/// A service that is `Send` and not `Sync`.
type NotSync = BoxCloneService<Request<Bytes>, Response<Bytes>, BoxError>;

fn not_sync(script: &Script) -> NotSync {
    script.clone().map_err(BoxError::from).boxed_clone()
}

fn done(times: usize) -> Script {
    Script::new((0..times).map(|_| Step::Status(200, SUCCESS)))
}

#[tokio::test]
async fn calls_can_be_spawned_without_the_client_and_the_operation() {
    let fake = fake().build();
    let running = fake.serve("127.0.0.1:0").await.unwrap();
    let client = client_of(&running).build().unwrap();
    let mut calls = JoinSet::new();
    for name in ["A", "B", "C"] {
        calls.spawn(client.send(&UpdateEnvironmentVariables::new().set(name, "1")));
    }
    let reply = tokio::spawn(client.send_for_reply(&UpdateEnvironmentVariables::new().set("D", "1")));
    drop(client);
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
    }
    assert!(!reply.await.unwrap().unwrap().already_deleted);
    assert_eq!(fake.variables().len(), 4);
}

#[tokio::test]
async fn spawning_a_call_does_not_require_a_sync_service() {
    let script = done(2);
    let client = Client::builder(endpoint(URL)).build_on(not_sync(&script)).unwrap();
    tokio::spawn(client.send(&ListEnvironmentVariables::new())).await.unwrap().unwrap();
    let client = Client::with_service(endpoint(URL), not_sync(&script));
    tokio::spawn(client.send(&ListEnvironmentVariables::new())).await.unwrap().unwrap();
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn spawns_the_application_of_a_plan_without_a_sync_service() {
    let fake = fake().build();
    let plan =
        EnvironmentPlan::new(&EnvironmentVariables::default(), &[("A", "1")].into_iter().collect(), Ownership::None);
    let client = Client::with_service(endpoint(URL), fake.clone().map_err(BoxError::from).boxed_clone());
    let call = client.apply_environment_plan(&plan, OnConflict::Fail);
    drop((client, plan));
    tokio::spawn(call).await.unwrap().unwrap();
    assert_eq!(fake.variables(), [("A".to_owned(), "1".to_owned())]);
}

#[tokio::test]
async fn reports_a_build_error_when_the_call_is_awaited() {
    let script = done(1);
    let client = Client::builder(endpoint(URL)).build_on(script.clone()).unwrap();
    let call = client.send(&UpdateEnvironmentVariables::new().set("not a name", "1"));
    let error = tokio::spawn(call).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Build, Sent::No, 0));
    assert_eq!(script.requests().len(), 0);
}

#[tokio::test]
async fn sends_nothing_before_the_call_is_polled() {
    let script = done(1);
    let client = Client::builder(endpoint(URL)).build_on(script.clone()).unwrap();
    let call = client.send(&ListEnvironmentVariables::new());
    tokio::task::yield_now().await;
    assert_eq!(script.requests().len(), 0);
    call.await.unwrap();
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn elapsed_time_starts_at_the_first_poll() {
    let builder = Client::builder(endpoint(URL)).retry(RetryPolicy::never());
    let client = builder.build_on(Script::new([reset()])).unwrap();
    let call = client.send(&UpdateEnvironmentVariables::new());
    tokio::time::advance(Duration::from_secs(1_000)).await;
    let error = call.await.unwrap_err();
    assert_eq!(error.elapsed(), Duration::ZERO, "{error}");
}

/// A type that holds any client.
#[derive(Clone, Debug)]
struct Service {
    client: BoxClient<DeploymentApi>,
}

fn is_shareable<T: Clone + Send + Sync + 'static>(_: &T) {}

#[tokio::test]
async fn a_boxed_client_holds_a_stack_with_any_layers() {
    let fake = fake().variable("A", "1").build();
    let running = fake.serve("127.0.0.1:0").await.unwrap();
    let plain = client_of(&running).build_boxed().unwrap();
    let around_calls = client_of(&running).call_layer(layer_fn(|calls: DefaultService| calls)).build_boxed().unwrap();
    let not_sync_layer = layer_fn(|attempt: HyperTransport| attempt.map_err(BoxError::from).boxed_clone());
    let around_attempts = client_of(&running).attempt_layer(not_sync_layer).build_boxed().unwrap();
    let in_process = client_of(&running).build_on(fake.clone()).unwrap().boxed();
    for client in [plain, around_calls, around_attempts, in_process] {
        let service = Service { client };
        is_shareable(&service);
        let list = service.client.send(&ListEnvironmentVariables::new());
        assert_eq!(tokio::spawn(list).await.unwrap().unwrap().names().count(), 1);
        // The same service with another endpoint.
        let other: BoxClient<DeploymentApi> = service.client.at(service.client.endpoint().clone());
        other.clone().send(&ListEnvironmentVariables::new()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_boxed_client_retries_and_fails_like_other_clients() {
    let script = Script::new([refused(), Step::Status(200, SUCCESS), reset()]);
    let client = Client::builder(endpoint(URL)).build_on(script.clone()).unwrap().boxed();
    let create = convex_mgmt_suite::classes::create();
    client.send(&create).await.unwrap();
    let error = client.send(&create).await.unwrap_err();
    assert_eq!((error.kind(), error.cause_kind()), (ErrorKind::OutcomeUnknown, ErrorKind::Connection));
    assert_eq!((error.attempts(), script.remaining()), (1, 0));
}

#[tokio::test]
async fn sends_nothing_to_a_boxed_service_that_fails_in_poll_ready() {
    let client = Client::with_service(endpoint(URL), BoxService::new(Unready(not_sync(&done(1)))));
    let error = client.send(&UpdateEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Layer, Sent::No), "{error:?}");
}

/// A service that fails in `poll_ready`.
#[derive(Clone)]
struct Unready<S>(S);

impl<R, S: tower::Service<R, Error = BoxError>> tower::Service<R> for Unready<S> {
    type Response = S::Response;
    type Error = BoxError;
    type Future = S::Future;

    fn poll_ready(&mut self, _cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), BoxError>> {
        std::task::Poll::Ready(Err("closed".into()))
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}

/// A function over any client, with one bound.
async fn count<T: Transport>(client: &Client<DeploymentApi, T>) -> Result<usize, Error> {
    Ok(client.send(&ListEnvironmentVariables::new()).await?.names().count())
}

/// A function that spawns a call of any client.
async fn count_in_a_task<T>(client: &Client<DeploymentApi, T>) -> Result<usize, Error>
where
    T: Transport<Future: Send> + Send + 'static,
{
    Ok(tokio::spawn(client.send(&ListEnvironmentVariables::new())).await.unwrap()?.names().count())
}

#[tokio::test]
async fn a_function_accepts_any_client_with_one_trait_bound() {
    let fake = fake().variable("A", "1").build();
    let running = fake.serve("127.0.0.1:0").await.unwrap();
    let client: DeploymentClient = client_of(&running).build().unwrap();
    assert_eq!(count(&client).await.unwrap(), 1);
    assert_eq!(count(&Client::with_service(endpoint(URL), fake.clone())).await.unwrap(), 1);
    assert_eq!(count_in_a_task(&client).await.unwrap(), 1);
    assert_eq!(count_in_a_task(&client.boxed()).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn clones_of_a_retry_budget_share_its_tokens() {
    let budget = RetryBudget::new(RetryBudget::COST);
    let client =
        |script: &Script| Client::builder(endpoint(URL)).retry_budget(budget.clone()).build_on(script.clone()).unwrap();
    let scripts = [0, 1].map(|_| Script::new((0..4).map(|_| Step::Status(500, ""))));
    let [first, second] = scripts.each_ref().map(client);
    let attempts = |error: Error| error.attempts();
    assert_eq!(first.send(&ListEnvironmentVariables::new()).await.map_err(attempts), Err(2));
    assert_eq!(second.send(&ListEnvironmentVariables::new()).await.map_err(attempts), Err(1));
}

#[tokio::test]
async fn clients_with_one_transport_share_its_connection_pool() {
    let fake = fake().build();
    let running = fake.serve("127.0.0.1:0").await.unwrap();
    let transport = client_of(&running).build_transport().unwrap();
    let first = client_of(&running).transport(&transport).build().unwrap();
    let second = client_of(&running).transport(&transport).retry(RetryPolicy::never()).build().unwrap();
    // The transport itself is a tower service, too.
    let bare = Client::with_service(endpoint(&running.url()), transport);
    for _ in 0..2 {
        first.send(&ListEnvironmentVariables::new()).await.unwrap();
        second.send(&ListEnvironmentVariables::new()).await.unwrap();
        bare.send(&ListEnvironmentVariables::new()).await.unwrap();
    }
    assert_eq!((running.connections(), fake.requests().len()), (1, 6));
}

#[tokio::test]
async fn a_client_with_a_shared_transport_keeps_its_own_timeouts() {
    let server = ScriptServer::start(vec![vec![Act::Read, Act::Hang]; 2]).await;
    let builder = || Client::builder(endpoint(&server.url())).retry(RetryPolicy::never());
    let transport = builder().attempt_timeout(None).total_timeout(None).build_transport().unwrap();
    let client = builder().attempt_timeout(Duration::from_millis(50)).transport(&transport).build().unwrap();
    let call = client.send(&ListEnvironmentVariables::new());
    let error = tokio::time::timeout(Duration::from_secs(20), call).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AttemptTimeout);
}
