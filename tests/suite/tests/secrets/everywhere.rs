//! Every operation with a canary in each secret place, through every fault, with logging at every level: no output has it,
//! whole, cut, or in another spelling.

use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use convex_mgmt::RequestDestination;
use convex_mgmt::deployment::{
    canonical_urls::*, data_sync::*, environment_variables::*, log_streams::*, usage::*, usage_limits::*, *,
};
use convex_mgmt::hyper::layers::CredentialRefreshLayer;
use convex_mgmt::proto::OPERATIONS;
use convex_mgmt::{
    Client, CredentialError, DeployKey, DeploymentApi, DeploymentClient, Endpoint, Operation, RetryPolicy, UnixMillis,
};
use convex_mgmt_suite::log::Log;
use convex_mgmt_suite::{Script, Step, refused, reset};
use http::{Request, Response, StatusCode};
use tower::{Layer, Service};
use tracing_subscriber::fmt::format::FmtSpan;

use crate::{shown, told};

/// With characters that are spelt otherwise in URLs and in JSON.
const CANARY: &str = "Ca7a/Ry+q7Zk0vX3";
/// A part of it that is enough to be recognised by.
const PREFIX: usize = 8;

/// The canary as it may turn up: its beginning, percent-encoded, and in base64 wherever it begins in three bytes.
fn spellings() -> Vec<String> {
    let mut spellings = vec![CANARY[..PREFIX].to_owned(), "Ca7a%2FRy".to_owned(), "Ca7a\\/Ry".to_owned()];
    for before in ["", "x", "xx"] {
        let coded = STANDARD.encode(format!("{before}{CANARY}").as_bytes());
        // The first and the last characters depend on what stands beside it.
        let from = if before.is_empty() { 0 } else { 4 };
        spellings.push(coded[from..from + 10].to_owned());
    }
    spellings
}

fn assert_clean(what: &str, text: &str) {
    for spelling in spellings() {
        assert!(!text.contains(&spelling), "{what} has {spelling}:\n{text}");
    }
}

/// A URL with the canary as user name, password, path, query and fragment, and each in a spelling that URLs have.
fn url() -> String {
    let coded = CANARY.replace('/', "%2F");
    format!("https://{coded}:{coded}@hooks.example/{CANARY}?{CANARY}={coded}#{CANARY}")
}

fn key() -> Result<DeployKey, CredentialError> {
    DeployKey::parse(&format!("dev:happy-animal-123|{CANARY}"))
}

fn endpoint() -> Endpoint<DeploymentApi> {
    Endpoint::new("https://happy-animal-123.convex.cloud", &key().unwrap()).unwrap()
}

/// What all operations say, each sent once.
async fn all<S>(client: &Client<DeploymentApi, S>) -> (usize, String)
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone,
    S::Error: Into<tower::BoxError>,
{
    let mut sent = 0;
    let mut texts = String::new();
    macro_rules! send {
        ($($operation:expr),+ $(,)?) => { $(
            let operation = $operation;
            texts += &shown(&operation);
            texts += &match client.send_for_reply(&operation).await {
                Ok(reply) => shown(&reply),
                Err(error) => told(&error),
            };
            sent += 1;
        )+ };
    }
    let limit = UsageLimitConfig::new(UsageMetric::FunctionCalls, UsageLimitWindow::Day, UsageLimitType::Disable, 5);
    send! {
        ListEnvironmentVariables::new(),
        UpdateEnvironmentVariables::new().set("NAME", CANARY).delete("OTHER"),
        GetCanonicalUrls::new(),
        UpdateCanonicalUrl::set(RequestDestination::ConvexCloud, url()),
        PauseDeployment::new(),
        UnpauseDeployment::new(),
        GetDeploymentInfo::new(),
        GetCurrentUsage::new(),
        ListUsageLimits::new(),
        CreateUsageLimit::new(limit.clone()),
        UpdateUsageLimit::new("x", limit),
        DeleteUsageLimit::new("x"),
        ListLogStreams::new(),
        GetLogStream::new("x"),
        CreateLogStream::new(NewDatadog::new(DatadogSiteLocation::Eu, CANARY)),
        UpdateLogStream::new("x", SentryUpdate::new().dsn(format!("https://{CANARY}@sentry.example/1"))),
        DeleteLogStream::new("x"),
        RotateWebhookSecret::new("x"),
        ListAuditLogEvents::new(UnixMillis(0)),
        DataSync::new(),
        ListActiveSyncs::new(),
    }
    // The other places for a URL, for which the operations above have no room.
    for stream in streams() {
        let create = CreateLogStream::new(stream).unchecked();
        texts += &shown(&create);
        texts += &match client.send_for_reply(&create).await {
            Ok(reply) => shown(&reply),
            Err(error) => told(&error),
        };
    }
    for changes in updates() {
        let update = UpdateLogStream::new("x", changes).unchecked();
        texts += &shown(&update);
        texts += &client.send(&update).await.map_or_else(|error| told(&error), |()| String::new());
    }
    (sent, texts)
}

