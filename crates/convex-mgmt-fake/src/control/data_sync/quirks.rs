//! Wrong behaviour of data sync: quirks of its pages, and cursors that expire at once.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::commands::Commands;
use crate::control::fake::Fake;
use crate::deployment::{DataSync, SyncQuirk};

impl Fake {
    /// Applies a quirk to the next pages of data sync. `usize::MAX` means every page. A page has all quirks that are due.
    pub fn sync_quirk(&self, quirk: SyncQuirk, pages: usize) {
        self.state.deployment().topics.of::<DataSync>().quirks.add(quirk, pages);
    }

    /// Removes all quirks of data sync.
    pub fn clear_sync_quirks(&self) {
        self.state.deployment().topics.of::<DataSync>().quirks.clear();
    }

    /// Expires all existing cursors of data sync at once. Requests with them fail with `DataSyncCursorExpired`.
    pub fn expire_sync_cursors(&self) {
        self.state.deployment().topics.of::<DataSync>().expire_cursors();
    }
}

pub(super) fn routes() -> Router<Fake> {
    Router::new().route("/_fake/sync_quirks", post(add).delete(clear)).route("/_fake/expire_sync_cursors", post(expire))
}

/// A quirk, with the number of pages that have it. The default is one page.
#[derive(Deserialize)]
struct NewQuirk {
    #[serde(flatten)]
    quirk: SyncQuirk,
    #[serde(default = "one")]
    pages: usize,
}

fn one() -> usize {
    1
}

async fn add(State(fake): State<Fake>, commands: Commands<NewQuirk>) -> Json<Value> {
    commands.apply(|NewQuirk { quirk, pages }| {
        fake.sync_quirk(quirk, pages);
        json!({})
    })
}

async fn clear(State(fake): State<Fake>) -> Json<Value> {
    fake.clear_sync_quirks();
    Json(json!({}))
}

async fn expire(State(fake): State<Fake>) -> Json<Value> {
    fake.expire_sync_cursors();
    Json(json!({}))
}
