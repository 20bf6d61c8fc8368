//! [`Store`]: the tables of a deployment with their history, and the log of commits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::value::Document;

/// The table number that user tables start from.
const FIRST_TABLE_NUMBER: u32 = 10_001;

/// What tells tables apart. A table that is replaced gets a new one, but keeps its name and number.
pub(super) type TableId = u64;

/// The tables, and what happened to them.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) tables: BTreeMap<TableId, Table>,
    /// By time.
    pub(super) log: Vec<Commit>,
    /// When the newest commit was made, in nanoseconds since the epoch.
    pub(super) newest: i64,
    last_table: TableId,
    last_number: u32,
    /// The newest creation time of a document.
    pub(super) last_creation: f64,
}

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) component: String,
    pub(super) name: String,
    pub(super) number: u32,
    /// By id of the document, and by time.
    pub(super) documents: BTreeMap<String, Vec<Revision>>,
}

/// What a document became. None means that it was deleted.
#[derive(Debug)]
pub(super) struct Revision {
    pub(super) ts: i64,
    pub(super) document: Option<Document>,
}

/// What a transaction changed.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) ts: i64,
    pub(super) rows: BTreeSet<(TableId, String)>,
}

impl Default for Store {
    /// Without tables, but a deployment begins with a commit of its own.
    fn default() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            tables: BTreeMap::new(),
            log: Vec::new(),
            newest: nanoseconds(now),
            last_table: 0,
            last_number: FIRST_TABLE_NUMBER - 1,
            last_creation: 0.0,
        }
    }
}

impl Store {
    /// When a commit that is made now is made: later than any other.
    pub(super) fn next(&self, now: Duration) -> i64 {
        nanoseconds(now).max(self.newest + 1)
    }

    pub(super) fn push(&mut self, commit: Commit) {
        self.newest = commit.ts;
        self.log.push(commit);
    }

    /// Notes a commit that changed no documents of the app's tables. Tells when it was made.
    pub(super) fn touch(&mut self, now: Duration) -> i64 {
        let ts = self.next(now);
        self.push(Commit { ts, rows: BTreeSet::new() });
        ts
    }

    /// The commits that were made after a time.
    pub(super) fn since(&self, ts: i64) -> &[Commit] {
        &self.log[self.log.partition_point(|commit| commit.ts <= ts)..]
    }

    pub(super) fn find(&self, component: &str, name: &str) -> Option<TableId> {
        let mut tables = self.tables.iter();
        tables.find(|(_, table)| table.component == component && table.name == name).map(|(id, _)| *id)
    }

    /// Adds an empty table. A table that replaces another gets the other's number.
    pub(super) fn add(&mut self, component: &str, name: &str, number: Option<u32>) -> TableId {
        let number = number.unwrap_or_else(|| {
            self.last_number += 1;
            self.last_number
        });
        self.last_table += 1;
        let (component, name) = (component.to_owned(), name.to_owned());
        self.tables.insert(self.last_table, Table { component, name, number, documents: BTreeMap::new() });
        self.last_table
    }
}

impl Table {
    /// What the document was right after a commit.
    pub(super) fn at(&self, id: &str, ts: i64) -> Option<&Document> {
        as_of(self.documents.get(id)?, ts)?.document.as_ref()
    }

    /// The documents as they are now.
    pub(super) fn live(&self) -> impl Iterator<Item = &Document> {
        self.documents.values().filter_map(|revisions| revisions.last()?.document.as_ref())
    }
}

/// The revision that held at a time.
pub(super) fn as_of(revisions: &[Revision], ts: i64) -> Option<&Revision> {
    revisions.get(revisions.partition_point(|revision| revision.ts <= ts).checked_sub(1)?)
}

pub(super) fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