/// Every stream that takes a URL, each with whole URLs and with texts that are none.
fn streams() -> Vec<NewLogStream> {
    let urls = [url(), CANARY.to_owned(), format!("https://{CANARY}@hooks.example"), format!("x://{CANARY}/")];
    let streams = |url: String| -> [NewLogStream; 5] {
        [
            NewWebhook::new(url.as_str(), WebhookFormat::Json).into(),
            NewAxiom::new(CANARY, "d").ingest_url(url.as_str().into()).into(),
            NewSentry::new(url.as_str()).into(),
            NewPostHogLogs::new(CANARY).host(url.as_str()).into(),
            NewPostHogErrorTracking::new(CANARY).host(url).into(),
        ]
    };
    urls.into_iter().flat_map(streams).collect()
}

/// As [`streams`], for updates.
fn updates() -> Vec<LogStreamUpdate> {
    let updates = |url: String| -> [LogStreamUpdate; 5] {
        [
            WebhookUpdate::new().url(url.as_str()).into(),
            AxiomUpdate::new().ingest_url(AxiomIngestUrl::from(url.as_str())).into(),
            SentryUpdate::new().dsn(url.as_str()).into(),
            PostHogLogsUpdate::new().host(url.as_str()).into(),
            PostHogErrorTrackingUpdate::new().host(url).into(),
        ]
    };
    [url(), CANARY.to_owned()].into_iter().flat_map(updates).collect()
}

fn respond(status: u16, kind: &str, body: &str) -> Step {
    let location = format!("https://user:{CANARY}@elsewhere.example/{CANARY}?{CANARY}");
    let response = Response::builder().header("content-type", kind).header("location", location);
    let response = response.header("x-convex-request", CANARY);
    let body = body.replace("CANARY_URL", &url()).replace("CANARY", CANARY);
    let mut response = response.body(Bytes::from(body)).unwrap();
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    Step::Respond(response)
}

/// An answer in a coding whose name is nobody's.
fn encoded(status: u16) -> Step {
    let body = Bytes::from_static(CANARY.as_bytes());
    Step::Respond(Response::builder().status(status).header("content-encoding", CANARY).body(body).unwrap())
}

