//! Overlapping writes to the same data: which one commits, and which ones lose.

use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_fake::{Fake, Knobs};
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

const KEY: &str = "Convex happy-animal-123|01c0ffee";
const COMMIT_TIME: Duration = Duration::from_millis(20);
const LOST: (u16, &str) = (503, "OptimisticConcurrencyControlFailure");

fn fake() -> Fake {
    let mut knobs = Knobs::default();
    knobs.commit_time = COMMIT_TIME;
    Fake::builder("happy-animal-123").admin_key("happy-animal-123|01c0ffee").knobs(knobs).build()
}

/// Sends a `POST` and returns the status and the code of the response, or its body if it has no code.
async fn post(fake: Fake, key: &str, path: String, body: Value) -> (u16, String) {
    let request = Request::post(path).header("authorization", key).header("content-type", "application/json");
    let response = fake.oneshot(request.body(Bytes::from(body.to_string())).unwrap()).await.unwrap();
    let json: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let text = String::from_utf8_lossy(response.body()).into_owned();
    (response.status().as_u16(), json["code"].as_str().map_or(text, str::to_owned))
}

/// Runs the second future half a commit time after the first, so that they overlap and the first ends first.
async fn overlapping<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    tokio::join!(first, async {
        tokio::time::sleep(COMMIT_TIME / 2).await;
        second.await
    })
}

fn changes(name: &str) -> Value {
    json!({"changes": [{"name": name, "value": "1"}]})
}

#[tokio::test(start_paused = true)]
async fn a_rejected_write_does_not_make_others_lose() {
    const UPDATE: &str = "/api/v1/update_environment_variables";
    for (key, body, rejection) in [
        (KEY, changes("9BAD"), (400, "EnvironmentVariableNameInvalid")),
        (KEY, json!({}), (400, "BadJsonBody")),
        ("Convex happy-animal-123|01bad", changes("A"), (401, "BadAdminKey")),
        ("Bearer known.end.user", changes("A"), (401, "InvalidAuthHeader")),
    ] {
        let fake = fake();
        let rejected = post(fake.clone(), key, UPDATE.to_owned(), body);
        let valid = post(fake.clone(), KEY, UPDATE.to_owned(), changes("B"));
        let (rejected, valid) = overlapping(rejected, valid).await;
        assert_eq!((rejected.0, rejected.1.as_str()), rejection);
        assert_eq!(valid, (200, String::new()), "after {rejection:?}");
        assert_eq!(fake.variables(), [("B".to_owned(), "1".to_owned())]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_of_two_overlapping_writes_to_the_same_data_loses() {
    let path = |path: &str| format!("/api{path}");
    let url = json!({"requestDestination": "convexCloud", "url": "x"});
    let limit = |window: &str| json!({"metric": "functionCalls", "window": window, "limitType": "disable", "limit": 9, "enabled": true});
    let fake = fake();
    let send = |(path, body)| post(fake.clone(), KEY, path, body);
    let env = path("/v1/update_environment_variables");
    let canonical = path("/v1/update_canonical_url");
    let (pause, unpause) = (path("/v1/pause_deployment"), path("/v1/unpause_deployment"));
    let create = path("/v1/create_usage_limit");
    for (first, second) in [
        ((env.clone(), changes("A")), (env.clone(), changes("B"))),
        ((env.clone(), changes("A")), (path("/v1/list_environment_variables"), changes("B"))),
        ((env.clone(), changes("A")), (path("/update_environment_variables"), changes("B"))),
        ((canonical.clone(), url.clone()), (path("/update_canonical_url"), url.clone())),
        ((canonical.clone(), url.clone()), (path("/v1/get_canonical_urls"), url.clone())),
        ((pause.clone(), json!({})), (unpause, json!({}))),
        ((create.clone(), limit("day")), (create.clone(), limit("month"))),
        ((create.clone(), limit("month")), (path("/v1/update_usage_limit/x"), limit("month"))),
    ] {
        let (won, lost) = overlapping(send(first.clone()), send(second.clone())).await;
        assert_eq!(won.0, 200, "{first:?}: {won:?}");
        assert_eq!((lost.0, lost.1.as_str()), LOST, "{second:?}");
    }
    let limits = fake.audit_log().len();
    let (one, other) = overlapping(send((env, changes("A"))), send((canonical, url))).await;
    assert_eq!((one.0, other.0), (200, 200), "different data");
    assert_eq!(fake.audit_log().len(), limits + 2);
}

#[tokio::test(start_paused = true)]
async fn a_read_never_loses() {
    let fake = fake();
    let write = post(fake.clone(), KEY, "/api/v1/update_environment_variables".to_owned(), changes("A"));
    let read = async {
        let request = Request::get("/api/v1/list_environment_variables").header("authorization", KEY);
        fake.clone().oneshot(request.body(Bytes::new()).unwrap()).await.unwrap()
    };
    let (write, read) = overlapping(write, read).await;
    assert_eq!((write.0, read.status().as_u16()), (200, 200));
    assert_eq!(read.body(), r#"{"environmentVariables":{}}"#, "it is from before the commit");
}
