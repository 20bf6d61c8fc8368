//! Transports other than hyper: in place of the whole stack, below it, without `Send`, without async.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::proto::{Outcome, RetryDecision, RetryState};
use convex_mgmt::{
    AccessToken, Client, DecodeError, DeploymentApi, Endpoint, ErrorKind, Idempotency, ManagementApi, Operation,
    OperationMeta, RetryBudget, RetryPolicy, Sent, Transport, TransportError,
};
use convex_mgmt_fake::{Fake, Fault};
use convex_mgmt_suite::classes::{CLASSES, SUCCESS, create, send};
use convex_mgmt_suite::{Script, Step, client_of, endpoint, fake, refused, reset};
use http::header::USER_AGENT;
use http::{Method, Request, Response};
use tower::{BoxError, Service, ServiceExt};

const URL: &str = "http://127.0.0.1:3210";

#[tokio::test]
async fn an_in_process_service_replaces_hyper() {
    let fake = fake().build();
    fake.fault(Fault::LostResponse);
    let client = Client::builder(endpoint(URL)).build_on(fake.clone()).unwrap();
    client.send(&UpdateEnvironmentVariables::new().set("A", "1")).await.unwrap();
    assert_eq!((fake.variables().len(), fake.requests().len()), (1, 2));
}

/// An error of a custom transport, with another error as its source.
#[derive(Debug)]
struct Wrapped(BoxError);

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the exchange failed")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// A lost connection is found whatever type wraps it. It does not prove that nothing was sent. Any other error ends the call.
#[tokio::test(start_paused = true)]
async fn finds_a_lost_connection_in_the_source_chain_of_any_error() {
    fn io(kind: io::ErrorKind) -> BoxError {
        io::Error::from(kind).into()
    }
    let lost: [fn() -> BoxError; 5] = [
        || io(io::ErrorKind::ConnectionReset),
        || io(io::ErrorKind::ConnectionAborted),
        || io(io::ErrorKind::BrokenPipe),
        || Wrapped(Wrapped(io(io::ErrorKind::ConnectionReset)).into()).into(),
        || io::Error::other(io::Error::from(io::ErrorKind::ConnectionReset)).into(),
    ];
    let others: [fn() -> BoxError; 4] = [
        || io(io::ErrorKind::ConnectionRefused),
        || io(io::ErrorKind::UnexpectedEof),
        || Wrapped(io(io::ErrorKind::NotFound)).into(),
        || TransportError::tls(io(io::ErrorKind::ConnectionReset)).into(),
    ];
    let cases = lost.map(|source| (source, ErrorKind::Connection, 3));
    for (source, kind, attempts) in cases.into_iter().chain(others.map(|source| (source, ErrorKind::Layer, 1))) {
        let transport = tower::service_fn(move |_: Request<Bytes>| async move {
            Err::<Response<Bytes>, BoxError>(Wrapped(source()).into())
        });
        let client = Client::builder(endpoint(URL)).build_on(transport).unwrap();
        let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts(), error.sent()), (kind, attempts, Sent::Maybe), "{:?}", source());
        let error = client.send(&create()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::OutcomeUnknown, 1), "{:?}", source());
    }
}

/// The end of a call of each class whose first attempt meets a fault: the kind of its error, if any, and its number of
/// requests.
async fn ends<T: Transport>(
    client: &Client<DeploymentApi, T>,
    fake: &Fake,
    fault: &Fault,
) -> Vec<(Option<ErrorKind>, usize)> {
    let mut ends = Vec::new();
    for class in CLASSES {
        let before = fake.requests().len();
        fake.fault(fault.clone());
        let error = send(client, class).await.err();
        ends.push((error.map(|error| error.kind()), fake.requests().len() - before));
    }
    ends
}

