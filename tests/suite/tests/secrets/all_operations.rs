//! A canary in each secret of each operation, with every failure and full logging: no text shows it, in any spelling.

use std::fmt::Debug;
use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::hyper::layers::CredentialRefreshLayer;
use convex_mgmt::{Client, DeploymentApi, DeploymentClient, ErrorKind, Operation, RetryPolicy};
use convex_mgmt_proto::samples::{Sample, fields};
use convex_mgmt_suite::log::Log;
use convex_mgmt_suite::operations::{TestApi, sample};
use convex_mgmt_suite::{Script, Step, refused, reset};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tower::{BoxError, Layer, Service};
use tracing_subscriber::fmt::format::FmtSpan;

use crate::{debug_texts, error_texts};

/// The canary. URLs and JSON encode some of its characters.
const CANARY: &str = "Ca7a/Ry+q7Zk0vX3";
/// The length of a prefix that identifies the canary.
const PREFIX: usize = 8;

/// The spellings to search for: the prefix, percent-encoded, escaped, and in base64 at each offset modulo 3.
fn spellings() -> Vec<String> {
    let mut spellings = vec![CANARY[..PREFIX].to_owned(), "Ca7a%2FRy".to_owned(), "Ca7a\\/Ry".to_owned()];
    for before in ["", "x", "xx"] {
        let coded = STANDARD.encode(format!("{before}{CANARY}").as_bytes());
        // The first and the last characters depend on the neighboring bytes.
        let from = if before.is_empty() { 0 } else { 4 };
        spellings.push(coded[from..from + 10].to_owned());
    }
    spellings
}

fn assert_clean(what: &str, text: &str) {
    for spelling in spellings() {
        if let Some((before, after)) = text.split_once(&spelling) {
            let before: String = before.chars().rev().take(500).collect();
            let before: String = before.chars().rev().collect();
            let after: String = after.chars().take(100).collect();
            panic!("{what} shows {spelling}: ...{before}{spelling}{after}...");
        }
    }
}

/// A URL with the canary as user name, password, path, query and fragment, percent-encoded where a URL needs it.
fn url() -> String {
    let coded = CANARY.replace('/', "%2F");
    format!("https://{coded}:{coded}@hooks.example/{CANARY}?{CANARY}={coded}#{CANARY}")
}

/// The values that replace secrets.
fn secrets() -> [String; 5] {
    let around = format!("error sending request for url ({})", url());
    [url(), CANARY.to_owned(), format!("https://{CANARY}@hooks.example"), format!("x://{CANARY}/"), around]
}

/// How often the canary was found where it is allowed.
#[derive(Default)]
struct Seen {
    /// The number of requests with the URL in their body.
    urls_sent: usize,
    /// The number of texts with the host of the URL.
    hosts_shown: usize,
}

/// Sends each request of an operation, with the canary in its secrets, and without the checks if those reject it. `step`
/// creates the response to each attempt. Asserts that no text for the caller contains the canary.
async fn send<O: Sample<Api: TestApi, Output: Debug>>(step: impl Fn() -> Step, seen: &mut Seen) {
    let mut operations: Vec<O> = secrets().iter().flat_map(|secret| O::with_secret(secret)).collect();
    assert!(!operations.is_empty() || !O::META.secret_request, "{}: `with_secret` is empty", O::META);
    if operations.is_empty() {
        operations = O::requests();
    }
    for operation in operations {
        let script = script(&step);
        let client = client::<O>(&script);
        let mut text = debug_texts(&operation);
        let mut result = client.send_for_reply(&operation).await;
        if let Err(error) = &result
            && error.kind() == ErrorKind::Build
        {
            text += &error_texts(error);
            result = client.send_for_reply(&operation.unchecked()).await;
        }
        text += &match result {
            Ok(reply) => debug_texts(&reply),
            Err(error) => error_texts(&error),
        };
        let what = format!("{}, {:?}", O::META, step());
        assert_clean(&what, &text);
        seen.hosts_shown += usize::from(text.contains("https://hooks.example/[redacted]"));
        assert!(!script.requests().is_empty(), "{what}: nothing was sent");
        for request in script.requests().iter() {
            assert_clean(&what, &format!("{:?}", request.headers()));
            let body = String::from_utf8_lossy(request.body());
            assert!(!O::META.secret_request || body.contains(CANARY), "{what}: no secret was sent");
            seen.urls_sent += usize::from(body.contains(&url()));
        }
    }
}

/// Sends a request of an operation, and returns whether this body is a success. Asserts that the error, and the reply if
/// `is_secret`, do not show the canary.
async fn receive<O: Sample<Api: TestApi, Output: Debug>>(body: &str, is_secret: bool) -> bool {
    let script = script(|| respond(200, "application/json", body));
    match client::<O>(&script).send_for_reply(&sample::<O>()).await {
        Ok(reply) => {
            if is_secret {
                assert_clean(&format!("{}, {body}", O::META), &debug_texts(&reply));
            }
            true
        }
        Err(error) => {
            assert_clean(&format!("{}, {body}", O::META), &error_texts(&error));
            false
        }
    }
}

