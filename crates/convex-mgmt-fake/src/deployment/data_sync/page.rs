//! The pages of a data sync: snapshots of the tables one after the other, by id, and the commit log for the documents that
//! were already returned. Source: convex-backend's `crates/table_iteration/src/data_sync.rs`.

use std::collections::BTreeSet;
use std::ops::Bound;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::selection::{Columns, Selection};
use super::store::{Store, Table, TableId, as_of, nanoseconds};
use super::value::{Document, Value};
use crate::state::Knobs;

/// The position of a sync.
#[derive(Clone, Debug)]
pub(super) struct Position {
    pub(super) sync_id: String,
    /// The commit timestamp at which the returned documents are consistent.
    pub(super) synced_ts: i64,
    /// The tables whose snapshots are complete.
    pub(super) done: BTreeSet<TableId>,
    pub(super) current: Option<Walk>,
    /// Number of entries in all pages.
    pub(super) documents: u64,
}

/// The position in the snapshot of a table.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub(super) table: TableId,
    last_id: Option<String>,
    /// Number of documents returned so far.
    pub(super) documents: u64,
}

impl Walk {
    fn new(table: TableId) -> Self {
        Self { table, last_id: None, documents: 0 }
    }
}

impl Position {
    /// The position before the first page.
    pub(super) fn new(sync_id: String, store: &Store) -> Self {
        Self { sync_id, synced_ts: store.newest, done: BTreeSet::new(), current: None, documents: 0 }
    }

    fn tracked(&self) -> BTreeSet<TableId> {
        self.done.iter().copied().chain(self.current.as_ref().map(|walk| walk.table)).collect()
    }

    /// Returns `true` if a snapshot has passed this document: its changes must be returned.
    fn is_captured(&self, table: TableId, id: &str) -> bool {
        self.done.contains(&table)
            || self
                .current
                .as_ref()
                .is_some_and(|walk| walk.table == table && walk.last_id.as_deref().is_some_and(|last| id <= last))
    }
}

/// The state of a sync relative to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Status {
    Snapshotting,
    Stale { snapshot_ts: i64 },
    UpToDate { snapshot_ts: i64 },
}

/// The content of a page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: Status,
    pub(super) truncates: Vec<Truncate>,
    pub(super) values: Vec<Entry>,
}

impl Status {
    /// The point in time at which the returned documents are consistent.
    pub(super) fn snapshot_ts(self) -> Option<i64> {
        match self {
            Self::Snapshotting => None,
            Self::Stale { snapshot_ts } | Self::UpToDate { snapshot_ts } => Some(snapshot_ts),
        }
    }
}

/// A table whose documents the client must drop.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Truncate {
    pub(super) component: String,
    pub(super) table: String,
}

/// A changed or deleted document.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) component: String,
    pub(super) table: String,
    pub(super) ts: i64,
    pub(super) deleted: bool,
    pub(super) value: Box<RawValue>,
}

/// The selected tables, in order of creation.
pub(super) fn selected<'a>(
    store: &'a Store,
    selection: &'a Selection,
) -> impl Iterator<Item = (TableId, &'a Table, Columns<'a>)> {
    store.tables.iter().filter_map(|(id, table)| Some((*id, table, selection.columns(&table.component, &table.name)?)))
}

