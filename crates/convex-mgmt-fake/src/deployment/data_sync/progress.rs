//! [`Progress`]: the progress of a sync. Source: convex-backend's `crates/model/src/data_sync_progress/mod.rs`.

use std::time::Duration;

use serde::Serialize;

use super::page::{Position, Status, selected};
use super::selection::Selection;
use super::store::Store;

/// The last written progress of a sync.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// The timestamp of the commit that wrote it.
    pub(super) ts: i64,
    pub(super) last_updated: Duration,
    pub(super) status: ProgressStatus,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum ProgressStatus {
    Snapshotting {
        num_tables_synced: usize,
        total_tables: usize,
        current_component: String,
        current_table: String,
        num_documents_in_current_table: u64,
        total_documents_in_current_table: usize,
        num_documents_synced: u64,
        total_documents: usize,
    },
    Stale {
        total_tables: usize,
        num_documents_synced: u64,
        synced_ts: i64,
    },
    UpToDate {
        total_tables: usize,
        num_documents_synced: u64,
        synced_ts: i64,
    },
}

impl ProgressStatus {
    pub(super) fn new(store: &Store, position: &Position, selection: &Selection, status: Status) -> Self {
        let total_tables = selected(store, selection).count();
        let num_documents_synced = position.documents;
        let walk = position.current.as_ref().and_then(|walk| Some((walk, store.tables.get(&walk.table)?)));
        match (status, walk) {
            (Status::UpToDate { snapshot_ts: synced_ts }, _) => {
                Self::UpToDate { total_tables, num_documents_synced, synced_ts }
            }
            (Status::Snapshotting, Some((walk, table))) => Self::Snapshotting {
                num_tables_synced: position.done.len(),
                total_tables,
                current_component: table.component.clone(),
                current_table: table.name.clone(),
                num_documents_in_current_table: walk.documents,
                total_documents_in_current_table: table.count(),
                num_documents_synced,
                total_documents: selected(store, selection).map(|(_, table, _)| table.count()).sum(),
            },
            _ => Self::Stale { total_tables, num_documents_synced, synced_ts: position.synced_ts },
        }
    }

    /// Returns `true` if the change is written without waiting for the progress interval.
    pub(super) fn is_urgent_after(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Snapshotting { .. }, Self::Snapshotting { .. }) | (Self::Stale { .. }, Self::Stale { .. }) => false,
            (
                Self::UpToDate { num_documents_synced: count, .. },
                Self::UpToDate { num_documents_synced: old_count, .. },
            ) => count != old_count,
            _ => true,
        }
    }
}
