//! Recorded exchanges about environment variables, canonical URLs, pausing, usage, the audit log and deployment info.

mod recorded;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use convex_mgmt_fake::{Fake, Plan, UsageMetric, UsageWindow};
use http::Request;
use recorded::{Replay, builder, folder, lines, what};
use serde_json::{Value, json};
use tower::ServiceExt;

/// The files that have exchanges of these topics.
const FILES: [&str; 13] = [
    "audit",
    "auth",
    "canonical",
    "endpoints",
    "env",
    "injected-audit-plan",
    "injected-plan-free",
    "injected-restricted-key",
    "injected-system-disabled",
    "pause",
    "transport",
    "usage",
    "usage-calls",
];

/// Returns `true` if the path belongs to a topic of another test.
fn is_of_another_topic(path: &str) -> bool {
    ["log_stream", "rotate_webhook_secret", "/data/", "/api/storage/"].iter().any(|part| path.contains(part))
}

/// The outcome of a race cannot be replayed.
fn is_not_repeatable(line: &Value) -> bool {
    line["case"] == "case-037"
}

/// Returns the body of a request whose recording only describes it.
fn generated(line: &Value) -> Option<String> {
    let bytes = line["request"]["body"].get("$generated").and(line["request"]["body"]["bytes"].as_u64())?;
    let set = |name: String, value: String| json!({"name": name, "value": value});
    let one = |value| json!({"changes": [set("A".into(), value)]}).to_string();
    Some(match (line["case"].as_str()?, line["step"].as_str()?) {
        ("case-020", _) => format!("{{\"changes\":[]{}}}", " ".repeat(usize::try_from(bytes).ok()? - 14)),
        ("case-031", "8192 bytes") => one("v".repeat(8192)),
        ("case-031", "8193 bytes") => one("v".repeat(8193)),
        ("case-031", _) => one("\u{e9}".repeat(4096)),
        ("case-034", _) => {
            let changes: Vec<_> = (0..65).map(|n| set(format!("N{n}"), "v".repeat(8192))).collect();
            json!({ "changes": changes }).to_string()
        }
        _ => panic!("{}: an unknown description of a body", what(line)),
    })
}

/// Returns a deployment like the recorded one at the start of the case.
fn deployment(line: &Value) -> Replay {
    let variant = line["variant"].as_str();
    let plan = |plan: Value| serde_json::from_value::<Plan>(plan).unwrap();
    let builder = builder(variant).system_key("happy-animal-123|01faced0");
    let fake = match variant {
        Some("plan-pro") => builder.plan(plan(json!({
            "deploymentType": "dev", "auditLogRetentionDays": 7, "teamId": 11, "projectId": 22, "deploymentId": 33,
            "reference": "dev/alice",
        }))),
        Some("plan-free") => builder.plan(plan(json!({
            "deploymentType": "prod", "auditLogRetentionDays": 0, "teamId": 11, "projectId": 22, "deploymentId": 33,
            "projectName": "My project", "projectSlug": "my-project",
        }))),
        _ => builder,
    }
    .build();
    fake.set_system_stop(variant == Some("disabled"));
    let mut replay = Replay::new(fake);
    replay.renamed.insert("<SYSTEM_KEY>".to_owned(), "happy-animal-123|01faced0".to_owned());
    replay
}

/// Repeats the unrecorded steps of the real server before this line.
async fn prepare(replay: &mut Replay, line: &Value) {
    let (case, step) = (line["case"].as_str().unwrap(), line["step"].as_str().unwrap());
    let egress = |amount| {
        replay.fake.set_usage(UsageMetric::DataEgressGb, UsageWindow::Day, amount);
        replay.fake.set_usage(UsageMetric::DataEgressGb, UsageWindow::Month, amount);
    };
    match (case, step) {
        ("case-079", _) | ("endpoints", "get_current_usage") => egress(6.444_752_216_339_111e-7),
        ("case-074", "usage") => {
            egress(5.996_786_057_949_066e-6);
            replay.fake.add_usage(UsageMetric::FunctionCalls, 10.0);
        }
        ("case-074", "after the worker ran") => replay.fake.evaluate_usage_limits(),
        ("case-086", "1") => {
            let body = json!({"requestDestination": "convexCloud"});
            call(&replay.fake, "POST", "update_canonical_url", body).await;
        }
        ("audit-all-actions", "all events") => all_actions(replay, line).await,
        _ => {}
    }
}

async fn call(fake: &Fake, method: &str, path: &str, body: Value) -> Value {
    let call = Request::builder()
        .method(method)
        .uri(format!("/api/v1/{path}"))
        .header("authorization", "Convex happy-animal-123|01c0ffee")
        .header("content-type", "application/json");
    let response = fake.clone().oneshot(call.body(Bytes::from(body.to_string())).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200, "{method} {path}: {response:?}");
    serde_json::from_slice(response.body()).unwrap_or_default()
}

