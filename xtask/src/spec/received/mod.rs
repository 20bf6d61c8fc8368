//! Tests with what a server sends: recorded responses, recorded deliveries to webhooks, and the documented log events.

mod deliveries;
mod documented_events;
mod responses;
mod signatures;
mod syncs;

use convex_mgmt_proto::webhook::{Event, EventKind};
use serde_json::{Value, json};

/// The environment variable with the folder of the recordings.
const FOLDER: &str = "CONVEX_MGMT_RECORDINGS";

/// Writes an event from the parts that were read.
fn written(event: &Event) -> Value {
    let content = match event.kind() {
        EventKind::Verification(content) => json!(content),
        EventKind::Console(content) => json!(content),
        EventKind::FunctionExecution(content) => json!(content),
        EventKind::AuditLog(content) => json!(content),
        EventKind::SchedulerStats(content) => json!(content),
        EventKind::ScheduledJobLag(content) => json!(content),
        EventKind::CurrentStorageUsage(content) => json!(content),
        EventKind::ConcurrencyStats(content) => json!(content),
        EventKind::StorageApiBandwidth(content) => json!(content),
        EventKind::LogStreamEgress(content) => json!(content),
        EventKind::CustomAudit(content) => json!(content),
        unknown => panic!("the topic {} has no variant", unknown.topic()),
    };
    let mut written = json!({"timestamp": event.timestamp(), "topic": event.topic(), "convex": event.deployment()});
    for (name, value) in content.as_object().unwrap() {
        written[name] = value.clone();
    }
    written
}