/// A client with the canary in its credential.
fn client<O: Operation<Api: TestApi>>(
    script: &Script,
) -> Client<O::Api, impl Service<Request<Bytes>, Response = Response<Bytes>, Error: Into<BoxError>> + Clone> {
    let endpoint = O::Api::endpoint("https://happy-animal-123.convex.cloud", CANARY);
    let refresh = CredentialRefreshLayer::new(async |_| Ok(O::Api::credential(CANARY)));
    assert_clean("the refresh layer", &debug_texts(&(refresh.layer(script.clone()), refresh.clone())));
    Client::builder(endpoint).attempt_layer(refresh).build_on(script.clone()).unwrap()
}

/// A script that suffices for all attempts of a call.
fn script(step: impl Fn() -> Step) -> Script {
    Script::new((0..8).map(|_| step()))
}

fn respond(status: u16, kind: &str, body: &str) -> Step {
    let location = format!("https://user:{CANARY}@elsewhere.example/{CANARY}?{CANARY}");
    let response = Response::builder().header("content-type", kind).header("location", location);
    let response = response.header("x-convex-request", CANARY);
    let body = body.replace("CANARY", CANARY);
    let mut response = response.body(Bytes::from(body)).unwrap();
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    Step::Respond(response)
}

/// A response with an unknown content coding.
fn encoded(status: u16) -> Step {
    let body = Bytes::from_static(CANARY.as_bytes());
    Step::Respond(Response::builder().status(status).header("content-encoding", CANARY).body(body).unwrap())
}

