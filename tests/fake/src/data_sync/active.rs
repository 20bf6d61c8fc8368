//! The progress of syncs, and the list of those that are active, as convex-backend's
//! `crates/model/src/data_sync_progress/mod.rs` has it.

use std::time::Duration;

use axum::Json;
use axum::extract::State as Extension;
use serde::{Deserialize, Serialize};

use super::page::{Position, Status, selected};
use super::selection::Selection;
use super::store::Store;
use super::{State, entitled};
use crate::auth::Caller;
use crate::error::Refusal;
use crate::extract::QueryArgs;
use crate::knobs::Knobs;
use crate::random;
use crate::state::Shared;

/// What is kept of a sync besides its cursors.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// The commit that wrote it.
    ts: i64,
    last_updated: Duration,
    status: ProgressStatus,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum ProgressStatus {
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
    fn new(store: &Store, position: &Position, selection: &Selection, status: Status) -> Self {
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
                total_documents_in_current_table: table.live().count(),
                num_documents_synced,
                total_documents: selected(store, selection).map(|(_, table, _)| table.live().count()).sum(),
            },
            _ => Self::Stale { total_tables, num_documents_synced, synced_ts: position.synced_ts },
        }
    }

    /// Whether this is worth telling soon after the other.
    fn is_news_after(&self, other: &Self) -> bool {
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

impl State {
    /// Writes the progress of a sync, which is a commit, unless that was done lately.
    pub(super) fn note_progress(
        &mut self,
        position: &Position,
        selection: &Selection,
        status: Status,
        now: Duration,
        knobs: &Knobs,
    ) {
        let status = ProgressStatus::new(&self.store, position, selection, status);
        let is_lately = |old: &Progress| now < old.last_updated + knobs.data_sync_progress_interval;
        let old = self.syncs.get(&position.sync_id);
        if old.is_some_and(|old| is_lately(old) && !status.is_news_after(&old.status)) {
            return;
        }
        let ts = self.store.touch(now);
        self.syncs.insert(position.sync_id.clone(), Progress { ts, last_updated: now, status });
    }
}

#[derive(Deserialize)]
pub(super) struct ListArgs {
    limit: Option<u64>,
    cursor: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Listed {
    syncs: Vec<Listing>,
    pagination: Pagination,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    sync_id: String,
    last_updated: u64,
    status: ProgressStatus,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pagination {
    pub(super) has_more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
}

/// The query comes before the caller: a bad query is told even to those who have no key.
pub(super) async fn list(
    Extension(state): Extension<Shared>,
    QueryArgs(args): QueryArgs<ListArgs>,
    caller: Caller,
) -> Result<Json<Listed>, Refusal> {
    let mut deployment = state.deployment();
    entitled(&deployment)?;
    caller.require("deployment:data:view")?;
    let (default, most) = deployment.knobs.active_syncs_page;
    let limit = args.limit.unwrap_or(default);
    if !(1..=most).contains(&limit) {
        return Err(Refusal::bad_request("LimitOutOfRange", format!("the limit has to be from 1 to {most}")));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let before = match args.cursor {
        None => i64::MAX,
        Some(cursor) => *deployment
            .data
            .list_cursors
            .get(&cursor)
            .ok_or_else(|| Refusal::bad_request("InvalidCursor", "this is no cursor of this list"))?,
    };
    let (now, window) = (deployment.now(), deployment.knobs.active_sync_window);
    let data = &mut deployment.data;
    let active = |progress: &Progress| progress.ts < before && now < progress.last_updated + window;
    let mut page: Vec<_> = data.syncs.iter().filter(|(_, progress)| active(progress)).collect();
    page.sort_by_key(|(_, progress)| std::cmp::Reverse(progress.ts));
    page.truncate(limit);
    // The end is seen only by a page that is not full.
    let next = page.last().filter(|_| page.len() == limit).map(|(_, progress)| progress.ts);
    let listing = |(id, progress): (&String, &Progress)| Listing {
        sync_id: id.clone(),
        last_updated: u64::try_from(progress.last_updated.as_millis()).unwrap_or(u64::MAX),
        status: progress.status.clone(),
    };
    let syncs = page.into_iter().map(listing).collect();
    let next_cursor = next.map(|ts| {
        let cursor = random::hex(&random::random_bytes::<48>());
        data.list_cursors.insert(cursor.clone(), ts);
        cursor
    });
    Ok(Json(Listed { syncs, pagination: Pagination { has_more: next_cursor.is_some(), next_cursor } }))
}