/// Creates the next page and advances the position.
pub(super) fn page(store: &Store, position: &mut Position, selection: &Selection, knobs: &Knobs) -> Page {
    let before = position.tracked();
    let tables: BTreeSet<TableId> = selected(store, selection).map(|(id, ..)| id).collect();
    let next = |done: &BTreeSet<TableId>| tables.iter().find(|table| !done.contains(table)).copied().map(Walk::new);
    position.done.retain(|table| tables.contains(table));
    position.current =
        position.current.take().filter(|walk| tables.contains(&walk.table)).or_else(|| next(&position.done));

    let mut writer = Writer { store, selection, knobs, values: Vec::new(), bytes: 0 };
    let is_fresh = store.newest.saturating_sub(position.synced_ts) < nanoseconds(knobs.data_sync_max_snapshot_age);
    match &mut position.current {
        Some(walk) if is_fresh => {
            if writer.walk(walk, position.synced_ts) {
                position.done.insert(walk.table);
                position.current = next(&position.done);
            }
        }
        _ => position.synced_ts = writer.follow(position),
    }
    let Writer { values, .. } = writer;
    position.documents += values.len() as u64;

    let status = match position {
        Position { current: Some(_), .. } => Status::Snapshotting,
        Position { synced_ts, .. } if *synced_ts < store.newest => Status::Stale { snapshot_ts: *synced_ts },
        Position { synced_ts, .. } => Status::UpToDate { snapshot_ts: *synced_ts },
    };
    let started = position.tracked();
    let started = started.difference(&before).filter_map(|id| store.tables.get(id));
    let names = started.map(|table| Truncate { component: table.component.clone(), table: table.name.clone() });
    // The set sorts the names and removes duplicates.
    let truncates = names.collect::<BTreeSet<_>>().into_iter().collect();
    Page { status, truncates, values }
}

/// The JSON of a document.
fn text(document: &Document) -> Box<RawValue> {
    to_raw_value(document).expect("all keys are strings")
}

/// The JSON of a deleted document.
pub(super) fn id_only(id: &str) -> Box<RawValue> {
    text(&Document::from([("_id".to_owned(), Value::String(id.to_owned()))]))
}

/// Collects the entries of a page.
struct Writer<'a> {
    store: &'a Store,
    selection: &'a Selection,
    knobs: &'a Knobs,
    values: Vec<Entry>,
    bytes: usize,
}

impl Writer<'_> {
    /// Continues the snapshot of a table as of `ts`. Returns `true` at its end.
    fn walk(&mut self, walk: &mut Walk, ts: i64) -> bool {
        let Some(table) = self.store.tables.get(&walk.table) else { return true };
        let start = walk.last_id.clone().map_or(Bound::Unbounded, Bound::Excluded);
        for (id, revisions) in table.documents.range::<String, _>((start, Bound::Unbounded)) {
            if self.is_full() {
                return false;
            }
            let Some(revision) = as_of(revisions, ts).filter(|revision| revision.document.is_some()) else { continue };
            self.write(table, id, revision.ts, revision.document.as_ref());
            walk.last_id = Some(id.clone());
            walk.documents += 1;
        }
        // A full page does not detect the end of the table, as on the real server.
        !self.is_full()
    }

    /// Reads the commit log. Returns the timestamp of the last commit that it read.
    fn follow(&mut self, position: &Position) -> i64 {
        let mut rows = 0;
        for commit in self.store.since(position.synced_ts) {
            for (table, id) in commit.rows.iter().filter(|(table, id)| position.is_captured(*table, id)) {
                if let Some(table) = self.store.tables.get(table) {
                    self.write(table, id, commit.ts, table.at(id, commit.ts));
                }
            }
            // A commit without documents has one row, of a system table.
            rows += commit.rows.len().max(1);
            if self.is_full() || rows >= self.knobs.data_sync_page_rows {
                return commit.ts;
            }
        }
        self.store.newest
    }

    fn is_full(&self) -> bool {
        self.values.len() >= self.knobs.data_sync_page_entries || self.bytes >= self.knobs.data_sync_page_bytes
    }

    fn write(&mut self, table: &Table, id: &str, ts: i64, document: Option<&Document>) {
        let Some(columns) = self.selection.columns(&table.component, &table.name) else { return };
        // As text: a page may have many documents, and its response is not written while the deployment is locked.
        let value = match document {
            Some(document) => {
                let whole = text(document);
                self.bytes += whole.get().len();
                columns.of(document).map_or(whole, |part| text(&part))
            }
            None => id_only(id),
        };
        let (component, table) = (table.component.clone(), table.name.clone());
        self.values.push(Entry { component, table, ts, deleted: document.is_none(), value });
    }
}
