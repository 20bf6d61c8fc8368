//! [`SyncEngine`]: the state machine of a data sync.

use std::sync::Arc;
use std::time::Duration;

use crate::deployment::DataSync;
use crate::deployment::data_sync::{DataSyncPage, TablePath};
use crate::engines::sync::batch::{Cleanup, SyncBatch};
use crate::engines::sync::checkpoint::{Checkpoint, CheckpointError, Fields};
use crate::engines::sync::error::SyncError;
use crate::engines::sync::options::{OldRows, OnSelectionChange, SyncOptions};
use crate::engines::sync::sink::SinkState;
use crate::error::ErrorCode;
use crate::operation::Operation;
use crate::types::UnixMillis;

/// The state machine of a sync into one sink, without IO.
///
/// 1. Send [`request`](Self::request).
/// 2. Pass its page to [`accept`](Self::accept), and commit the batch to the sink.
/// 3. Pass the batch to [`confirm`](Self::confirm), and wait for the pause that it returns.
///
/// After an error response, [`recover`](Self::recover) returns whether to continue. The request stays the same until a batch is confirmed,
/// so a lost response, a dropped call or a failed commit loses nothing.
#[derive(Clone, Debug)]
pub struct SyncEngine {
    options: SyncOptions,
    /// The preference of the sink.
    old_rows: OldRows,
    /// The handling of old rows in the current generation.
    cleanup: OldRows,
    request: DataSync,
    /// The position after the last confirmed batch, or before the first page of a new generation.
    position: Fields,
    /// The text of the checkpoint in the sink.
    stored: Option<Arc<str>>,
}

// `#[inline]`: only programs that use it compile it (docs/architecture.md).
impl SyncEngine {
    /// Continues the sync of a sink, or begins one in an empty sink.
    ///
    /// # Errors
    /// * [`SyncError::Checkpoint`] for an unreadable checkpoint, [`SyncError::OtherDeployment`] for that of another deployment.
    /// * [`SyncError::RowsWithoutCheckpoint`] and [`SyncError::SelectionChanged`] unless the options say how to continue.
    /// * [`SyncError::NewerRows`] if rows and checkpoint do not belong together.
    /// * [`SyncError::InvalidSelection`].
    #[inline]
    pub fn new(sink: SinkState, options: SyncOptions) -> Result<Self, SyncError> {
        DataSync::new().selection(options.selection.clone()).check().map_err(SyncError::InvalidSelection)?;
        let SinkState { checkpoint, newest_generation, old_rows } = sink;
        let begin = |generation: u64, older_rows| {
            Fields::new(options.deployment.clone(), options.selection.clone(), generation, older_rows)
        };
        let stored: Option<Arc<str>> = checkpoint.map(Arc::from);
        let read = match stored.as_deref().map(str::parse::<Checkpoint>).transpose() {
            // A decision about rows of unknown position covers those of a damaged one.
            Err(CheckpointError::Damaged(_)) if options.rows_without_checkpoint.is_some() => None,
            read => read?,
        };
        let Some(Checkpoint { fields }) = read else {
            let Some(newest) = newest_generation else {
                return Ok(Self::at(begin(1, false), old_rows, stored, options));
            };
            let cleanup = options.rows_without_checkpoint.ok_or(SyncError::RowsWithoutCheckpoint)?;
            let position = begin(newest.saturating_add(1), true);
            return Ok(Self { cleanup, ..Self::at(position, old_rows, stored, options) });
        };
        if fields.deployment != options.deployment {
            let (checkpoint, deployment) = (fields.deployment, options.deployment);
            return Err(SyncError::OtherDeployment { checkpoint, deployment });
        }
        let newest = newest_generation.unwrap_or_default();
        let change = fields.selection.changes_to(&options.selection);
        if options.restart || (!change.only_adds() && options.on_selection_change == OnSelectionChange::Restart) {
            let generation = fields.generation.max(newest).saturating_add(1);
            return Ok(Self::at(begin(generation, true), old_rows, stored, options));
        }
        if newest > fields.generation {
            return Err(SyncError::NewerRows { rows: newest, checkpoint: fields.generation });
        }
        if !change.only_adds() && options.on_selection_change == OnSelectionChange::Fail {
            return Err(SyncError::SelectionChanged(change));
        }
        // The copy does not have added tables yet.
        let complete = fields.complete && change.added.is_empty();
        let position = Fields { selection: options.selection.clone(), complete, ..fields };
        Ok(Self::at(position, old_rows, stored, options))
    }

    #[inline]
    fn at(position: Fields, old_rows: OldRows, stored: Option<Arc<str>>, options: SyncOptions) -> Self {
        let cursor = (!position.cursor.is_empty()).then(|| position.cursor.clone());
        let request = DataSync { cursor, selection: Some(options.selection.clone()) };
        Self { options, old_rows, cleanup: old_rows, request, position, stored }
    }

    /// Returns the operation to send. It stays the same until a batch is confirmed or [`recover`](Self::recover) returns `true`.
    pub fn request(&self) -> &DataSync {
        &self.request
    }