/// Each way to fail, and a success that holds the canary wherever a text may be.
const WAYS: &[fn() -> Step] = &[
    refused,
    reset,
    || Step::Hang,
    || {
        respond(
            200,
            "application/json",
            r#"{"CANARY":"CANARY","environmentVariables":{"A":"CANARY"},"logStreamType":"webhook","id":"i","hmacSecret":"CANARY","status":{"type":"CANARY"}}"#,
        )
    },
    || {
        respond(
            200,
            "application/json",
            r#"{"environmentVariables":{"A":["CANARY"]},"items":["CANARY"],"syncs":"CANARY"}"#,
        )
    },
    || {
        respond(
            200,
            "application/json",
            r#"{"logStreamType":"webhook","id":"i","status":{"type":"failed","reason":"error sending request for url (CANARY_URL)"},"url":"CANARY_URL","format":"json","hmacSecret":"CANARY","convexCloudUrl":"CANARY_URL","convexSiteUrl":"CANARY"}"#,
        )
    },
    || {
        respond(
            200,
            "application/json",
            r#"[{"logStreamType":"axiom","id":"i","status":{"type":"active"},"datasetName":"d","attributes":[],"ingestUrl":"CANARY_URL"},{"logStreamType":"postHogLogs","id":"i","status":{"type":"active"},"host":"CANARY_URL"},{"logStreamType":"postHogErrorTracking","id":"i","status":{"type":"failed","reason":"CANARY_URL"},"host":"CANARY"}]"#,
        )
    },
    || respond(200, "application/json", "CANARY"),
    || respond(200, "application/json; charset=latin1", r#""CANARY""#),
    || respond(200, "text/html", "<html>CANARY"),
    || respond(200, "application/json", r#"{"code":"CANARY","message":"CANARY"}"#),
    || {
        respond(
            200,
            "application/json",
            r#"{"environmentVariables":{"CANARY":"CANARY"},"environmentVariables":{},"CANARY":1}"#,
        )
    },
    || {
        respond(
            200,
            "application/json",
            r#"{"usageLimit":["CANARY"],"logStreamType":["CANARY"],"environmentVariables":["CANARY"#,
        )
    },
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

#[tokio::test(start_paused = true)]
async fn no_operation_tells_a_secret_whatever_becomes_of_it() {
    for (index, way) in WAYS.iter().enumerate() {
        let log = Log::default();
        let guard = log.keep(FmtSpan::FULL);
        // Enough for all attempts of all operations.
        let calls = OPERATIONS.len() + streams().len() + updates().len();
        let script = Script::new((0..calls * 3).map(|_| way()));
        let refresh = CredentialRefreshLayer::new(&endpoint(), async || key());
        let client = Client::builder(endpoint()).attempt_layer(refresh.clone()).build_on(script.clone()).unwrap();
        let (sent, mut texts) = all(&client).await;
        texts += &shown(&(refresh.layer(script.clone()), refresh));
        drop(guard);
        assert_eq!(sent, OPERATIONS.len(), "an operation is missing here");
        let what = format!("way {index}");
        assert_clean(&what, &texts);
        assert!(log.text().contains("convex_mgmt.call"), "nothing was logged");
        assert_clean(&format!("the log of {what}"), &log.text());
        // The test itself: secrets did go out.
        let bodies: Vec<_> = script.seen().iter().map(|request| request.body().clone()).collect();
        let with_url = bodies.iter().filter(|body| String::from_utf8_lossy(body).contains(&url())).count();
        assert!(with_url > streams().len() / 4 + updates().len() / 2, "only {with_url}");
        assert!(texts.contains("https://hooks.example/[redacted]"), "hosts are no secret");
        assert_clean("the requests", &format!("{:?}", script.seen().iter().map(Request::headers).collect::<Vec<_>>()));
    }
}

/// Fails in the midst of a call, as a layer of an integrator's may.
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
        panic!("what a layer says of {:?} {:?}", request.uri(), request.headers());
    }
}

#[tokio::test]
async fn a_layer_that_panics_tells_no_secret_and_leaves_the_client_usable() {
    let fake = convex_mgmt_suite::fake().build();
    let running = fake.serve("127.0.0.1:0").await.unwrap();
    let client: DeploymentClient = convex_mgmt_suite::client_of(&running).build().unwrap();
    let builder = Client::builder(endpoint()).retry(RetryPolicy::never());
    let panicking = builder.attempt_layer(PanicLayer).build_on(Script::default()).unwrap();
    let call = tokio::spawn(async move { panicking.send(&ListEnvironmentVariables::new()).await.map(drop) });
    let panic = call.await.unwrap_err().into_panic();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("list_environment_variables"), "{text}");
    assert_clean("a panic", text);
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
}

#[test]
fn the_spellings_are_found() {
    for text in [CANARY, "x Ca7a%2FRy", &STANDARD.encode(format!("xCa7a/Ry+q7Zk0vX3yy{CANARY}").as_bytes())] {
        assert!(spellings().iter().any(|spelling| text.contains(spelling)), "{text}");
    }
    assert!(GetLogStream::META.secret_response);
}
