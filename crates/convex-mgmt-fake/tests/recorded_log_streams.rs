//! Recorded exchanges about log streams, and recorded deliveries to webhooks.

mod receiver;
mod recorded;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use convex_mgmt_fake::{FakeBuilder, Knobs, webhook_signature};
use serde_json::{Value, json};

use receiver::{Received, Receiver};
use recorded::{Replay, builder, folder, lines, what};

/// The files with exchanges about log streams that do not depend on deliveries.
const FILES: [&str; 9] = [
    "logstreams",
    "endpoints",
    "auth",
    "transport",
    "injected-audit-plan",
    "injected-no-log-streaming",
    "injected-plan-free",
    "injected-restricted-key",
    "webhooks-topics",
];

/// The files with deliveries.
const DELIVERED: [&str; 2] = ["webhooks", "restart"];

fn is_about_log_streams(line: &Value) -> bool {
    let path = line["request"]["path"].as_str().unwrap_or_default();
    path.contains("log_stream") || path.contains("rotate_webhook_secret")
}

/// Returns the body of a request whose recording only describes it.
fn generated(line: &Value) -> Option<String> {
    let text = line["request"]["body"].get("$generated")?.as_str()?;
    let body = match text {
        "300 changes B0..B299, value v" => {
            let changes: Vec<_> = (0..300).map(|n| json!({"name": format!("B{n}"), "value": "v"})).collect();
            json!({ "changes": changes })
        }
        _ => {
            let count = if text.contains("1025") { 1025 } else { 1024 };
            let attributes: Vec<_> = (0..count).map(|n| json!({"key": format!("k{n}"), "value": "v"})).collect();
            json!({"logStreamType": "axiom", "apiKey": "k", "datasetName": "d", "attributes": attributes})
        }
    };
    Some(body.to_string())
}

/// Returns the lines of a file by case, in order. A restart belongs to the case before it.
fn cases(folder: &Path, file: &str) -> Vec<Vec<Value>> {
    let mut cases: Vec<Vec<Value>> = Vec::new();
    for line in lines(folder, file) {
        let is_of = |case: &Vec<Value>| case[0]["case"] == line["case"] || line["case"] == "restart-after";
        match cases.iter_mut().find(|case| is_of(case)) {
            Some(case) => case.push(line),
            None => cases.push(vec![line]),
        }
    }
    cases
}

fn new_fake(line: &Value) -> FakeBuilder {
    let mut knobs = Knobs::default();
    knobs.webhook_flush_interval = Duration::from_secs(3600);
    knobs.webhook_backoff = (Duration::ZERO, Duration::ZERO);
    builder(line["variant"].as_str()).knobs(knobs)
}

#[tokio::test]
async fn the_fake_responds_like_the_real_server() {
    let Some(folder) = folder() else { return };
    let mut replayed = BTreeMap::new();
    for file in FILES {
        for case in cases(&folder, file) {
            let mut replay = Replay::new(new_fake(&case[0]).build());
            for line in case.iter().filter(|line| is_about_log_streams(line)) {
                replay.exchange(line, generated(line)).await;
                *replayed.entry(file).or_insert(0) += 1;
            }
        }
    }
    println!("exchanges with the recorded response: {replayed:?}");
    assert!(FILES.iter().all(|file| replayed.contains_key(file)), "a file has nothing to replay: {replayed:?}");
}

#[test]
fn the_fake_computes_the_recorded_signatures() {
    let Some(folder) = folder() else { return };
    let mut verified = BTreeMap::new();
    for file in ["webhooks", "webhooks-topics", "restart"] {
        for line in lines(&folder, file) {
            let Some(delivery) = line.get("delivery") else { continue };
            let body = delivery["body_raw"].as_str().unwrap();
            for (label, secret) in delivery["hmacSecrets"].as_object().unwrap() {
                let signature = webhook_signature(secret.as_str().unwrap(), body.as_bytes());
                let expected = *label == delivery["signed_with"];
                assert_eq!(delivery["signature"] == signature.as_str(), expected, "{} with {label}", what(&line));
            }
            *verified.entry(file).or_insert(0) += 1;
        }
    }
    println!("deliveries with the recorded signature: {verified:?}");
    assert_eq!(verified.len(), 3);
}

