//! [`Progress`]: the work of a run of a sync so far.

use std::collections::BTreeMap;
use std::time::Duration;

use super::batch::SyncBatch;
use crate::deployment::data_sync::{ActiveSync, DataSyncStatus, DataSyncValue, TablePath};
use crate::types::{UnixMillis, UnixNanos};

/// The work of a run of a sync so far: its counts, its rates, and how far the copy is behind.
///
/// Counts are those of one run. They include every revision of a document, and deletions of documents that the copy did not have.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The time at which the run began, by the caller's clock.
    pub started_at: UnixMillis,
    /// The generation of the last batch. 0 before the first batch of the run.
    pub generation: u64,
    /// The number of pages.
    pub pages: u64,
    /// The number of documents that were written.
    pub written: u64,
    /// The number of documents that were deleted, without truncated ones.
    pub deleted: u64,
    /// The number of truncates of tables.
    pub truncates: u64,
    /// The size of the written documents as JSON, in bytes.
    pub bytes: u64,
    /// The tables that had changes.
    pub tables: BTreeMap<TablePath, TableProgress>,
    /// The status after the last batch. `None` before the first batch of the run.
    pub status: Option<DataSyncStatus>,
    /// The server's time of the last commit that the copy includes, in nanoseconds. `None` while the sync reads the tables for the
    /// first time.
    pub snapshot_ts: Option<UnixNanos>,
    /// `true` if the copy was up to date at least once in its generation.
    pub complete: bool,
    /// The server's record of the sync, which has the total numbers of tables and documents. `None` if nobody asked for it.
    pub active: Option<ActiveSync>,
}

/// The work of a run of a sync on one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableProgress {
    /// The number of documents that were written.
    pub written: u64,
    /// The number of documents that were deleted, without truncated ones.
    pub deleted: u64,
    /// The number of truncates.
    pub truncates: u64,
    /// The size of the written documents as JSON, in bytes.
    pub bytes: u64,
}

impl Progress {
    /// Creates the progress of a run that begins now.
    pub fn new(now: UnixMillis) -> Self {
        Self {
            started_at: now,
            generation: 0,
            pages: 0,
            written: 0,
            deleted: 0,
            truncates: 0,
            bytes: 0,
            tables: BTreeMap::new(),
            status: None,
            snapshot_ts: None,
            complete: false,
            active: None,
        }
    }

    /// Adds a batch that the sink has committed.
    #[inline]
    pub fn record(&mut self, batch: &SyncBatch) {
        let page = batch.page();
        if self.generation != batch.generation() {
            // The record is that of the server's previous sync.
            self.active = None;
        }
        self.generation = batch.generation();
        self.pages += 1;
        self.truncates += page.truncates.len() as u64;
        for table in &page.truncates {
            self.tables.entry(table.clone()).or_default().truncates += 1;
        }
        // Documents of one table follow each other in most pages, so a table is looked up once for all of them.
        for values in page.values.chunk_by(|one, next| one.table == next.table) {
            let Some(first) = values.first() else { continue };
            let counts = count(values);
            self.written += counts.written;
            self.deleted += counts.deleted;
            self.bytes += counts.bytes;
            match self.tables.get_mut(&first.table) {
                Some(table) => table.add(counts),
                None => _ = self.tables.insert(first.table.clone(), counts),
            }
        }
        self.status = Some(page.status.clone());
        self.snapshot_ts = batch.checkpoint().snapshot_ts();
        self.complete = batch.checkpoint().is_complete();
    }

    /// Returns `true` if the copy is complete and consistent after the last batch.
    pub fn is_up_to_date(&self) -> bool {
        matches!(self.status, Some(DataSyncStatus::UpToDate(_)))
    }

    /// Returns the age of the copy: the time from the last commit that it includes until `now`. The server dates that commit, so a
    /// wrong clock of the caller shows. `None` while the sync reads the tables for the first time.
    ///
    /// The age also grows while nobody writes to the deployment, until the next page.
    pub fn lag(&self, now: UnixMillis) -> Option<Duration> {
        self.snapshot_ts.map(|ts| now.saturating_duration_since(ts.to_millis()))
    }

    /// Returns the duration of the run until `now`.
    pub fn elapsed(&self, now: UnixMillis) -> Duration {
        now.saturating_duration_since(self.started_at)
    }

    /// Returns the number of written and deleted documents per second since the run began. 0 in the first millisecond.
    pub fn documents_per_second(&self, now: UnixMillis) -> f64 {
        rate(self.written + self.deleted, self.elapsed(now))
    }

    /// Returns the number of bytes of documents per second since the run began. 0 in the first millisecond.
    pub fn bytes_per_second(&self, now: UnixMillis) -> f64 {
        rate(self.bytes, self.elapsed(now))
    }

    /// Returns the part of all documents that the server has sent while it reads the tables, from 0.0 to 1.0. `None` without the
    /// server's record of the sync, and after the tables are read.
    ///
    /// The record lags some seconds behind, so the documents that the run has written count, too.
    pub fn fraction(&self) -> Option<f64> {
        use crate::deployment::data_sync::ActiveSyncStatus::Snapshotting;
        match self.active.as_ref().map(|active| &active.status) {
            Some(Snapshotting(snapshot)) if self.status == Some(DataSyncStatus::Snapshotting) => {
                let total = snapshot.total_documents.max(1) as f64;
                Some((snapshot.num_documents_synced.max(self.written) as f64 / total).min(1.0))
            }
            _ => None,
        }
    }
}

