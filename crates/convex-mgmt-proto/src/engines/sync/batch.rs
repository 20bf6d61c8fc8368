//! [`SyncBatch`]: the changes of one page, and the checkpoint after it.

use std::sync::Arc;

use super::checkpoint::Checkpoint;
use super::error::SyncConflict;
use crate::deployment::data_sync::{Change, DataSyncPage, DataSyncStatus, DataSyncValue, TablePath};

/// One change of a batch, to be applied to a copy.
///
/// The enum is exhaustive on purpose: a sink must not skip a new kind of change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SyncChange<'a> {
    /// Delete all rows of earlier generations than this one, in every table.
    DeleteOlder(u64),
    /// Delete the rows of this table that the batch's generation wrote. Rows of earlier generations stay until
    /// [`SyncChange::DeleteOlder`].
    Truncate(&'a TablePath),
    /// Store this document with the batch's generation. It replaces a row with the same `_id`, of any generation.
    Upsert(&'a DataSyncValue),
    /// Delete the row with this `_id`, of any generation, if it exists.
    Delete(&'a DataSyncValue),
    /// Store this checkpoint in place of the stored one. It is the last change of each batch.
    Checkpoint(&'a Checkpoint),
}

/// The cleanup of earlier generations in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cleanup {
    None,
    First,
    Last,
}

/// The changes of one page and the checkpoint after it. A [`Sink`](super::Sink) applies all of them in one transaction.
///
/// A page without documents makes a batch, too: its checkpoint keeps the cursor from expiring.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncBatch {
    pub(super) page: DataSyncPage,
    pub(super) checkpoint: Checkpoint,
    pub(super) previous: Option<Arc<str>>,
    pub(super) cleanup: Cleanup,
}

impl SyncBatch {
    /// Returns the changes in the order to apply them.
    pub fn changes(&self) -> impl Iterator<Item = SyncChange<'_>> {
        let older = SyncChange::DeleteOlder(self.generation());
        let [first, last] = [Cleanup::First, Cleanup::Last].map(|at| (self.cleanup == at).then_some(older));
        let page = self.page.changes().map(|change| match change {
            Change::Truncate(table) => SyncChange::Truncate(table),
            Change::Upsert(value) => SyncChange::Upsert(value),
            Change::Delete(value) => SyncChange::Delete(value),
        });
        first.into_iter().chain(page).chain(last).chain([SyncChange::Checkpoint(&self.checkpoint)])
    }

    /// Returns the generation of the rows that the batch writes.
    pub fn generation(&self) -> u64 {
        self.checkpoint.generation()
    }

    /// Returns the checkpoint after the batch.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Returns the text of the checkpoint that the sink must have before the batch; `None` if it must have no checkpoint.
    pub fn previous(&self) -> Option<&str> {
        self.previous.as_deref()
    }

    /// Checks that the batch follows the stored checkpoint. A sink calls it within its transaction, or makes the same comparison with
    /// [`previous`](Self::previous) in its own language.
    ///
    /// # Errors
    /// A [`SyncConflict`] if another run stored a page or a restart meanwhile. Nothing may be stored then.
    #[inline]
    pub fn follows(&self, stored: Option<&str>) -> Result<(), SyncConflict> {
        if self.previous() == stored {
            return Ok(());
        }
        Err(SyncConflict { expected: position(self.previous()), found: position(stored) })
    }

    /// Returns the page.
    pub fn page(&self) -> &DataSyncPage {
        &self.page
    }

    /// Returns the status of the copy after the batch.
    pub fn status(&self) -> &DataSyncStatus {
        &self.page.status
    }

    /// Returns `true` if the copy is complete and consistent after the batch.
    pub fn is_up_to_date(&self) -> bool {
        self.page.is_up_to_date()
    }
}

/// Describes a checkpoint in an error.
#[inline]
fn position(text: Option<&str>) -> String {
    match text.map(str::parse::<Checkpoint>) {
        None => "no checkpoint".to_owned(),
        Some(Ok(checkpoint)) => format!("page {} of generation {}", checkpoint.pages(), checkpoint.generation()),
        Some(Err(_)) => "an unreadable checkpoint".to_owned(),
    }
}
