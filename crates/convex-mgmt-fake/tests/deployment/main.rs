//! Raw requests about canonical URLs, pausing, usage, the audit log and deployment info, with the responses of the real
//! server. The numbers are the case numbers of the recordings of a real server.

mod audit_log;
mod canonical_urls;
mod faults;
mod info;
mod pause;
mod usage;

use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_fake::{AuditEntry, Fake, Fault, Knobs, Plan, SeedStatus, Stops, UsageMetric, UsageWindow};
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

const KEY: &str = "Convex happy-animal-123|01c0ffee";
const READ_ONLY: &str = "Convex happy-animal-123|01decade";
const SYSTEM: &str = "Convex happy-animal-123|01faced0";
const LOGS_ONLY: &str = "Convex prod:happy-animal-123|logs";
const TOKEN: &str = "Convex eyJ2=";
/// The admin key, acting as the user `{}`.
const ACTING: &str = "Convex happy-animal-123|01c0ffee:e30=";
const DAY: Duration = Duration::from_secs(24 * 3600);

fn fake_with(plan: Option<Value>) -> Fake {
    let builder = Fake::builder("happy-animal-123")
        .admin_key("happy-animal-123|01c0ffee")
        .read_only_key("happy-animal-123|01decade")
        .system_key("happy-animal-123|01faced0")
        .token("prod:happy-animal-123|logs", ["deployment:logs:view"])
        .token("eyJ2=", [""; 0]);
    match plan {
        Some(plan) => builder.plan(serde_json::from_value::<Plan>(plan).unwrap()).build(),
        None => builder.build(),
    }
}

fn self_hosted() -> Fake {
    fake_with(None)
}

fn cloud() -> Fake {
    fake_with(Some(json!({})))
}

/// Sends a request such as `GET /get_canonical_urls`. Returns the status, and the body or the error code.
async fn send(fake: &Fake, key: &str, request: &str, body: &str) -> (u16, Value) {
    let (method, path) = request.split_once(' ').unwrap();
    let path = if path.starts_with("/api") { path.to_owned() } else { format!("/api/v1{path}") };
    let mut call = Request::builder().method(method).uri(path);
    if !key.is_empty() {
        call = call.header("authorization", key);
    }
    if !body.is_empty() {
        call = call.header("content-type", "application/json");
    }
    let response = fake.clone().oneshot(call.body(Bytes::from(body.to_owned())).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    if response.body().is_empty() {
        return (status, Value::Null);
    }
    assert_eq!(response.headers()["content-type"], "application/json");
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    if status == 200 { (status, body) } else { (status, body["code"].clone()) }
}

/// Sends a request with the admin key and returns the body of its successful response.
async fn ok(fake: &Fake, request: &str, body: &str) -> Value {
    let (status, response) = send(fake, KEY, request, body).await;
    assert_eq!(status, 200, "{request} {body}: {response}");
    response
}

/// Sends a request with the admin key and returns the status and the error code of its response.
async fn error_of(fake: &Fake, request: &str, body: &str) -> (u16, String) {
    let (status, code) = send(fake, KEY, request, body).await;
    (status, code.as_str().unwrap_or("-").to_owned())
}

fn bad(code: &str) -> (u16, String) {
    (400, code.to_owned())
}

fn limit(metric: &str, window: &str, limit_type: &str, limit: u64, enabled: bool) -> String {
    json!({"metric": metric, "window": window, "limitType": limit_type, "limit": limit, "enabled": enabled}).to_string()
}

fn calls(number: u64, enabled: bool) -> String {
    limit("functionCalls", "day", "disable", number, enabled)
}

fn actions(log: &[AuditEntry]) -> Vec<&'static str> {
    log.iter().map(|entry| entry.action).collect()
}

const CLOUD: &str = r#"{"requestDestination":"convexCloud"}"#;

/// A request to a new self-hosted deployment: name, key, request, body, and the expected status and code.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str, u16, &'a str);

async fn check(cases: &[Case<'_>]) {
    for (case, key, request, body, status, code) in cases {
        let (actual, response) = send(&self_hosted(), key, request, body).await;
        let actual_code = if actual == 200 { "" } else { response.as_str().unwrap_or_default() };
        assert_eq!((actual, actual_code), (*status, *code), "{case}");
    }
}
