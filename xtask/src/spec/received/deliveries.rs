//! Recorded deliveries to webhooks: each event is decoded, and nothing of it is lost.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use convex_mgmt_proto::webhook::{self, EventKind};
use serde_json::Value;

use super::{FOLDER, written};

/// Topics that the recorded server sent.
const TOPICS: [&str; 6] = [
    "audit_log",
    "current_storage_usage",
    "function_execution",
    "log_stream_egress",
    "storage_api_bandwidth",
    "verification",
];

/// Checks the events of one delivery, and counts them by topic.
fn check(delivery: &Value, counts: &mut BTreeMap<String, usize>) {
    let body = Bytes::from(delivery["body_raw"].as_str().unwrap().to_owned());
    let batch = webhook::read(&body).unwrap();
    let expected = delivery["events"].as_array().unwrap();
    assert_eq!(batch.len(), expected.len());
    for (event, expected) in batch.into_iter().zip(expected) {
        let event = event.unwrap();
        assert_eq!(&written(&event), expected, "a field is lost");
        assert_eq!(&serde_json::from_str::<Value>(event.as_str()).unwrap(), expected);
        if let EventKind::AuditLog(entry) = event.kind() {
            entry.metadata.value().unwrap();
        }
        *counts.entry(event.topic().to_owned()).or_default() += 1;
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn recorded_deliveries_are_decoded_without_a_loss() {
    let Some(folder) = super::super::tests::folder(FOLDER, "no recorded delivery was read") else { return };
    let mut counts = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            lines(&path).iter().filter_map(|line| line.get("delivery")).for_each(|line| check(line, &mut counts));
        }
    }
    println!("events by topic: {counts:?}");
    assert_eq!(counts.keys().map(String::as_str).collect::<Vec<_>>(), TOPICS);
}

#[test]
fn a_lost_field_is_detected() {
    let text =
        r#"{"timestamp":1,"topic":"log_stream_egress","egress_bytes":2,"more":3,"convex":{"deployment_name":"n"}}"#;
    let event = webhook::Event::parse(text).unwrap();
    let expected: Value = serde_json::from_str(text).unwrap();
    assert_ne!(written(&event), expected);
}
