//! How the real server answers raw requests, as far as they concern canonical URLs, pausing, usage, the audit log and what
//! the deployment is. The numbers are those that the recordings of a real server use for their cases.

mod audit_log;
mod cases;
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
/// The key, acting as the user `{}`.
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

/// Sends a request such as `GET /get_canonical_urls`, and gives its status, and its body or code.
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
    let answer = fake.clone().oneshot(call.body(Bytes::from(body.to_owned())).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    if answer.body().is_empty() {
        return (status, Value::Null);
    }
    assert_eq!(answer.headers()["content-type"], "application/json");
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    if status == 200 { (status, body) } else { (status, body["code"].clone()) }
}

/// What a request with the full key is answered when all goes well.
async fn ok(fake: &Fake, request: &str, body: &str) -> Value {
    let (status, answer) = send(fake, KEY, request, body).await;
    assert_eq!(status, 200, "{request} {body}: {answer}");
    answer
}

/// The status and code that a request with the full key is answered.
async fn refused(fake: &Fake, request: &str, body: &str) -> (u16, String) {
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

#[tokio::test]
async fn canonical_urls_take_any_text() {
    let fake = self_hosted();
    let default = ok(&fake, "GET /get_canonical_urls", "").await;
    assert_eq!(default, json!({"convexCloudUrl": "http://127.0.0.1:3210", "convexSiteUrl": "http://127.0.0.1:3211"}));
    let set = |destination: &str, url: Value| json!({"requestDestination": destination, "url": url}).to_string();
    ok(&fake, "POST /update_canonical_url", &set("convexCloud", "not a url".into())).await;
    ok(&fake, "POST /update_canonical_url", &set("convexSite", "".into())).await;
    let both = ok(&fake, "GET /get_canonical_urls", "").await;
    assert_eq!(both, json!({"convexCloudUrl": "not a url", "convexSiteUrl": ""}));
    ok(&fake, "POST /update_canonical_url", &set("convexSite", Value::Null)).await;
    ok(&fake, "POST /update_canonical_url", CLOUD).await;
    ok(&fake, "POST /update_canonical_url", CLOUD).await;
    assert_eq!(ok(&fake, "GET /get_canonical_urls", "").await, default);
    let log: Vec<(&str, Value)> = fake.audit_log().into_iter().map(|entry| (entry.action, entry.metadata)).collect();
    let cloud = json!({"request_destination": "convexCloud"});
    assert_eq!(
        log,
        [
            ("update_canonical_url", json!({"request_destination": "convexCloud", "url": "not a url"})),
            ("update_canonical_url", json!({"request_destination": "convexSite", "url": ""})),
            ("delete_canonical_url", json!({"request_destination": "convexSite"})),
            ("delete_canonical_url", cloud.clone()),
            ("delete_canonical_url", cloud),
        ]
    );
}

#[tokio::test]
async fn canonical_urls_evaluate_the_auth_config() {
    let builder = || Fake::builder("happy-animal-123").admin_key("happy-animal-123|01c0ffee");
    let missing = builder().auth_config_variable("ISSUER").build();
    assert_eq!(
        refused(&missing, "POST /update_canonical_url", CLOUD).await,
        bad("AuthConfigMissingEnvironmentVariable")
    );
    assert!(missing.audit_log().is_empty());
    let built_in = builder().auth_config_variable("CONVEX_SITE_URL").build();
    ok(&built_in, "POST /update_canonical_url", CLOUD).await;
}

#[tokio::test]
async fn the_three_stops() {
    let fake = self_hosted();
    let (pause, unpause) = ("POST /pause_deployment", "POST /unpause_deployment");
    for _ in 0..2 {
        ok(&fake, pause, "").await;
        assert_eq!(send(&fake, ACTING, pause, "").await.0, 200, "nothing is written any more");
    }
    assert!(fake.stops().paused);
    fake.set_system_stop(true);
    assert_eq!(refused(&fake, pause, "").await, bad("PauseDeploymentFailed"));
    assert_eq!(refused(&fake, unpause, "").await, bad("UnpauseDeploymentFailed"));
    ok(&fake, "POST /update_canonical_url", CLOUD).await;
    fake.set_system_stop(false);
    fake.set_usage_stop(true);
    ok(&fake, unpause, "").await;
    assert_eq!(refused(&fake, unpause, "").await, bad("UnpauseDeploymentFailed"));
    let mut usage_limit = Stops::default();
    usage_limit.usage_limit = true;
    assert_eq!(fake.stops(), usage_limit);
    assert_eq!(actions(&fake.audit_log()), ["pause_deployment", "delete_canonical_url", "unpause_deployment"]);
    assert_eq!(fake.audit_log()[0].metadata, json!({}));
}

#[tokio::test]
async fn what_the_deployment_is() {
    assert_eq!(ok(&self_hosted(), "GET /deployment_info", "").await, json!({"kind": "selfHosted"}));
    let plan = json!({
        "deploymentType": "prod", "teamId": 11, "projectId": 22, "deploymentId": 33,
        "projectName": "Shop", "projectSlug": "shop",
    });
    let expected = json!({
        "kind": "cloud", "teamId": 11, "projectId": 22, "projectName": "Shop", "projectSlug": "shop", "id": 33,
        "deploymentType": "prod", "reference": null,
    });
    assert_eq!(ok(&fake_with(Some(plan)), "GET /deployment_info", "").await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_not_carried_out() {
    let mut knobs = Knobs::default();
    knobs.set("request-timeout", "2000").unwrap();
    let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01c0ffee").knobs(knobs).build();
    fake.fault(Fault::delay(Duration::from_secs(3)));
    fake.fault(Fault::delay(Duration::from_secs(1)));
    assert_eq!(send(&fake, KEY, "POST /pause_deployment", "").await, (408, Value::Null));
    assert!(!fake.stops().paused);
    assert_eq!(send(&fake, KEY, "POST /pause_deployment", "").await, (200, Value::Null));
    assert!(fake.stops().paused);
}

#[tokio::test]
async fn each_request_is_kept_with_the_fault_that_it_met_by_chance_and_what_came_of_it() {
    let fake = self_hosted();
    let faults = [Fault::Reset, Fault::LostResponse, Fault::EmptyBody, Fault::status(500)];
    fake.fault_rate(0.5, 1, faults.clone());
    let update = |number: usize| {
        let body = format!(r#"{{"changes":[{{"name":"A{number}","value":""}}]}}"#);
        let call = Request::post("/api/v1/update_environment_variables").header("authorization", KEY);
        call.header("content-type", "application/json").body(Bytes::from(body)).unwrap()
    };
    for number in 0..100 {
        drop(fake.clone().oneshot(update(number)).await);
    }
    let (requests, variables) = (fake.requests(), fake.variables());
    for (number, request) in requests.iter().enumerate() {
        let done = !matches!(request.fault, Some(Fault::Reset | Fault::Response { .. }));
        assert_eq!(request.status.map(|status| status.as_u16()), done.then_some(200), "{request:?}");
        assert_eq!(variables.iter().any(|(name, _)| *name == format!("A{number}")), done, "{request:?}");
    }
    assert!(faults.iter().all(|fault| requests.iter().any(|request| request.fault.as_ref() == Some(fault))));
    assert!((30..70).contains(&requests.iter().filter(|request| request.fault.is_some()).count()));
}
