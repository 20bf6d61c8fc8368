//! The events of a deployment: how they are written, buffered and assigned to webhooks.

use std::mem;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::config::{Config, Webhook};
use super::state::{Event, LogStreams, Status};
use super::target::Target;
use super::topics;
use crate::state::{AuditEntry, Deployment};

/// Number of waiting events that triggers a delivery before the next interval.
const BUFFER: usize = 4096;

/// Emits an event for an entry of the audit log.
pub(in crate::deployment) fn on_record(deployment: &mut Deployment, entry: &AuditEntry) {
    let mut fields = Map::new();
    fields.insert("audit_log_action".to_owned(), entry.action.into());
    fields.insert("audit_log_metadata".to_owned(), with_integers(&entry.metadata).to_string().into());
    emit_event(deployment, "audit_log", entry.create_time, fields);
}

/// Adds an event to the buffer.
pub(crate) fn emit_event(deployment: &mut Deployment, topic: &str, timestamp: u64, fields: Map<String, Value>) {
    let json = event(deployment, topic, timestamp, fields);
    let state: &mut LogStreams = deployment.topics.of();
    state.buffer.push_back(Event { topic: topic.to_owned(), timestamp, json });
    if state.buffer.len() >= BUFFER {
        state.full.notify_one();
        if state.timer.is_none() {
            state.buffer.pop_front();
        }
    }
}

/// The JSON of an event, with the fields that describe the deployment.
pub(super) fn event(deployment: &Deployment, topic: &str, timestamp: u64, fields: Map<String, Value>) -> String {
    #[derive(Serialize)]
    struct Flat<'a> {
        timestamp: u64,
        topic: &'a str,
        #[serde(flatten)]
        fields: Map<String, Value>,
        convex: Value,
    }
    let plan = deployment.plan.as_ref();
    let convex = json!({
        "deployment_name": deployment.name,
        "deployment_type": plan.map(|plan| &plan.deployment_type),
        "deployment_ref": plan.and_then(|plan| plan.reference.as_ref()),
        "project_name": plan.and_then(|plan| plan.project_name.as_ref()),
        "project_slug": plan.and_then(|plan| plan.project_slug.as_ref()),
        "deployment_region": "local",
    });
    serde_json::to_string(&Flat { timestamp, topic, fields, convex }).expect("all keys are strings")
}

/// Drops the events that a running timer would already have taken.
pub(super) fn drop_old_events(deployment: &mut Deployment) {
    let oldest = deployment.now().saturating_sub(deployment.knobs.webhook_flush_interval).as_millis();
    deployment.topics.of::<LogStreams>().buffer.retain(|event| u128::from(event.timestamp) >= oldest);
}

/// Takes the waiting events, by the webhooks that receive them.
pub(super) fn take_events(deployment: &mut Deployment) -> Vec<(Target, Vec<String>)> {
    let LogStreams { streams, buffer, .. } = deployment.topics.of();
    let events = mem::take(buffer);
    let mut taken = Vec::new();
    for (id, stream) in streams {
        let Config::Webhook(Webhook { topics, .. }) = &stream.config else { continue };
        if stream.status != Status::Active {
            continue;
        }
        let subscribed = events.iter().filter(|event| topics::subscribed(topics, &event.topic));
        let texts: Vec<String> = subscribed.map(|event| event.json.clone()).collect();
        if let Some(target) = Target::of(id, stream).filter(|_| !texts.is_empty()) {
            taken.push((target, texts));
        }
    }
    taken
}

/// Converts the metadata of the audit log to that of log streams: integers are strings there and tagged here. The limit of
/// a usage limit is the only integer in the entries of this server.
fn with_integers(metadata: &Value) -> Value {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    let Value::Object(fields) = metadata else { return metadata.clone() };
    let field = |(name, value): (&String, &Value)| {
        let integer = value.as_str().filter(|_| name == "limit").and_then(|text| text.parse::<i64>().ok());
        let value = match integer {
            Some(integer) => json!({"$integer": STANDARD.encode(integer.to_le_bytes())}),
            None => with_integers(value),
        };
        (name.clone(), value)
    };
    Value::Object(fields.iter().map(field).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_the_audit_log_are_tagged() {
        let metadata = json!({"config": {"limit": "100", "metric": "limit"}, "id": "100"});
        let expected = json!({"config": {"limit": {"$integer": "ZAAAAAAAAAA="}, "metric": "limit"}, "id": "100"});
        assert_eq!(with_integers(&metadata), expected);
    }

    #[test]
    fn the_latest_events_are_kept_without_a_timer() {
        let mut deployment = Deployment::default();
        for number in 0..BUFFER as u64 + 10 {
            emit_event(&mut deployment, "console", number, Map::new());
        }
        let buffer = &deployment.topics.of::<LogStreams>().buffer;
        assert!(buffer.len() < BUFFER);
        assert_eq!(buffer.back().map(|event| event.timestamp), Some(BUFFER as u64 + 9));
    }
}