#[tokio::test]
async fn an_in_process_reset_ends_a_call_like_a_socket_reset() {
    let fake = fake().build();
    let running = fake.serve("127.0.0.1:0").await.unwrap();
    for fault in [Fault::Reset, Fault::LostResponse] {
        let in_process = ends(&client_of(&running).build_on(fake.clone()).unwrap(), &fake, &fault).await;
        assert_eq!(in_process, ends(&client_of(&running).build().unwrap(), &fake, &fault).await, "{fault:?}");
        assert_eq!((in_process[0], in_process[2]), ((None, 2), (Some(ErrorKind::OutcomeUnknown), 1)), "{fault:?}");
    }
    let never = || client_of(&running).retry(RetryPolicy::never());
    let in_process = ends(&never().build_on(fake.clone()).unwrap(), &fake, &Fault::Reset).await;
    assert_eq!(in_process, ends(&never().build().unwrap(), &fake, &Fault::Reset).await);
    assert_eq!(in_process[0], (Some(ErrorKind::Connection), 1));
}

#[tokio::test]
async fn a_bare_service_replaces_the_stack() {
    let fake = fake().build();
    fake.fault(Fault::Reset);
    let client = Client::with_service(endpoint(URL), fake.clone());
    // A bare service does not retry.
    let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Connection, Sent::Maybe, 1));
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
}

/// An operation of the Management API.
struct ListThings;

impl Operation for ListThings {
    type Api = ManagementApi;
    type Output = ();
    const META: &'static OperationMeta =
        &OperationMeta::new::<ManagementApi>("list_things", Method::GET, "/things", Idempotency::Safe);

    fn decode(_body: &Bytes) -> Result<(), DecodeError> {
        Ok(())
    }
}

#[tokio::test]
async fn sends_the_clients_product_at_all_its_endpoints() {
    let script = Script::new((0..6).map(|_| Step::Status(200, SUCCESS)));
    let client = Client::builder(endpoint(URL)).user_agent("my-tool/1").build_on(script.clone()).unwrap();
    let token = AccessToken::parse("made-up").unwrap();
    let management = Endpoint::<ManagementApi>::new("https://api.convex.dev", &token).unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    client.at(management.clone()).send(&ListThings).await.unwrap();
    // From one endpoint to the next, also across the APIs.
    client.at(management.clone()).at(endpoint(URL)).send(&ListEnvironmentVariables::new()).await.unwrap();
    // An endpoint of another client keeps that client's product.
    let other = Client::builder(endpoint(URL)).user_agent("other/1").build_on(script.clone()).unwrap();
    client.clone().at(other.endpoint().clone()).send(&ListEnvironmentVariables::new()).await.unwrap();
    // The endpoint's own product takes precedence, also in the builder.
    let own = endpoint(URL).with_user_agent("own/1").unwrap();
    client.at(own.clone()).send(&ListEnvironmentVariables::new()).await.unwrap();
    let built = Client::builder(own).user_agent("my-tool/1").build_on(script.clone()).unwrap();
    built.send(&ListEnvironmentVariables::new()).await.unwrap();
    let seen = script.requests();
    let agents: Vec<_> = seen.iter().map(|request| request.headers()[USER_AGENT].to_str().unwrap()).collect();
    let products: Vec<_> = agents.iter().map(|agent| agent.split_once(" convex-mgmt/").unwrap().0).collect();
    assert_eq!(products, ["my-tool/1", "my-tool/1", "my-tool/1", "my-tool/1", "own/1", "own/1"]);
}

/// A transport of a single-threaded runtime. Neither it nor its futures are `Send`.
#[derive(Clone)]
struct Local {
    fake: Fake,
    calls: Rc<Cell<u32>>,
}

impl Service<Request<Bytes>> for Local {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>>>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let Self { fake, calls } = self.clone();
        Box::pin(async move {
            calls.set(calls.get() + 1);
            if calls.get() == 1 {
                return Err(TransportError::connect("the first one fails"));
            }
            fake.oneshot(request).await.map_err(|reset| TransportError::connection(Sent::Maybe, reset))
        })
    }
}

#[tokio::test]
async fn a_transport_without_send_works_below_the_whole_stack() {
    let local = Local { fake: fake().build(), calls: Rc::default() };
    let client = Client::builder(endpoint(URL)).max_concurrency(1).build_on(local.clone()).unwrap();
    client.send(&UpdateEnvironmentVariables::new().set("A", "1")).await.unwrap();
    assert_eq!(local.calls.get(), 2);
}

