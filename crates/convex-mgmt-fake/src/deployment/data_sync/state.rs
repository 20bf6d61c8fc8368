//! [`DataSync`]: the tables of a deployment, and the syncs that read them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::page::{Position, Status};
use super::progress::{Progress, ProgressStatus};
use super::quirks::SyncQuirks;
use super::selection::Selection;
use super::store::{Store, nanoseconds};
use super::tables::{self, StoredTable, Tables};
use crate::api::ApiError;
use crate::state::{AuditEntry, Deployment, Knobs};

/// The tables of a deployment, and its syncs.
#[derive(Debug, Default)]
pub(crate) struct DataSync {
    pub(super) store: Store,
    /// The progress of syncs, by their ids.
    pub(super) syncs: BTreeMap<String, Progress>,
    /// The positions of all cursors that pages have returned; `None` if a test lets them expire. A cursor of another deployment
    /// is not among them.
    pub(super) cursors: HashMap<String, Option<Position>>,
    /// The cursors of the list of active syncs, with the timestamp of the last listed sync.
    pub(super) list_cursors: HashMap<String, i64>,
    pub(crate) quirks: SyncQuirks,
}

impl DataSync {
    /// Changes the tables in one transaction.
    pub(crate) fn commit<T>(&mut self, now: Duration, knobs: &Knobs, change: impl FnOnce(&mut Tables<'_>) -> T) -> T {
        self.store.forget(oldest(now, knobs));
        tables::transaction(&mut self.store, now, change)
    }

    /// The live tables with their documents, in order of creation.
    pub(crate) fn tables(&self) -> Vec<StoredTable> {
        self.store.tables.values().filter(|table| table.is_live()).map(StoredTable::of).collect()
    }

    /// The hidden tables with their documents, in order of creation.
    pub(crate) fn hidden_tables(&self) -> Vec<StoredTable> {
        self.store.tables.values().filter(|table| !table.is_live()).map(StoredTable::of).collect()
    }

    /// Lets all cursors expire that pages have returned so far.
    pub(crate) fn expire_cursors(&mut self) {
        self.cursors.values_mut().for_each(|position| *position = None);
    }

    /// Commits the progress of a sync, unless the last commit is recent and the change is not urgent.
    pub(super) fn write_progress(
        &mut self,
        position: &Position,
        selection: &Selection,
        status: Status,
        now: Duration,
        knobs: &Knobs,
    ) {
        let status = ProgressStatus::new(&self.store, position, selection, status);
        let is_recent = |old: &Progress| now < old.last_updated + knobs.data_sync_progress_interval;
        let old = self.syncs.get(&position.sync_id);
        if old.is_some_and(|old| is_recent(old) && !status.is_urgent_after(&old.status)) {
            return;
        }
        self.store.forget(oldest(now, knobs));
        let ts = self.store.touch(now);
        self.syncs.insert(position.sync_id.clone(), Progress { ts, last_updated: now, status });
    }
}

/// The timestamp since which the history of documents is available.
pub(super) fn oldest(now: Duration, knobs: &Knobs) -> i64 {
    nanoseconds(now.saturating_sub(knobs.document_retention))
}

/// Adds an empty commit for a write elsewhere, which advances the snapshot of syncs.
pub(in crate::deployment) fn on_record(deployment: &mut Deployment, _entry: &AuditEntry) {
    let now = deployment.now();
    deployment.topics.of::<DataSync>().store.touch(now);
}

/// Checks that the plan includes data sync. A self-hosted deployment has no plan and includes it.
pub(super) fn require_data_sync(deployment: &Deployment) -> Result<(), ApiError> {
    match &deployment.plan {
        Some(plan) if !plan.streaming_export_enabled => {
            Err(ApiError::forbidden("StreamingExportNotEnabled", "the plan does not include data sync"))
        }
        _ => Ok(()),
    }
}
