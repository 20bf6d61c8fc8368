//! [`LogStreams`]: the log streams of a deployment, and the events that wait for delivery.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::config::Config;
use crate::api::ApiError;
use crate::state::{Deployment, Shared, table_of_id};

/// What a deployment stores about log streams.
#[derive(Debug, Default)]
pub(super) struct LogStreams {
    /// By id, which is the order of the list.
    pub(super) streams: BTreeMap<String, Stream>,
    /// Events that wait for the next delivery. All streams share them.
    pub(super) buffer: VecDeque<Event>,
    /// The task that delivers events at intervals.
    pub(super) timer: Option<JoinHandle<()>>,
    /// Signals the timer that the buffer is full.
    pub(super) full: Arc<Notify>,
    /// Signals that the status of a stream has changed.
    pub(super) changed: Arc<Notify>,
}

/// An event that waits for delivery.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) topic: String,
    pub(super) timestamp: u64,
    /// The event as it is delivered.
    pub(super) json: String,
}

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) config: Config,
    pub(super) status: Status,
    /// The secret that deliveries are signed with. A rotated secret is used from the next update on.
    pub(super) signing_secret: String,
    /// The number of updates. A delivery compares it to detect that its stream has changed.
    pub(super) version: u64,
    /// By the deployment's clock.
    pub(super) deleted_at: Option<Duration>,
}

/// The status of a log stream, as the API returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum Status {
    Pending,
    Failed { reason: String },
    Active,
    Deleting,
}

impl LogStreams {
    /// Returns the stream with an id, unless it is deleted.
    pub(super) fn stream(&self, id: &str) -> Result<&Stream, ApiError> {
        if table_of_id(id).is_none() {
            return Err(ApiError::bad_request("InvalidLogStreamId", "the id is malformed"));
        }
        let stream = self.streams.get(id).filter(|stream| stream.deleted_at.is_none());
        stream.ok_or_else(|| ApiError::not_found("LogStreamDoesntExist", format!("the log stream {id} does not exist")))
    }

    /// The streams that are not deleted.
    pub(super) fn live(&self) -> impl Iterator<Item = &Stream> {
        self.streams.values().filter(|stream| stream.deleted_at.is_none())
    }

    /// Sets the status of a stream, unless the stream was updated or deleted in the meantime.
    pub(super) fn set_status(&mut self, id: &str, version: u64, status: Status) {
        if let Some(stream) = self.streams.get_mut(id).filter(|stream| stream.is_current(version)) {
            stream.status = status;
        }
        self.changed.notify_waiters();
    }
}

impl Stream {
    /// Returns `true` if the stream is neither updated since `version` nor deleted.
    pub(super) fn is_current(&self, version: u64) -> bool {
        self.version == version && self.deleted_at.is_none()
    }
}

/// Waits until no log stream is pending.
pub(crate) async fn log_streams_settled(state: &Shared) {
    loop {
        let changed = state.deployment().topics.of::<LogStreams>().changed.clone();
        let mut changed = pin!(changed.notified());
        // Registers before the check, so that no change is missed.
        changed.as_mut().enable();
        if state.deployment().topics.of::<LogStreams>().live().all(|stream| stream.status != Status::Pending) {
            return;
        }
        changed.await;
    }
}

/// Removes the streams that are being deleted.
pub(crate) fn remove_deleted(deployment: &mut Deployment) {
    deployment.topics.of::<LogStreams>().streams.retain(|_, stream| stream.deleted_at.is_none());
}
