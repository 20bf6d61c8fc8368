//! [`SyncError`]: why a sync cannot begin or continue.

use thiserror::Error;

use super::checkpoint::CheckpointError;
use crate::deployment::data_sync::{SelectionChange, TablePath};
use crate::error::Violations;
use crate::types::Printable;

/// An error of a sync. Nothing of the page in question is stored.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The stored checkpoint cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The stored checkpoint is that of another deployment.
    #[error(
        "the checkpoint is that of {}, not of {}: use the sink of this deployment",
        Printable(checkpoint),
        Printable(deployment)
    )]
    OtherDeployment {
        /// The deployment of the checkpoint.
        checkpoint: String,
        /// The deployment of the sync.
        deployment: String,
    },
    /// The sink has rows and no checkpoint, so the position of its rows is unknown.
    #[error("the sink has rows but no checkpoint: set `rows_without_checkpoint` to keep or delete them")]
    RowsWithoutCheckpoint,
    /// The sink has rows of a later generation than its checkpoint.
    #[error("the sink has rows of generation {rows}, its checkpoint is of generation {checkpoint}: restart the sync")]
    NewerRows {
        /// The highest generation of a row.
        rows: u64,
        /// The generation of the checkpoint.
        checkpoint: u64,
    },
    /// The selection differs from that of the stored checkpoint in more than added tables.
    #[error("the selection {0}: set `on_selection_change` to restart or to continue")]
    SelectionChanged(SelectionChange),
    /// The selection is invalid.
    #[error(transparent)]
    InvalidSelection(Violations),
    /// The page is that of another sync: the server or its data was replaced.
    #[error("the server continued another sync than that of the checkpoint: restart the sync")]
    OtherSync,
    /// The page has a table that the selection excludes. A server that ignores the selection would do so.
    #[error("the server sent the table {0}, which the selection excludes; nothing of the page was stored")]
    NotSelected(TablePath),
    /// The page has changes and the cursor of its own request, so the same changes would follow forever.
    #[error("the server sent changes without a new cursor, so the sync cannot continue")]
    RepeatedCursor,
    /// The page has an empty cursor.
    #[error("the server sent an empty cursor, so the sync cannot continue")]
    EmptyCursor,
    /// The batch does not follow the last confirmed batch.
    #[error(transparent)]
    Conflict(#[from] SyncConflict),
}

/// A batch does not follow the stored checkpoint: another run stored a page, or the checkpoint was removed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the batch follows page {expected}, but the sink has {found}: another sync writes to the same sink")]
#[non_exhaustive]
pub struct SyncConflict {
    /// The position before the batch, as text.
    pub expected: String,
    /// The stored position, as text.
    pub found: String,
}
