//! The spans and events of the feature `tracing`: their fields, and that they contain no secret.

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::{Client, TransportError};
use convex_mgmt_suite::log::Log;
use convex_mgmt_suite::{Script, Step, endpoint, reset};
use http::{Request, Response};
use tower::service_fn;
use tracing_subscriber::fmt::format::FmtSpan;

const CLOUD: &str = "https://happy-animal-123.convex.cloud";

/// The lines of the log that end a span of this name.
fn ends<'a>(log: &'a str, span: &str) -> Vec<&'a str> {
    let is_of =
        |line: &str| line.split_once(": convex_mgmt: close ").is_some_and(|(spans, _)| innermost(spans) == span);
    log.lines().filter(|line| is_of(line)).collect()
}

/// The name of the last span in a list such as `time INFO a{..}:b{..}`.
fn innermost(spans: &str) -> &str {
    let before_fields = spans.rsplit_once('{').map_or(spans, |(before, _)| before);
    before_fields.rsplit([' ', ':']).next().unwrap_or_default()
}

/// The lines of the log with an event of this text.
fn events<'a>(log: &'a str, event: &str) -> Vec<&'a str> {
    log.lines().filter(|line| line.contains(&format!(": convex_mgmt: {event}"))).collect()
}

fn assert_has(line: &str, fields: &[&str]) {
    for field in fields {
        assert!(line.contains(field), "{field} is missing in:\n{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_a_call_and_its_attempts_without_secrets() {
    let log = Log::default();
    let guard = log.keep(FmtSpan::CLOSE);
    let old = Response::builder()
        .header("x-convex-deprecation-state", "UpgradeRequired")
        .header("x-convex-deprecation-message", "soon")
        .body(Bytes::from_static(br#"{"environmentVariables":{"A":"canary"}}"#))
        .unwrap();
    let busy = Step::Status(503, r#"{"code":"CommitterFullError","message":"canary"}"#);
    let rejection = Step::Status(403, r#"{"code":"BadDeployKey","message":"canary"}"#);
    let script = Script::new([reset(), busy, Step::Respond(old), rejection]);
    let client = Client::builder(endpoint(CLOUD)).build_on(script).unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    client.send(&UpdateEnvironmentVariables::new().set("A", "canary")).await.unwrap_err();
    drop(guard);

    let text = log.text();
    let calls = ends(&text, "convex_mgmt.call");
    let [read, write] = calls[..] else { panic!("{text}") };
    for (call, method, id) in
        [(read, "GET", "list_environment_variables"), (write, "POST", "update_environment_variables")]
    {
        let (name, template) = (format!("otel.name=\"{id}\""), format!("url.template=/api/v1/{id}"));
        let method = format!("http.request.method=\"{method}\"");
        assert_has(call, &[" INFO ", "otel.kind=\"client\"", &name, &template, &method]);
        assert_has(call, &["server.address=\"happy-animal-123.convex.cloud\"", "server.port=443"]);
    }
    assert_has(read, &["http.request.resend_count=2", "http.response.status_code=200"]);
    assert!(!read.contains("error.type") && !read.contains("otel.status_code"), "{read}");
    assert_has(write, &["http.response.status_code=403", "otel.status_code=\"ERROR\"", "error.type=\"api\""]);
    assert_has(write, &["convex.error.code=\"BadDeployKey\""]);
    assert!(!write.contains("resend_count"), "{write}");

    let attempts = ends(&text, "convex_mgmt.attempt");
    let [first, second, third, only] = attempts[..] else { panic!("{text}") };
    let attempt =
        |line: &str| line.rsplit_once("convex_mgmt.attempt{").unwrap().1.split_once('}').unwrap().0.to_owned();
    assert_eq!(attempt(first), r#"http.request.resend_count=0 error.type="connection""#);
    assert_eq!(attempt(second), r#"http.request.resend_count=1 http.response.status_code=503 error.type="503""#);
    assert_eq!(attempt(third), "http.request.resend_count=2 http.response.status_code=200");
    assert_eq!(attempt(only), r#"http.request.resend_count=0 http.response.status_code=403 error.type="403""#);
    assert!(attempts.iter().all(|line| line.contains(" DEBUG ")), "{text}");

    let retries = events(&text, "retrying");
    let [lost, rejected] = retries[..] else { panic!("{text}") };
    assert_has(lost, &[" DEBUG ", "attempt=1 delay_ms=", "outcome=\"no_response\" error.type=\"connection\""]);
    assert_has(rejected, &["attempt=2 delay_ms=", "outcome=\"error_response\" error.type=\"503\""]);
    assert_has(rejected, &["convex.error.code=\"CommitterFullError\""]);
    let deprecations = events(&text, "the server deprecates this version of the library");
    let [notice] = deprecations[..] else { panic!("{text}") };
    assert_has(notice, &[" WARN ", "convex.deprecation.state=\"UpgradeRequired\" convex.deprecation.message=\"soon\""]);
    assert!(!text.contains("canary") && !text.contains("c0ffee"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn records_the_deadline_as_error_type_and_the_port_of_the_url() {
    let log = Log::default();
    let guard = log.keep(FmtSpan::CLOSE);
    let silent = service_fn(|_: Request<Bytes>| pending::<Result<Response<Bytes>, TransportError>>());
    let builder = Client::builder(endpoint("http://127.0.0.1:3210")).total_timeout(Duration::from_secs(1));
    let client = builder.attempt_timeout(None).build_on(silent).unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    drop(guard);
    let text = log.text();
    for span in ["convex_mgmt.call", "convex_mgmt.attempt"] {
        let [end] = ends(&text, span)[..] else { panic!("{text}") };
        assert_has(end, &["error.type=\"deadline_exceeded\"", "server.address=\"127.0.0.1\" server.port=3210"]);
    }
}

/// A write conflict is not a failure of the server.
#[tokio::test(start_paused = true)]
async fn records_the_write_conflict_before_a_retry() {
    let log = Log::default();
    let guard = log.keep(FmtSpan::CLOSE);
    let conflict = Step::Status(503, r#"{"code":"OptimisticConcurrencyControlFailure","message":"m"}"#);
    let unreadable = Step::Status(400, r#"{"code":"canary canary","message":"m"}"#);
    let client = Client::builder(endpoint(CLOUD)).build_on(Script::new([conflict, unreadable])).unwrap();
    client.send(&UpdateEnvironmentVariables::new().set("A", "1")).await.unwrap_err();
    drop(guard);
    let text = log.text();
    let [retry] = events(&text, "retrying")[..] else { panic!("{text}") };
    assert_has(retry, &["outcome=\"write_conflict\""]);
    let [end] = ends(&text, "convex_mgmt.call")[..] else { panic!("{text}") };
    assert_has(end, &["convex.error.code=\"[unprintable code]\""]);
    assert!(!text.contains("canary"), "{text}");
}