#[tokio::test]
async fn recorded_events_can_be_emitted() {
    let Some(folder) = folder() else { return };
    let lines = lines(&folder, "webhooks-topics");
    let creation = lines.iter().find(|line| is_about_log_streams(line)).unwrap();
    let mut receiver = Receiver::start([], []).await;
    let mut replay = Replay::new(new_fake(creation).build());
    let port = port(&creation["request"]["body"]["url"]).unwrap();
    replay.renamed.insert(format!("127.0.0.1:{port}"), format!("127.0.0.1:{}", receiver.port));
    replay.exchange(creation, None).await;
    replay.fake.log_streams_settled().await;
    replay.fake.flush_log_streams().await;
    receiver.so_far();
    let events = lines.iter().filter_map(|line| line["delivery"]["events"].as_array()).flatten();
    let events: Vec<_> = events.filter(|event| event["topic"] != "verification").collect();
    assert!(!events.is_empty());
    for event in events {
        let mut fields = event.clone();
        fields.as_object_mut().unwrap().retain(|name, _| !["topic", "convex"].contains(&name.as_str()));
        replay.fake.emit(event["topic"].as_str().unwrap(), fields);
        replay.fake.flush_log_streams().await;
        assert_eq!(receiver.next().await.events(), std::slice::from_ref(event));
    }
}

#[tokio::test]
async fn the_fake_delivers_like_the_real_server() {
    let Some(folder) = folder() else { return };
    let (mut replayed, mut delivered) = (BTreeMap::new(), BTreeMap::new());
    for file in DELIVERED {
        for case in cases(&folder, file) {
            let (exchanges, deliveries) = replay_deliveries(&case).await;
            *replayed.entry(file).or_insert(0) += exchanges;
            *delivered.entry(file).or_insert(0) += deliveries;
        }
    }
    println!("exchanges with the recorded response: {replayed:?}, events delivered as recorded: {delivered:?}");
    assert!(DELIVERED.iter().all(|file| replayed[file] > 0 && delivered[file] > 0));
}

/// A delivered event, the secret of its signature, and the status of the response.
type Delivered = (Value, String, u64);

/// Replays a case with a receiver that responds like the recorded one, and compares the deliveries.
async fn replay_deliveries(case: &[Value]) -> (u32, usize) {
    let recorded: Vec<&Value> = case.iter().filter_map(|line| line.get("delivery")).collect();
    let is_verification = |delivery: &Value| delivery["events"][0]["topic"] == "verification";
    let statuses = |verification: bool| {
        let of_kind = recorded.iter().filter(move |delivery| is_verification(delivery) == verification);
        of_kind.map(|delivery| u16::try_from(delivery["answered"].as_u64().unwrap()).unwrap())
    };
    let mut receiver = Receiver::start(statuses(true), statuses(false)).await;
    let mut replay = Replay::new(new_fake(&case[0]).build());
    let (mut restarted, mut exchanges) = (false, 0);
    for line in case.iter().filter(|line| line.get("request").is_some() && is_of_the_fake(line)) {
        if line["case"] == "restart-after" && !restarted {
            replay.fake.flush_log_streams().await;
            replay.fake.restart_log_streams();
            restarted = true;
        }
        // The recorded server had verified its streams, unless its response has a pending one.
        if line["response"]["body"]["status"]["type"] != "pending" {
            replay.fake.log_streams_settled().await;
            if is_about_log_streams(line) {
                replay.fake.flush_log_streams().await;
            }
        }
        if let Some(port) = port(&line["request"]["body"]["url"]) {
            replay.renamed.insert(format!("127.0.0.1:{port}"), format!("127.0.0.1:{}", receiver.port));
        }
        replay.exchange(line, generated(line)).await;
        exchanges += 1;
    }
    replay.fake.log_streams_settled().await;
    replay.fake.flush_log_streams().await;

    let received = receiver.so_far();
    let what = what(&case[0]);
    compare_verifications(&what, &replay, &recorded, &received);
    if what.contains("webhook-batch-size") {
        let note = case.iter().find_map(|line| line["note"].as_str()).unwrap();
        let note: Value = serde_json::from_str(note).unwrap();
        let expected: Vec<usize> = serde_json::from_value(note["batch sizes in order of arrival"].clone()).unwrap();
        let sizes: Vec<_> = received.iter().map(|received| received.events().len()).collect();
        // The real server's last batch also had the events of the previous case.
        assert_eq!(sizes.len(), expected.len(), "{what}");
        assert_eq!(sizes.split_last().unwrap().1, expected.split_last().unwrap().1, "{what}");
    }
    let recorded: Vec<Delivered> = recorded.iter().flat_map(|delivery| recorded_events(&replay, delivery)).collect();
    let recorded: BTreeSet<_> = of_the_case(recorded, &replay).into_iter().map(text).collect();
    let got: BTreeSet<_> = received.iter().flat_map(|received| got_events(&replay, received)).map(text).collect();
    let missing: Vec<_> = recorded.difference(&got).collect();
    assert!(missing.is_empty(), "{what}: not delivered: {missing:#?}\ndelivered: {got:#?}");
    (exchanges, recorded.len())
}

