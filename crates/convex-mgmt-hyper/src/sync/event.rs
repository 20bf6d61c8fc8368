//! [`SyncEvent`]: the events of a sync, for logs and displays.

use std::time::Duration;

use convex_mgmt_proto::sync::{Checkpoint, Progress, SyncBatch};

use crate::error::Error;

/// An event of a sync, for logs and displays. A handler must not block: the sync waits for it.
#[derive(Debug)]
#[non_exhaustive]
pub enum SyncEvent<'a> {
    /// The sync begins or continues. Its first page follows.
    Started {
        /// The checkpoint of the sink. `None` if the sink has no checkpoint.
        checkpoint: Option<&'a Checkpoint>,
        /// The generation of the rows that the first page writes. It differs from that of the checkpoint if a new copy begins.
        generation: u64,
    },
    /// The sink has stored a batch and its checkpoint.
    Committed {
        /// The progress of the run, with the batch.
        progress: &'a Progress,
        /// The batch.
        batch: &'a SyncBatch,
    },
    /// A call failed, and time may help. The copy stays as it is, and the same page is requested after the pause.
    Retrying {
        /// The error of the call, after the client's own retries.
        error: &'a Error,
        /// The pause before the next call.
        pause: Duration,
    },
    /// The cursor is older than [`SyncOptions::warn_after`](convex_mgmt_proto::sync::SyncOptions::warn_after). It expires unless a page
    /// succeeds soon, and then the sync begins a new copy. Emitted at the start, and after each failed call.
    Expiring {
        /// The age of the cursor.
        age: Duration,
    },
    /// The server no longer accepts the cursor, because it is too old. A new copy begins.
    Restarted {
        /// The generation of the rows of the new copy.
        generation: u64,
    },
}
