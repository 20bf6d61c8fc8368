//! [`Sink`]: the store of a copy, which commits rows and checkpoint together.

use super::batch::SyncBatch;
use super::options::OldRows;

/// The state of a sink before a sync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SinkState {
    /// The text of the stored checkpoint, unchanged.
    pub checkpoint: Option<String>,
    /// The highest generation of a stored row. `None` if the sink has no rows.
    pub newest_generation: Option<u64>,
    /// The handling of old rows when the sync begins a new copy.
    pub old_rows: OldRows,
}

impl SinkState {
    /// Creates the state of an empty sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the text of the stored checkpoint, unchanged. `None` if the sink has no checkpoint.
    pub fn checkpoint(mut self, text: Option<String>) -> Self {
        self.checkpoint = text;
        self
    }

    /// Sets the highest generation of a stored row. `None` if the sink has no rows.
    pub fn newest_generation(mut self, generation: Option<u64>) -> Self {
        self.newest_generation = generation;
        self
    }

    /// Sets the handling of old rows when the sync begins a new copy.
    pub fn old_rows(mut self, rows: OldRows) -> Self {
        self.old_rows = rows;
        self
    }
}

/// The store of a copy: rows, each with the generation that wrote it, and one checkpoint.
///
/// The only way to store rows or a checkpoint is [`commit`](Self::commit), which stores both. [`MemorySink`](super::MemorySink) is one
/// in memory.
///
/// The futures need not be `Send`. A driver's future is `Send` if the futures of its sink are.
pub trait Sink {
    /// The error of the store. If it wraps a [`SyncConflict`](super::SyncConflict), make the conflict its source, so that a driver finds it.
    type Error: Into<Box<dyn std::error::Error + Send + Sync>>;

    /// Returns what is stored. A driver calls it at the start of each run.
    ///
    /// # Errors
    /// The error of the store.
    fn state(&mut self) -> impl Future<Output = Result<SinkState, Self::Error>>;

    /// Applies the changes of `batch` in their order, [`SyncChange::Checkpoint`](super::SyncChange::Checkpoint) included, in one
    /// transaction. Calls [`SyncBatch::follows`] with the stored checkpoint first, in the same transaction.
    ///
    /// A dropped future must leave either everything or nothing of the batch.
    ///
    /// # Errors
    /// A [`SyncConflict`](super::SyncConflict) if another run stored a page meanwhile, or the error of the store. The sync ends. Nothing
    /// or everything of the batch is stored, and the next run reads [`state`](Self::state) again.
    fn commit(&mut self, batch: &SyncBatch) -> impl Future<Output = Result<(), Self::Error>>;
}

impl<S: Sink> Sink for &mut S {
    type Error = S::Error;

    fn state(&mut self) -> impl Future<Output = Result<SinkState, Self::Error>> {
        (**self).state()
    }

    fn commit(&mut self, batch: &SyncBatch) -> impl Future<Output = Result<(), Self::Error>> {
        (**self).commit(batch)
    }
}