/// Returns `true` for requests of the public API except data sync.
fn is_of_the_fake(line: &Value) -> bool {
    line["request"]["path"].as_str().unwrap().starts_with("/api/v1/")
        && !line["request"]["path"].as_str().unwrap().ends_with("/data/sync")
}

/// Returns the port of a receiver. Port 9 has no listener, here as in the recordings.
fn port(url: &Value) -> Option<&str> {
    let (port, _) = url.as_str()?.strip_prefix("http://127.0.0.1:")?.split_once('/')?;
    Some(port).filter(|port| *port != "9")
}

/// Compares the headers, formats, events and secrets of verifications.
fn compare_verifications(what: &str, replay: &Replay, recorded: &[&Value], received: &[Received]) {
    let recorded: Vec<_> =
        recorded.iter().filter(|delivery| delivery["events"][0]["topic"] == "verification").collect();
    let received: Vec<_> = received.iter().filter(|received| received.is_verification()).collect();
    // Not all verifications of the real server were recorded.
    assert!(received.len() >= recorded.len(), "{what}: {received:?}");
    for (recorded, received) in recorded.iter().zip(received) {
        let headers: Vec<(String, String)> = serde_json::from_value(recorded["headers"].clone()).unwrap();
        let without_signature = |headers: &[(String, String)]| -> Vec<(String, String)> {
            let value = |name: &str, value: &str| {
                if name == "x-webhook-signature" { String::new() } else { replay.rename(value) }
            };
            headers.iter().map(|(name, text)| (name.clone(), value(name, text))).collect()
        };
        assert_eq!(without_signature(&headers), without_signature(&received.headers), "{what}");
        assert_eq!(recorded_events(replay, recorded), got_events(replay, received), "{what}");
        assert_eq!(recorded["path"], received.target.as_str(), "{what}");
    }
}

/// Returns the events of a recorded delivery, with the replacements of this replay.
fn recorded_events(replay: &Replay, delivery: &Value) -> Vec<Delivered> {
    let events = delivery["events"].as_array().unwrap().iter();
    let secret = &delivery["hmacSecrets"][delivery["signed_with"].as_str().unwrap()];
    let secret = replay.rename(secret.as_str().unwrap());
    let status = delivery["answered"].as_u64().unwrap();
    let event = |event: &Value| serde_json::from_str(&replay.rename(&event.to_string())).unwrap();
    events.map(|recorded| (timeless(event(recorded)), secret.clone(), status)).collect()
}

/// Returns the events of a delivery by the fake, with the secret of its signature.
fn got_events(replay: &Replay, received: &Received) -> Vec<Delivered> {
    let signature = received.header("x-webhook-signature");
    let secret = replay.renamed.values().find(|secret| webhook_signature(secret, &received.body) == signature);
    let secret = secret.expect("a secret that the fake returned");
    let events = received.events().into_iter();
    events.map(|event| (timeless(event), secret.clone(), u64::from(received.status))).collect()
}

fn timeless(mut event: Value) -> Value {
    assert!(event["timestamp"].is_u64(), "{event}");
    event["timestamp"] = Value::Null;
    event
}

fn text((event, secret, status): Delivered) -> String {
    format!("{event} signed with {secret}, response {status}")
}

/// Returns the events of the replayed part of a case. The real server's first batch also has earlier events, which the fake
/// sends before: they end with the creation of the last webhook.
fn of_the_case(events: Vec<Delivered>, replay: &Replay) -> Vec<Delivered> {
    let ids: Vec<_> = replay.renamed.values().map(String::as_str).collect();
    let is_creation = |(event, ..): &Delivered| {
        let metadata = event["audit_log_metadata"].as_str().unwrap_or("{}");
        let metadata: Value = serde_json::from_str(metadata).unwrap();
        event["audit_log_action"] == "create_integration"
            && metadata["type"] == "webhook"
            && ids.contains(&metadata["id"].as_str().unwrap())
    };
    let first = events.iter().rposition(is_creation).unwrap_or(0);
    let replayed = |(event, ..): &Delivered| event["audit_log_action"] != "create_data_sync";
    events.into_iter().skip(first).filter(replayed).collect()
}
