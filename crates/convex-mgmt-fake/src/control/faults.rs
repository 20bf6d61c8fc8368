//! Injected faults.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::Error;
use serde_json::{Map, Value, json};

use super::commands::Commands;
use super::fake::Fake;
use crate::state::{Fault, Settings, Shared};

impl Fake {
    /// Injects a fault into the next request. Several faults form a queue: each request takes one.
    pub fn fault(&self, fault: Fault) {
        self.state.faults().push(None, fault);
    }

    /// Injects a fault into the next request whose path ends with `path`.
    pub fn fault_at(&self, path: impl Into<String>, fault: Fault) {
        self.state.faults().push(Some(path.into()), fault);
    }

    /// Injects a random one of `faults` into each request with this probability, from 0 to 1. Queued faults take precedence.
    /// The same seed draws the same sequence. An empty list or a probability of 0 disables random faults.
    pub fn fault_rate(&self, probability: f64, seed: u64, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults().set_rate(probability, seed, faults.into_iter().collect());
    }
}

/// The routes of any server.
pub(super) fn routes<S: Settings>() -> Router<Shared<S>> {
    Router::new().route("/_fake/faults", post(inject).delete(clear))
}

/// A fault to inject, with the requests that receive it.
#[derive(Deserialize)]
#[serde(try_from = "Map<String, Value>")]
struct Injection {
    fault: Fault,
    target: Target,
}

/// The requests that receive a fault.
#[derive(Deserialize)]
#[serde(default)]
struct Target {
    /// The end of their paths. `None` matches every path.
    path: Option<String>,
    /// Their number.
    times: u32,
}

impl Default for Target {
    fn default() -> Self {
        Self { path: None, times: 1 }
    }
}

impl TryFrom<Map<String, Value>> for Injection {
    type Error = serde_json::Error;

    /// Rejects unknown fields for every fault. serde does so only for faults that have fields.
    fn try_from(mut fields: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let target: Map<_, _> = ["path", "times"].iter().filter_map(|name| fields.remove_entry(*name)).collect();
        let fault: Fault = serde_json::from_value(Value::Object(fields.clone()))?;
        let has_no_fields = serde_json::to_value(&fault)? == json!({"fault": fields["fault"]});
        if let Some(unknown) = fields.keys().find(|name| has_no_fields && *name != "fault") {
            return Err(serde_json::Error::custom(format!("unknown field `{unknown}`, expected `path` or `times`")));
        }
        Ok(Self { fault, target: serde_json::from_value(Value::Object(target))? })
    }
}

async fn inject<S: Settings>(State(server): State<Shared<S>>, commands: Commands<Injection>) -> Json<Value> {
    commands.apply(|Injection { fault, target: Target { path, times } }| {
        for _ in 0..times {
            server.faults().push(path.clone(), fault.clone());
        }
        json!({})
    })
}

async fn clear<S: Settings>(State(server): State<Shared<S>>) -> Json<Value> {
    server.faults().clear();
    Json(json!({}))
}