/// A scripted transport that is not `Send` and needs no runtime.
#[derive(Clone)]
struct Unsendable {
    script: Script,
    _of_the_thread: Rc<()>,
}

impl Service<Request<Bytes>> for Unsendable {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>>>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        self.script.call(request)
    }
}

/// The stack applies its rules to every transport: after a refused or broken connection, a timeout, a response that is too
/// large, and a busy server. All attempts send the same bytes.
#[tokio::test(start_paused = true)]
async fn a_transport_without_send_follows_the_same_retry_rules() {
    let lost: fn() -> Step = || Step::Status(503, r#"{"code":"OptimisticConcurrencyControlFailure","message":""}"#);
    let large: fn() -> Step = || Step::Fail(TransportError::response_too_large(9));
    let (all, idempotent, none) = ([true; 3], [true, true, false], [false; 3]);
    /// The result of the first attempt, the kind of its error, and the classes that are retried.
    type Case = (fn() -> Step, ErrorKind, [bool; 3]);
    let cases: [Case; 7] = [
        (refused, ErrorKind::Connect, all),
        (reset, ErrorKind::Connection, idempotent),
        (|| Step::Hang, ErrorKind::AttemptTimeout, idempotent),
        (large, ErrorKind::ResponseTooLarge, none),
        (lost, ErrorKind::Api, all),
        (|| Step::Status(429, ""), ErrorKind::UnexpectedReply, all),
        (|| Step::Status(500, ""), ErrorKind::UnexpectedReply, idempotent),
    ];
    for (step, failure, retried) in cases {
        for (class, retries) in CLASSES.into_iter().zip(retried) {
            let what = format!("{:?}, {class:?}", step());
            let script = Script::new([step(), Step::Status(200, SUCCESS)]);
            let transport = Unsendable { script: script.clone(), _of_the_thread: Rc::default() };
            let client = Client::builder(endpoint(URL)).build_on(transport).unwrap();
            let result = send(&client, class).await;
            assert_eq!(result.is_ok(), retries, "{what}: {result:?}");
            assert!(result.err().is_none_or(|error| error.cause_kind() == failure), "{what}");
            let seen = script.requests();
            assert_eq!(seen.len(), 1 + usize::from(retries), "{what}");
            let parts = |request: &Request<Bytes>| {
                (request.method().clone(), request.uri().clone(), request.headers().clone(), request.body().clone())
            };
            assert!(seen.iter().all(|request| parts(request) == parts(&seen[0])), "{what}");
        }
    }
}

/// A loop around the state, without a runtime, a clock or async functions.
#[test]
fn retry_state_follows_the_same_rules_without_a_runtime() {
    let mut responses =
        vec![Err(Sent::No), Ok((503, r#"{"code":"OptimisticConcurrencyControlFailure","message":""}"#)), Ok((200, ""))]
            .into_iter();
    let operation = UpdateEnvironmentVariables::new().set("A", "1");
    let mut state = RetryState::new(UpdateEnvironmentVariables::META, RetryPolicy::default(), None);
    let (budget, mut waited) = (RetryBudget::default(), Vec::new());
    let result = loop {
        let _request = operation.to_request(&endpoint(URL)).unwrap();
        let (outcome, result) = match responses.next().unwrap() {
            Err(sent) => (Outcome::NoResponse(sent), Err("no connection")),
            Ok((status, body)) => {
                let response = Response::builder().status(status).body(Bytes::from(body)).unwrap();
                (Outcome::of(UpdateEnvironmentVariables::META, &response), Ok(response))
            }
        };
        match state.after(&outcome, std::time::Duration::ZERO, 0.5, &budget) {
            RetryDecision::RetryAfter(delay) => waited.push(delay.as_millis()),
            _ => break state.finish::<UpdateEnvironmentVariables, _>(result),
        }
    };
    assert!(!result.unwrap().already_deleted);
    // A conflict does not count as a failure, so both waits are first waits.
    assert_eq!(waited, [50, 50]);
}
