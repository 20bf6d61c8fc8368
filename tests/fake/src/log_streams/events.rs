//! Events: what the deployment tells its log streams.

use std::mem;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::log_streams::config::{Config, Webhook};
use crate::log_streams::delivery::Target;
use crate::log_streams::{BUFFER, Status, topics};
use crate::state::Deployment;

/// An event that waits for its batch.
#[derive(Debug)]
pub(super) struct Event {
    topic: String,
    timestamp: u64,
    /// As it is delivered.
    json: String,
}

impl Deployment {
    /// Tells the log streams of an entry of the audit log.
    pub(crate) fn emit_audit(&mut self, timestamp: u64, action: &str, metadata: &Value) {
        let mut fields = Map::new();
        fields.insert("audit_log_action".to_owned(), action.into());
        fields.insert("audit_log_metadata".to_owned(), with_integers(metadata).to_string().into());
        self.emit_event("audit_log", timestamp, fields);
    }

    pub(super) fn emit_event(&mut self, topic: &str, timestamp: u64, fields: Map<String, Value>) {
        let json = self.event(topic, timestamp, fields);
        let state = &mut self.log_streams;
        state.buffer.push_back(Event { topic: topic.to_owned(), timestamp, json });
        if state.buffer.len() >= BUFFER {
            state.full.notify_one();
            if state.clock.is_none() {
                state.buffer.pop_front();
            }
        }
    }

    /// The text of an event, with what it says of the deployment.
    pub(super) fn event(&self, topic: &str, timestamp: u64, fields: Map<String, Value>) -> String {
        #[derive(Serialize)]
        struct Flat<'a> {
            timestamp: u64,
            topic: &'a str,
            #[serde(flatten)]
            fields: Map<String, Value>,
            convex: Value,
        }
        let plan = self.plan.as_ref();
        let convex = json!({
            "deployment_name": self.name,
            "deployment_type": plan.map(|plan| &plan.deployment_type),
            "deployment_ref": plan.and_then(|plan| plan.reference.as_ref()),
            "project_name": plan.and_then(|plan| plan.project_name.as_ref()),
            "project_slug": plan.and_then(|plan| plan.project_slug.as_ref()),
            "deployment_region": "local",
        });
        serde_json::to_string(&Flat { timestamp, topic, fields, convex }).expect("its keys are texts")
    }

    /// Forgets the events that the clock would have taken away had it run.
    pub(super) fn forget_old_events(&mut self) {
        let kept = self.now().saturating_sub(self.knobs.webhook_flush).as_millis();
        self.log_streams.buffer.retain(|event| u128::from(event.timestamp) >= kept);
    }

    /// Takes the events that wait, with the webhooks that they are for.
    pub(super) fn take_events(&mut self) -> Vec<(Target, Vec<String>)> {
        let events = mem::take(&mut self.log_streams.buffer);
        let mut taken = Vec::new();
        for (id, stream) in &self.log_streams.streams {
            let Config::Webhook(Webhook { topics, .. }) = &stream.config else { continue };
            if stream.status != Status::Active {
                continue;
            }
            let meant = events.iter().filter(|event| topics::subscribed(topics, &event.topic));
            let texts: Vec<String> = meant.map(|event| event.json.clone()).collect();
            if let Some(target) = Target::of(id, stream).filter(|_| !texts.is_empty()) {
                taken.push((target, texts));
            }
        }
        taken
    }
}

/// The metadata as log streams have it. Integers are texts in the audit log, and tagged here. The only integer that the
/// entries of this server have is the limit of a usage limit.
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
    fn integers_of_the_audit_log() {
        let metadata = json!({"config": {"limit": "100", "metric": "limit"}, "id": "100"});
        let expected = json!({"config": {"limit": {"$integer": "ZAAAAAAAAAA="}, "metric": "limit"}, "id": "100"});
        assert_eq!(with_integers(&metadata), expected);
    }

    #[test]
    fn without_a_clock_the_latest_events_are_kept() {
        let mut deployment = Deployment::default();
        for number in 0..BUFFER as u64 + 10 {
            deployment.emit_event("console", number, Map::new());
        }
        let buffer = &deployment.log_streams.buffer;
        assert!(buffer.len() < BUFFER);
        assert_eq!(buffer.back().map(|event| event.timestamp), Some(BUFFER as u64 + 9));
    }
}