impl TableProgress {
    fn add(&mut self, other: Self) {
        self.written += other.written;
        self.deleted += other.deleted;
        self.truncates += other.truncates;
        self.bytes += other.bytes;
    }
}

#[inline]
fn count(values: &[DataSyncValue]) -> TableProgress {
    let mut counts = TableProgress::default();
    for value in values {
        if value.deleted {
            counts.deleted += 1;
        } else {
            counts.written += 1;
            counts.bytes += value.document.as_bytes().len() as u64;
        }
    }
    counts
}

fn rate(count: u64, elapsed: Duration) -> f64 {
    if elapsed.is_zero() { 0.0 } else { count as f64 / elapsed.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::DeployKey;
    use crate::deployment::data_sync::{ActiveSyncStatus, DataSyncPage, Document, Snapshot, SnapshotProgress};
    use crate::engines::sync::{MemorySink, SyncEngine, SyncOptions};
    use crate::request::Endpoint;

    const START: UnixMillis = UnixMillis(1_755_000_000_000);

    fn batch(status: DataSyncStatus, values: &[(&str, bool)], truncates: &[&str]) -> SyncBatch {
        let key = DeployKey::parse("prod:happy-animal-123|01ab").unwrap();
        let options = SyncOptions::new(&Endpoint::new("https://happy-animal-123.convex.cloud", &key).unwrap());
        let mut page = DataSyncPage::new(status, "s", "c");
        page.truncates = truncates.iter().map(|table| TablePath::new("", *table)).collect();
        page.values = values
            .iter()
            .map(|(table, deleted)| match deleted {
                true => DataSyncValue::delete(TablePath::new("", *table), UnixNanos(1), "a"),
                false => DataSyncValue::upsert(
                    TablePath::new("", *table),
                    UnixNanos(1),
                    Document::parse(r#"{"_id":"a"}"#).unwrap(),
                ),
            })
            .collect();
        SyncEngine::new(MemorySink::new().state(), options).unwrap().accept(page, START).unwrap()
    }

    #[test]
    fn counts_what_the_batches_of_a_run_do_in_all_and_by_table() {
        let mut progress = Progress::new(START);
        let values = [("t", false), ("u", false), ("t", false), ("t", true)];
        progress.record(&batch(DataSyncStatus::Snapshotting, &values, &["t", "v"]));
        progress.record(&batch(DataSyncStatus::Snapshotting, &[("t", false)], &["t"]));
        assert_eq!((progress.pages, progress.generation, progress.complete), (2, 1, false));
        assert_eq!((progress.written, progress.deleted, progress.truncates, progress.bytes), (4, 1, 3, 44));
        let table = |name| progress.tables[&TablePath::new("", name)];
        assert_eq!(table("t"), TableProgress { written: 3, deleted: 1, truncates: 2, bytes: 33 });
        assert_eq!(table("u"), TableProgress { written: 1, deleted: 0, truncates: 0, bytes: 11 });
        assert_eq!(table("v"), TableProgress { truncates: 1, ..TableProgress::default() });
    }

    #[test]
    fn rates_and_lag_are_those_since_the_start_and_since_the_snapshot() {
        let mut progress = Progress::new(START);
        assert_eq!((progress.lag(START), progress.is_up_to_date()), (None, false));
        let status = DataSyncStatus::UpToDate(Snapshot::new(UnixNanos((START.0 + 1000) * 1_000_000)));
        progress.record(&batch(status, &[("t", false), ("t", true)], &[]));
        let later = UnixMillis(START.0 + 4000);
        assert!(progress.is_up_to_date() && progress.complete);
        assert_eq!(progress.lag(later), Some(Duration::from_secs(3)));
        assert_eq!(progress.lag(START), Some(Duration::ZERO), "the server's clock is ahead");
        assert_eq!((progress.documents_per_second(later), progress.bytes_per_second(later)), (0.5, 2.75));
        assert_eq!((progress.documents_per_second(START), progress.bytes_per_second(UnixMillis(0))), (0.0, 0.0));
    }

    #[test]
    fn the_fraction_is_that_of_the_servers_record_while_it_reads_the_tables() {
        let mut progress = Progress::new(START);
        progress.record(&batch(DataSyncStatus::Snapshotting, &[], &[]));
        assert_eq!(progress.fraction(), None);
        let mut counts = SnapshotProgress::new();
        let active = |counts: &SnapshotProgress| {
            Some(ActiveSync::new("s", START, ActiveSyncStatus::Snapshotting(counts.clone())))
        };
        (progress.active, counts.num_documents_synced) = (active(&counts), 30);
        assert_eq!(progress.fraction(), Some(0.0), "no documents");
        counts.total_documents = 40;
        progress.active = active(&counts);
        assert_eq!(progress.fraction(), Some(0.75));
        counts.num_documents_synced = 50;
        progress.active = active(&counts);
        assert_eq!(progress.fraction(), Some(1.0), "documents were deleted meanwhile");
        counts.num_documents_synced = 1;
        (progress.active, progress.written) = (active(&counts), 20);
        assert_eq!(progress.fraction(), Some(0.5), "the record lags behind");
        progress.record(&batch(DataSyncStatus::UpToDate(Snapshot::new(UnixNanos(1))), &[], &[]));
        assert_eq!(progress.fraction(), None);
    }
}
