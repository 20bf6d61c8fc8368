//! What a test may do with log streams that the API does not offer.

use std::pin::pin;

use serde_json::Value;

use crate::fake::Fake;
use crate::log_streams::config::Config;
use crate::log_streams::{Status, delivery};

impl Fake {
    /// Tells the log streams of an event. It goes to the webhooks that are active and subscribed to its topic, with
    /// their next batch. It is of now, unless `fields` have a `timestamp` in milliseconds.
    ///
    /// # Panics
    /// If `fields` is not a JSON object.
    pub fn emit(&self, topic: &str, fields: Value) {
        let Value::Object(mut fields) = fields else { panic!("the fields of an event are an object, not {fields}") };
        let mut deployment = self.state.deployment();
        let timestamp = match fields.remove("timestamp").and_then(|timestamp| timestamp.as_u64()) {
            Some(timestamp) => timestamp,
            None => u64::try_from(deployment.now().as_millis()).unwrap_or(u64::MAX),
        };
        deployment.emit_event(topic, timestamp, fields);
    }

    /// Sends the events that wait for the clock, and waits until each batch was taken or dropped.
    pub async fn flush_log_streams(&self) {
        delivery::flush(self.state.clone()).await;
    }

    /// Waits until no log stream is pending any more. Streams are verified in the background, if they were written
    /// within a tokio runtime.
    pub async fn log_streams_settled(&self) {
        loop {
            let changed = self.state.deployment().log_streams.changed.clone();
            let mut changed = pin!(changed.notified());
            // From here on no change is missed.
            changed.as_mut().enable();
            if self.state.deployment().log_streams.live().all(|stream| stream.status != Status::Pending) {
                return;
            }
            changed.await;
        }
    }

    /// Removes the log streams that are being deleted, as the server does after a while.
    pub fn remove_deleted_log_streams(&self) {
        self.state.deployment().log_streams.streams.retain(|_, stream| stream.deleted_at.is_none());
    }

    /// Does to log streams what a restart of the server does: the events that wait are lost, and webhooks sign with
    /// their newest secret.
    pub fn restart_log_streams(&self) {
        let mut deployment = self.state.deployment();
        deployment.log_streams.buffer.clear();
        for stream in deployment.log_streams.streams.values_mut() {
            if let Config::Webhook(webhook) = &stream.config {
                stream.signs_with.clone_from(&webhook.hmac_secret);
            }
        }
    }
}
