//! [`MemorySink`]: a copy in memory.

use std::collections::BTreeMap;

use super::batch::{SyncBatch, SyncChange};
use super::error::SyncConflict;
use super::options::OldRows;
use super::sink::{Sink, SinkState};
use crate::deployment::data_sync::{Document, TablePath};

/// A stored document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The generation that wrote the row.
    pub generation: u64,
    /// The document. It does not keep its page in memory.
    pub document: Document,
}

/// A copy in memory, for tests and small deployments.
///
/// Its methods are not async. It is also a [`Sink`] for drivers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemorySink {
    tables: BTreeMap<TablePath, BTreeMap<String, Row>>,
    checkpoint: Option<String>,
    old_rows: OldRows,
}

// `#[inline]`: only programs that use it compile it (docs/architecture.md).
impl MemorySink {
    /// Creates an empty sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the handling of old rows when the sync begins a new copy.
    pub fn with_old_rows(mut self, rows: OldRows) -> Self {
        self.old_rows = rows;
        self
    }

    /// Returns the state for [`SyncEngine::new`](super::SyncEngine::new).
    #[inline]
    pub fn state(&self) -> SinkState {
        let generations = self.tables.values().flat_map(BTreeMap::values).map(|row| row.generation);
        SinkState { checkpoint: self.checkpoint.clone(), newest_generation: generations.max(), old_rows: self.old_rows }
    }

    /// Applies a batch.
    ///
    /// # Errors
    /// A [`SyncConflict`] if the batch does not follow the stored checkpoint. Nothing is applied then.
    #[inline]
    pub fn commit(&mut self, batch: &SyncBatch) -> Result<(), SyncConflict> {
        batch.follows(self.checkpoint.as_deref())?;
        let generation = batch.generation();
        for change in batch.changes() {
            match change {
                SyncChange::DeleteOlder(generation) => {
                    self.tables.values_mut().for_each(|rows| rows.retain(|_, row| row.generation >= generation));
                    self.tables.retain(|_, rows| !rows.is_empty());
                }
                SyncChange::Truncate(table) => {
                    self.tables.entry(table.clone()).or_default().retain(|_, row| row.generation != generation);
                }
                SyncChange::Upsert(value) => {
                    let row = Row { generation, document: value.document.clone().into_owned() };
                    self.tables.entry(value.table.clone()).or_default().insert(value.document.id().to_owned(), row);
                }
                SyncChange::Delete(value) => {
                    self.tables.entry(value.table.clone()).or_default().remove(value.document.id());
                }
                SyncChange::Checkpoint(checkpoint) => self.checkpoint = Some(checkpoint.to_string()),
            }
        }
        Ok(())
    }

    /// Returns the rows of a table, by `_id`. `None` if the copy never had the table.
    #[inline]
    pub fn table(&self, table: &TablePath) -> Option<&BTreeMap<String, Row>> {
        self.tables.get(table)
    }

    /// Returns all tables with their rows.
    #[inline]
    pub fn tables(&self) -> impl Iterator<Item = (&TablePath, &BTreeMap<String, Row>)> {
        self.tables.iter()
    }

    /// Removes the checkpoint and keeps the rows. The next sync needs
    /// [`SyncOptions::rows_without_checkpoint`](super::SyncOptions::rows_without_checkpoint).
    ///
    /// Not while a sync runs: its first batch would fit a sink without a checkpoint, whatever rows the sink has.
    pub fn remove_checkpoint(&mut self) {
        self.checkpoint = None;
    }
}

impl Sink for MemorySink {
    type Error = SyncConflict;

    async fn state(&mut self) -> Result<SinkState, SyncConflict> {
        Ok(MemorySink::state(self))
    }

    async fn commit(&mut self, batch: &SyncBatch) -> Result<(), SyncConflict> {
        MemorySink::commit(self, batch)
    }
}
