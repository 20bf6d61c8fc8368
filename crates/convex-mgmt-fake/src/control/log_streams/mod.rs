//! Events and deliveries of log streams, beyond what the API offers.

mod deliveries;
mod execution;
mod traffic;

pub use execution::FunctionExecution;

use axum::extract::{Query, State};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::commands::Commands;
use super::fake::Fake;
use crate::deployment;
use crate::state::millis;

impl Fake {
    /// Emits an event. The next batch of every active webhook that subscribes to the topic contains it. Its time is now,
    /// unless `fields` has a `timestamp` in milliseconds since the Unix epoch.
    ///
    /// # Panics
    /// If `fields` is not a JSON object.
    pub fn emit(&self, topic: &str, fields: Value) {
        let Value::Object(mut fields) = fields else {
            panic!("the fields of an event must be an object, not {fields}")
        };
        let mut deployment = self.state.deployment();
        let timestamp = fields.remove("timestamp").and_then(|timestamp| timestamp.as_u64());
        let timestamp = timestamp.unwrap_or_else(|| millis(deployment.now()));
        deployment::emit_event(&mut deployment, topic, timestamp, fields);
    }

    /// Sends the waiting events. Returns when every batch is accepted or dropped.
    ///
    /// # Panics
    /// Outside of a tokio runtime, if events are waiting.
    #[cfg(feature = "server")]
    pub async fn flush_log_streams(&self) {
        deployment::flush_log_streams(&self.state).await;
    }

    /// Waits until no log stream is pending. Streams that are written within a tokio runtime are verified in the background.
    pub async fn log_streams_settled(&self) {
        deployment::log_streams_settled(&self.state).await;
    }

    /// Removes the log streams that are being deleted, as the server does after a delay.
    pub fn remove_deleted_log_streams(&self) {
        deployment::remove_deleted(&mut self.state.deployment());
    }

    /// Has the effect of a server restart on log streams: waiting events are lost, and webhooks sign with their newest
    /// secret.
    pub fn restart_log_streams(&self) {
        deployment::restart(&mut self.state.deployment());
    }
}

pub(super) fn routes() -> Router<Fake> {
    Router::new().route("/_fake/events", post(emit)).merge(deliveries::routes()).merge(traffic::routes())
}

/// An event of log streams.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    topic: String,
    #[serde(default)]
    fields: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flush {
    #[serde(default)]
    flush: bool,
}

async fn emit(
    State(fake): State<Fake>,
    Query(Flush { flush }): Query<Flush>,
    commands: Commands<Event>,
) -> Json<Value> {
    if flush {
        // A stream that is not verified yet would miss the events.
        fake.log_streams_settled().await;
    }
    let reply = commands.apply(|Event { topic, fields }| {
        fake.emit(&topic, Value::Object(fields));
        json!({})
    });
    if flush {
        deployment::flush_log_streams(&fake.state).await;
    }
    reply
}
