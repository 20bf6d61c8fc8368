//! Log streams, as convex-backend's `crates/local_backend/src/log_sinks.rs`, `crates/model/src/log_sinks` and
//! `crates/log_streaming/src` have them. Only webhooks deliver.

mod config;
mod control;
mod delivery;
mod events;
mod handlers;
mod signature;
mod topics;
mod update;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use serde::Serialize;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::contention::Contention;
use crate::error::Refusal;
use crate::ids;
use crate::log_streams::config::Config;
use crate::log_streams::events::Event;
use crate::state::Shared;

pub use signature::webhook_signature;

/// The number of the table of log streams, which their ids carry.
const TABLE: u32 = 535;

/// After how many waiting events the clock is not waited for.
const BUFFER: usize = 4096;

/// What a deployment holds of this topic.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// By id, which is the order of the list.
    streams: BTreeMap<String, Stream>,
    /// Events that wait for the clock. All streams share them.
    buffer: VecDeque<Event>,
    clock: Option<JoinHandle<()>>,
    /// Tells the clock that the buffer is full.
    full: Arc<Notify>,
    /// Tells that a status changed.
    changed: Arc<Notify>,
}

#[derive(Debug)]
struct Stream {
    config: Config,
    status: Status,
    /// The secret that the running delivery of a webhook signs with: a new one is taken up with the next update.
    signs_with: String,
    /// Counts the updates, so that what was begun before one knows that it is out of date.
    version: u64,
    /// By the deployment's clock.
    deleted_at: Option<Duration>,
}

/// How a log stream is, as the API tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Status {
    Pending,
    Failed { reason: String },
    Active,
    Deleting,
}

impl State {
    /// The live stream with an id.
    fn stream(&self, id: &str) -> Result<&Stream, Refusal> {
        if ids::table_of(id).is_none() {
            return Err(Refusal::bad_request("InvalidLogStreamId", "this is no id"));
        }
        let stream = self.streams.get(id).filter(|stream| stream.deleted_at.is_none());
        stream.ok_or_else(|| Refusal::not_found("LogStreamDoesntExist", format!("there is no log stream {id}")))
    }

    fn live(&self) -> impl Iterator<Item = &Stream> {
        self.streams.values().filter(|stream| stream.deleted_at.is_none())
    }

    /// Sets the status of a stream, unless it was updated or deleted in the meantime.
    fn set_status(&mut self, id: &str, version: u64, status: Status) {
        if let Some(stream) = self.streams.get_mut(id).filter(|stream| stream.is_current(version)) {
            stream.status = status;
        }
        self.changed.notify_waiters();
    }
}

impl Stream {
    fn is_current(&self, version: u64) -> bool {
        self.version == version && self.deleted_at.is_none()
    }
}

/// The server makes three attempts at these writes. Source: convex-backend `MAX_OCC_FAILURES` in
/// `crates/database/src/database.rs`, which only `crates/application/src/log_streaming.rs` uses.
const WRITES: Contention = Contention::on("log streams").attempts(3);

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/list_log_streams", get(handlers::list))
        .route("/get_log_stream/{id}", get(handlers::get))
        .route("/create_log_stream", WRITES.post(handlers::create))
        .route("/update_log_stream/{id}", WRITES.post(handlers::update))
        .route("/delete_log_stream/{id}", WRITES.post(handlers::delete))
        .route("/rotate_webhook_secret/{id}", WRITES.post(handlers::rotate))
}
