//! Batches that arrive twice, late or never.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::commands::Commands;
use crate::control::fake::Fake;
use crate::deployment::{self, DeliveryQuirk};

#[cfg(feature = "server")]
impl Fake {
    /// Applies a quirk to the next batches of log streams. Several quirks form a queue: each batch takes one. Verifications
    /// take no quirk.
    pub fn delivery_quirk(&self, quirk: DeliveryQuirk, batches: usize) {
        deployment::add_delivery_quirk(&mut self.state.deployment(), quirk, batches);
    }
}

pub(super) fn routes() -> Router<Fake> {
    Router::new().route("/_fake/delivery_quirks", post(add))
}

/// A quirk, with the number of batches that have it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewQuirk {
    quirk: DeliveryQuirk,
    #[serde(default = "one")]
    batches: usize,
}

fn one() -> usize {
    1
}

async fn add(State(fake): State<Fake>, commands: Commands<NewQuirk>) -> Json<Value> {
    commands.apply(|NewQuirk { quirk, batches }| {
        deployment::add_delivery_quirk(&mut fake.state.deployment(), quirk, batches);
        json!({})
    })
}