    /// Checks the page of the request, and returns the batch to commit. The engine does not move before [`confirm`](Self::confirm).
    /// `now` is the caller's time.
    ///
    /// # Errors
    /// [`SyncError::NotSelected`], [`SyncError::OtherSync`], [`SyncError::RepeatedCursor`] and [`SyncError::EmptyCursor`]. Nothing of the
    /// page may be stored then.
    #[inline]
    pub fn accept(&self, page: DataSyncPage, now: UnixMillis) -> Result<SyncBatch, SyncError> {
        if page.next_cursor.is_empty() {
            return Err(SyncError::EmptyCursor);
        }
        let is_empty = page.truncates.is_empty() && page.values.is_empty();
        if !is_empty && self.request.cursor.as_deref() == Some(&page.next_cursor) {
            return Err(SyncError::RepeatedCursor);
        }
        if self.request.cursor.is_some() && page.sync_id != self.position.sync_id {
            return Err(SyncError::OtherSync);
        }
        self.check_tables(&page)?;
        let is_first = self.position.pages == 0;
        let completes = !self.position.complete && page.is_up_to_date();
        let cleanup = match self.cleanup {
            OldRows::DeleteFirst if self.position.older_rows && is_first => Cleanup::First,
            _ if self.position.older_rows && completes => Cleanup::Last,
            _ => Cleanup::None,
        };
        let fields = Fields {
            sync_id: page.sync_id.clone(),
            cursor: page.next_cursor.clone(),
            pages: self.position.pages.saturating_add(1),
            complete: self.position.complete || completes,
            older_rows: self.position.older_rows && cleanup == Cleanup::None,
            snapshot_ts: page.status.snapshot_ts().or(self.position.snapshot_ts),
            received_at: now,
            ..self.position.clone()
        };
        Ok(SyncBatch { page, checkpoint: Checkpoint { fields }, previous: self.stored.clone(), cleanup })
    }

    /// Checks that the selection includes every table of the page.
    #[inline]
    fn check_tables(&self, page: &DataSyncPage) -> Result<(), SyncError> {
        let mut last: Option<&TablePath> = None;
        for table in page.truncates.iter().chain(page.values.iter().map(|value| &value.table)) {
            // Documents of one table follow each other and share its names, so they compare quickly.
            if last == Some(table) {
                continue;
            }
            if !self.options.selection.includes(table) {
                return Err(SyncError::NotSelected(table.clone()));
            }
            last = Some(table);
        }
        Ok(())
    }

    /// Moves to the position after `batch`, which the sink has committed. Returns the pause before the next request, by
    /// [`SyncOptions::pace`]. `jitter` is a random number in `0.0..=1.0`.
    ///
    /// # Errors
    /// [`SyncError::Conflict`] if the batch does not follow the last confirmed one.
    #[inline]
    pub fn confirm(&mut self, batch: SyncBatch, jitter: f64) -> Result<Duration, SyncError> {
        batch.follows(self.stored.as_deref())?;
        let pause = self.options.pace.pause(&batch.page.status, jitter);
        self.stored = Some(Arc::from(batch.checkpoint.to_string()));
        self.position = batch.checkpoint.fields;
        self.request.cursor = Some(self.position.cursor.clone());
        Ok(pause)
    }

    /// Handles the code of an error response. Returns `true` if the next [`request`](Self::request) continues the sync.
    ///
    /// After [`DataSyncCursorExpired`](ErrorCode::DataSyncCursorExpired), it begins a new generation without a cursor.
    /// [`SinkState::old_rows`] decides about the rows so far. It returns `false` for every other code: retry the request, or end the
    /// sync. [`InvalidDataSyncCursor`](ErrorCode::InvalidDataSyncCursor) means that the cursor is not one of this deployment. The sync then
    /// ends, because the URL may lead to other data now. [`SyncOptions::restart`] begins a new copy.
    #[inline]
    pub fn recover(&mut self, code: &ErrorCode) -> bool {
        let expired = *code == ErrorCode::DataSyncCursorExpired && self.request.cursor.is_some();
        if expired {
            let generation = self.position.generation.saturating_add(1);
            let SyncOptions { deployment, selection, .. } = &self.options;
            self.position = Fields::new(deployment.clone(), selection.clone(), generation, true);
            self.cleanup = self.old_rows;
            self.request.cursor = None;
        }
        expired
    }

    /// Continues with what the sink has, after a run that was interrupted: its last commit may have taken effect or not.
    ///
    /// A restart by [`SyncOptions::restart`] is not repeated if a page of the new copy was stored.
    ///
    /// # Errors
    /// As for [`new`](Self::new). The engine stays as it was then.
    #[inline]
    pub fn reload(&mut self, sink: SinkState) -> Result<(), SyncError> {
        let mut options = self.options.clone();
        let stored = sink.checkpoint.as_deref().and_then(|text| text.parse::<Checkpoint>().ok());
        options.restart &= stored.is_none_or(|stored| stored.generation() < self.generation());
        *self = Self::new(sink, options)?;
        Ok(())
    }

    /// Returns the checkpoint that the sink has. `None` before the first commit.
    #[inline]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.stored.as_deref().and_then(|text| text.parse().ok())
    }

    /// Returns the generation of the rows that the next batch writes.
    pub fn generation(&self) -> u64 {
        self.position.generation
    }

    /// Returns the age of the cursor if it is older than [`SyncOptions::warn_after`]. The server accepts a cursor for at least 3 days.
    ///
    /// A caller asks this while its requests fail. Each confirmed batch makes the cursor young again.
    pub fn expiry_warning(&self, now: UnixMillis) -> Option<Duration> {
        self.request.cursor.as_ref()?;
        let age = self.position.cursor_age(now);
        (age > self.options.warn_after).then_some(age)
    }
}

#[cfg(test)]
mod tests;