/// Creates every kind of audit log entry that the API can create.
async fn all_actions(replay: &mut Replay, line: &Value) {
    let post = async |path: &str, body| call(&replay.fake, "POST", path, body).await;
    let env = "update_environment_variables";
    post(env, json!({"changes": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]})).await;
    post(env, json!({"changes": [{"name": "A", "value": "2"}]})).await;
    post(env, json!({"changes": [{"name": "A"}]})).await;
    post("update_canonical_url", json!({"requestDestination": "convexSite", "url": "https://x"})).await;
    post("update_canonical_url", json!({"requestDestination": "convexSite"})).await;
    let stream = json!({"logStreamType": "webhook", "url": "http://127.0.0.1:9/", "format": "json"});
    let stream = post("create_log_stream", stream).await["id"].as_str().unwrap().to_owned();
    post(&format!("update_log_stream/{stream}"), json!({"logStreamType": "webhook"})).await;
    post(&format!("rotate_webhook_secret/{stream}"), Value::Null).await;
    post(&format!("delete_log_stream/{stream}"), Value::Null).await;
    post("pause_deployment", Value::Null).await;
    post("unpause_deployment", Value::Null).await;
    let limit = |limit: u64| json!({"metric": "functionCalls", "window": "day", "limitType": "disable", "limit": limit, "enabled": true});
    let created = post("create_usage_limit", limit(100)).await;
    let id = created["usageLimit"]["id"].as_str().unwrap();
    post(&format!("update_usage_limit/{id}"), limit(9)).await;
    post(&format!("delete_usage_limit/{id}"), Value::Null).await;
    let sync = post("data/sync", json!({})).await["syncId"].as_str().unwrap().to_owned();
    for item in line["response"]["body"]["items"].as_array().unwrap() {
        if let Some(recorded) = item["metadata"]["sync_id"].as_str() {
            replay.renamed.insert(recorded.to_owned(), sync.clone());
        }
    }
}

/// A case: a deployment, its start, and the recorded time of the first request for a part of its audit log.
struct Case {
    replay: Replay,
    began: u64,
    first_from: Option<u64>,
}

impl Case {
    fn new(line: &Value) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self { replay: deployment(line), began: now.as_millis().try_into().unwrap(), first_from: None }
    }

    /// Shifts the recorded `from` of an audit log request to the start of this deployment.
    fn shift_time(&mut self, line: &mut Value) {
        let query = line["request"]["query"].as_str().unwrap_or_default().to_owned();
        let digits: String =
            query.strip_prefix("from=").unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
        let Ok(recorded @ 1..) = digits.parse::<u64>() else { return };
        let mut from = self.began + recorded - *self.first_from.get_or_insert(recorded);
        if line["step"] == "from in the future" {
            from += 3_600_000;
        }
        line["request"]["query"] = query.replacen(&digits, &from.to_string(), 1).into();
    }

    async fn replay(&mut self, mut line: Value) {
        prepare(&mut self.replay, &line).await;
        self.shift_time(&mut line);
        let response = self.replay.send(&line, generated(&line)).await;
        let mut expected = line["response"].clone();
        let got = serde_json::from_slice(response.body()).unwrap_or_default();
        drop_imports(&mut expected["body"]);
        copy_volatile(&mut expected["body"], &got);
        if let Err(difference) = self.replay.compare(&expected, &response) {
            panic!("{}: {difference}: {response:?}", what(&line));
        }
        if let Some(raw) = expected["body_raw"].as_str() {
            assert_eq!(response.body(), raw, "{}", what(&line));
        }
        // The texts of errors and the lengths of cursors may differ.
        let is_free = expected["body"] != line["response"]["body"] || expected["body"].get("code").is_some();
        if !is_free && expected["body"]["pagination"].get("nextCursor").is_none() {
            let length = response.headers()["content-length"].to_str().unwrap();
            assert_eq!(expected["headers"]["content-length"], length, "{}", what(&line));
        }
    }
}

/// Removes the audit log entries of imports, which are not part of the API.
fn drop_imports(body: &mut Value) {
    if let Some(items) = body.get_mut("items").and_then(Value::as_array_mut) {
        let imports = ["snapshot_import", "clear_tables", "delete_tables"];
        items.retain(|item| !imports.contains(&item["action"].as_str().unwrap()));
    }
}

/// Copies the numbers that differ between servers: times, token ids and member ids.
fn copy_volatile(recorded: &mut Value, got: &Value) {
    match (recorded, got) {
        (Value::Object(recorded), Value::Object(got)) => {
            let is_token = recorded.get("kind").is_some_and(|kind| kind == "token");
            for (name, value) in recorded {
                let Some(here) = got.get(name) else { continue };
                let differs = name == "createTime" || is_token && ["member_id", "token_id"].contains(&name.as_str());
                if differs && value.is_u64() && here.is_u64() {
                    *value = here.clone();
                }
                copy_volatile(value, here);
            }
        }
        (Value::Array(recorded), Value::Array(got)) => {
            recorded.iter_mut().zip(got).for_each(|(recorded, got)| copy_volatile(recorded, got));
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_fake_responds_like_the_real_server() {
    let Some(folder) = folder() else { return };
    for file in FILES {
        let mut cases: BTreeMap<String, Case> = BTreeMap::new();
        let mut replayed = 0;
        for line in lines(&folder, file) {
            let Some(path) = line["request"]["path"].as_str() else { continue };
            if is_of_another_topic(path) || is_not_repeatable(&line) {
                continue;
            }
            // Each case starts with a new deployment.
            let case = cases.entry(line["case"].to_string()).or_insert_with(|| Case::new(&line));
            case.replay(line).await;
            replayed += 1;
        }
        println!("{file}: {replayed} exchanges with the recorded response");
        assert!(replayed > 0, "nothing of {file} was replayed");
    }
}