/// The failures that every operation may meet.
const FAILURES: &[fn() -> Step] = &[
    refused,
    reset,
    || Step::Hang,
    || respond(200, "application/json", "CANARY"),
    || respond(200, "application/json; charset=latin1", r#""CANARY""#),
    || respond(200, "text/html", "<html>CANARY"),
    || respond(200, "application/json", r#"{"code":"CANARY","message":"CANARY"}"#),
    || respond(200, "application/json", r#"{"CANARY":"CANARY","CANARY":["CANARY"#),
    || encoded(200),
    || encoded(400),
    || respond(101, "text/plain", ""),
    || respond(206, "application/json", "CANARY"),
    || respond(304, "text/plain", ""),
    || respond(307, "text/plain", "CANARY"),
    || respond(400, "application/json", r#"{"code":"BadJsonBody","message":"CANARY"}"#),
    || respond(400, "application/json", r#"{"code":"CANARY CANARY","message":"CANARY"}"#),
    || respond(401, "application/json", r#"{"code":"BadAdminKey","message":"CANARY"}"#),
    || respond(403, "application/json", r#"{"code":"OperationNotPermitted","message":"CANARY (a:b CANARY)"}"#),
    || respond(404, "application/json", r#"{"code":"LogStreamDoesntExist","message":"CANARY"}"#),
    || respond(500, "application/json", r#"["CANARY"]"#),
    || respond(503, "text/html", "<html>CANARY"),
];

/// The sample responses of an operation with a text in each place for a secret.
fn responses_with<O: Sample>(secret: &str) -> Vec<Value> {
    let mut responses = O::responses();
    for response in &mut responses {
        for (pointer, _) in fields(response).into_iter().filter(|(_, name)| O::SECRET.contains(&name.as_str())) {
            *response.pointer_mut(&pointer).unwrap() = secret.into();
        }
    }
    responses
}

/// A response with another value in one field.
fn replace_field(response: &Value, pointer: &str, value: Value) -> Value {
    let mut response = response.clone();
    *response.pointer_mut(pointer).unwrap() = value;
    response
}

#[tokio::test(start_paused = true)]
async fn no_operation_shows_a_secret_whatever_its_outcome() {
    // `None` is the success of each operation.
    for failure in FAILURES.iter().copied().map(Some).chain([None]) {
        let log = Log::default();
        let guard = log.keep(FmtSpan::FULL);
        let mut seen = Seen::default();
        macro_rules! send {
            ($($api:ident::$topic:ident::$operation:ident,)+) => { $(
                let own = responses_with::<convex_mgmt::$api::$topic::$operation>(CANARY);
                let own = own.first().map(Value::to_string).unwrap_or_default();
                let step = || failure.map_or_else(|| respond(200, "application/json", &own), |failure| failure());
                send::<convex_mgmt::$api::$topic::$operation>(step, &mut seen).await;
            )+ };
        }
        convex_mgmt_proto::for_each_operation!(send);
        drop(guard);
        assert!(log.text().contains("convex_mgmt.call"), "nothing was logged");
        assert_clean(&format!("the log of {:?}", failure.map(|failure| failure())), &log.text());
        let Seen { urls_sent, hosts_shown } = seen;
        assert!(urls_sent >= 28 && hosts_shown > 5, "only {urls_sent} URLs sent and {hosts_shown} hosts shown");
    }
}

/// Receives the responses of an operation with the canary in each secret: unchanged, and with each other text replaced,
/// including the kinds of unions. Returns their number.
async fn receive_secrets<O: Sample<Api: TestApi, Output: Debug>>() -> usize {
    assert!(!O::SECRET.is_empty() || !O::META.secret_response, "{}: `SECRET` is empty", O::META);
    if O::SECRET.is_empty() {
        return 0;
    }
    let responses: Vec<_> = secrets().iter().flat_map(|secret| responses_with::<O>(secret)).collect();
    for response in &responses {
        assert!(receive::<O>(&response.to_string(), true).await, "{}: an error for {response}", O::META);
        for (pointer, name) in fields(response) {
            if response.pointer(&pointer).is_some_and(Value::is_string) && !O::SECRET.contains(&name.as_str()) {
                receive::<O>(&replace_field(response, &pointer, json!("somethingNew")).to_string(), true).await;
            }
        }
    }
    responses.len()
}

/// Receives the responses of an operation with the canary in a field of another type, truncated, and with every field twice.
/// Returns the number of errors.
async fn receive_broken<O: Sample<Api: TestApi, Output: Debug>>() -> usize {
    let mut broken = Vec::new();
    for response in responses_with::<O>(&url()) {
        for (pointer, _) in fields(&response) {
            broken.push(replace_field(&response, &pointer, json!([CANARY])).to_string());
            broken.push(replace_field(&response, &pointer, json!(CANARY)).to_string());
        }
        let text = response.to_string();
        broken.push(text[..text.len() - 1].to_owned());
        if let Some(first) = text.strip_suffix('}') {
            broken.push(format!("{first},{}", &text[1..]));
        }
    }
    let mut errors = 0;
    for body in broken {
        errors += usize::from(!receive::<O>(&body, false).await);
    }
    errors
}

#[tokio::test(start_paused = true)]
async fn no_malformed_response_shows_a_secret() {
    let log = Log::default();
    let guard = log.keep(FmtSpan::FULL);
    let (mut with_secrets, mut errors) = (0, 0);
    macro_rules! receive {
        ($($api:ident::$topic:ident::$operation:ident,)+) => { $(
            with_secrets += receive_secrets::<convex_mgmt::$api::$topic::$operation>().await;
            errors += receive_broken::<convex_mgmt::$api::$topic::$operation>().await;
        )+ };
    }
    convex_mgmt_proto::for_each_operation!(receive);
    drop(guard);
    assert_clean("the log", &log.text());
    assert!(with_secrets >= 60 && errors > 400, "only {with_secrets} with secrets and {errors} errors");
}

/// A layer that panics.
#[derive(Clone)]
struct Panicking<S>(S);

struct PanicLayer;

impl<S> Layer<S> for PanicLayer {
    type Service = Panicking<S>;
    fn layer(&self, inner: S) -> Panicking<S> {
        Panicking(inner)
    }
}

impl<S: Service<Request<Bytes>>> Service<Request<Bytes>> for Panicking<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }
    fn call(&mut self, request: Request<Bytes>) -> S::Future {
        panic!("a layer shows {:?} {:?}", request.uri(), request.headers());
    }
}

#[tokio::test]
async fn a_panicking_layer_shows_no_secret_and_leaves_the_client_usable() {
    let fake = convex_mgmt_suite::fake().build();
    let running = fake.serve("127.0.0.1:0").await.unwrap();
    let client: DeploymentClient = convex_mgmt_suite::client_of(&running).build().unwrap();
    let builder = Client::builder(DeploymentApi::endpoint("https://happy-animal-123.convex.cloud", CANARY))
        .retry(RetryPolicy::never());
    let panicking = builder.attempt_layer(PanicLayer).build_on(Script::default()).unwrap();
    let call = tokio::spawn(async move { panicking.send(&ListEnvironmentVariables::new()).await.map(drop) });
    let panic = call.await.unwrap_err().into_panic();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("list_environment_variables"), "{text}");
    assert_clean("a panic", text);
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
}

#[test]
fn recognizes_the_canary_in_each_spelling() {
    for text in [CANARY, "x Ca7a%2FRy", &STANDARD.encode(format!("xCa7a/Ry+q7Zk0vX3yy{CANARY}").as_bytes())] {
        assert!(spellings().iter().any(|spelling| text.contains(spelling)), "{text}");
    }
}
