//! [`Store`]: the tables of a deployment with their history, and the commit log.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::value::Document;

/// The number of the first user table.
const FIRST_TABLE_NUMBER: u32 = 10_001;

/// The identity of a table. A table that replaces another has a new identity and the same name and number.
pub(super) type TableId = u64;

/// The tables with their history.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) tables: BTreeMap<TableId, Table>,
    /// In order of time.
    log: VecDeque<Commit>,
    /// The timestamp of the newest commit, in nanoseconds since the Unix epoch.
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
    pub(super) state: State,
    /// The revisions of each document in order of time, by document id. No list is empty.
    pub(super) documents: BTreeMap<String, Revisions>,
    /// The number of current documents.
    live: usize,
}

pub(super) type Revisions = VecDeque<Revision>;

/// The state of a table. Data sync exports tables of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Functions read and write it.
    Live,
    /// An import builds it, or has failed and left it behind. It has the name of the table that it may replace.
    Hidden,
}

/// A revision of a document; `None` is a deletion.
#[derive(Debug)]
pub(super) struct Revision {
    pub(super) ts: i64,
    pub(super) document: Option<Document>,
}

/// The changes of a transaction.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) ts: i64,
    pub(super) rows: BTreeSet<(TableId, String)>,
}

impl Default for Store {
    /// A store without tables. A deployment begins with one commit.
    fn default() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            tables: BTreeMap::new(),
            log: VecDeque::new(),
            newest: nanoseconds(now),
            last_table: 0,
            last_number: FIRST_TABLE_NUMBER - 1,
            last_creation: 0.0,
        }
    }
}

impl Store {
    /// Returns the timestamp of the next commit, which is later than all others.
    pub(super) fn next(&self, now: Duration) -> i64 {
        nanoseconds(now).max(self.newest + 1)
    }

    pub(super) fn push(&mut self, commit: Commit) {
        self.newest = commit.ts;
        self.log.push_back(commit);
    }

    /// Forgets the commits up to a timestamp, and the revisions that nobody can read any more.
    pub(super) fn forget(&mut self, until: i64) {
        let old = self.log.partition_point(|commit| commit.ts <= until);
        for commit in self.log.drain(..old) {
            for (table, id) in commit.rows {
                if let Some(table) = self.tables.get_mut(&table) {
                    table.forget(&id, until);
                }
            }
        }
    }

    /// Adds a commit without changes to user tables. Returns its timestamp.
    pub(super) fn touch(&mut self, now: Duration) -> i64 {
        let ts = self.next(now);
        self.push(Commit { ts, rows: BTreeSet::new() });
        ts
    }

    /// Adds a commit without changes if the newest commit is so old that a position at it would expire soon. Inferred: the real
    /// server advances its timestamp while nobody writes.
    pub(super) fn advance_if_idle(&mut self, now: Duration, retention: Duration) {
        if self.newest <= nanoseconds(now.saturating_sub(retention / 4 * 3)) {
            self.touch(now);
        }
    }

    /// The commits after a timestamp.
    pub(super) fn since(&self, ts: i64) -> impl Iterator<Item = &Commit> {
        self.log.range(self.log.partition_point(|commit| commit.ts <= ts)..)
    }

    /// Finds the live table of a name.
    pub(super) fn find(&self, component: &str, name: &str) -> Option<TableId> {
        let is_it = |table: &Table| table.is_live() && table.component == component && table.name == name;
        self.tables.iter().find(|(_, table)| is_it(table)).map(|(id, _)| *id)
    }

    /// The number of a table, which its ids begin with.
    pub(super) fn number(&self, table: TableId) -> u32 {
        self.tables.get(&table).map_or(FIRST_TABLE_NUMBER, |table| table.number)
    }

    /// Adds an empty table. A table that replaces another takes over its number.
    pub(super) fn add(&mut self, component: &str, name: &str, number: Option<u32>, state: State) -> TableId {
        let number = number.unwrap_or_else(|| {
            self.last_number += 1;
            self.last_number
        });
        self.last_table += 1;
        let (component, name) = (component.to_owned(), name.to_owned());
        let table = Table { component, name, number, state, documents: BTreeMap::new(), live: 0 };
        self.tables.insert(self.last_table, table);
        self.last_table
    }
}

impl Table {
    pub(super) fn is_live(&self) -> bool {
        self.state == State::Live
    }

    /// Returns a document as of a timestamp.
    pub(super) fn at(&self, id: &str, ts: i64) -> Option<&Document> {
        as_of(self.documents.get(id)?, ts)?.document.as_ref()
    }

    /// The ids of the current documents.
    pub(super) fn live_ids(&self) -> impl Iterator<Item = &String> {
        self.documents.iter().filter(|(_, revisions)| is_live(revisions)).map(|(id, _)| id)
    }

    /// The number of current documents.
    pub(super) fn count(&self) -> usize {
        self.live
    }

    /// Writes a revision. It replaces one with the same timestamp, which is the latest.
    pub(super) fn write(&mut self, id: &str, revision: Revision) {
        let revisions = self.documents.entry(id.to_owned()).or_default();
        self.live -= usize::from(is_live(revisions));
        if revisions.back().is_some_and(|last| last.ts >= revision.ts) {
            revisions.pop_back();
        }
        revisions.push_back(revision);
        self.live += usize::from(is_live(revisions));
    }

    /// Removes the revision with this timestamp if it changes nothing. Returns `true` if it changes the document.
    pub(super) fn keep_change(&mut self, id: &str, ts: i64) -> bool {
        let Some(revisions) = self.documents.get_mut(id) else { return false };
        let before = as_of(revisions, ts - 1).and_then(|revision| revision.document.as_ref());
        if before != as_of(revisions, ts).and_then(|revision| revision.document.as_ref()) {
            return true;
        }
        if revisions.back().is_some_and(|last| last.ts == ts) {
            revisions.pop_back();
        }
        if revisions.is_empty() {
            self.documents.remove(id);
        }
        false
    }

    /// Forgets the revisions of a document that were replaced until a timestamp, and the document if it was deleted until then.
    fn forget(&mut self, id: &str, until: i64) {
        let Some(revisions) = self.documents.get_mut(id) else { return };
        while revisions.get(1).is_some_and(|next| next.ts <= until) {
            revisions.pop_front();
        }
        if revisions.len() == 1 && revisions[0].ts <= until && revisions[0].document.is_none() {
            self.documents.remove(id);
        }
    }

    /// The current documents.
    pub(super) fn live(&self) -> impl Iterator<Item = &Document> {
        self.documents.values().filter_map(|revisions| revisions.back()?.document.as_ref())
    }
}

fn is_live(revisions: &Revisions) -> bool {
    revisions.back().is_some_and(|revision| revision.document.is_some())
}

/// Returns the revision as of a timestamp.
pub(super) fn as_of(revisions: &Revisions, ts: i64) -> Option<&Revision> {
    revisions.get(revisions.partition_point(|revision| revision.ts <= ts).checked_sub(1)?)
}

pub(super) fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_history_is_forgotten_and_current_documents_stay() {
        let mut store = Store { newest: 0, ..Store::default() };
        let table = store.add("", "a", None, State::Live);
        let mut write = |ts: u64, id: &str, document: Option<Document>| {
            let ts = store.next(Duration::from_nanos(ts));
            store.tables.get_mut(&table).unwrap().write(id, Revision { ts, document });
            store.push(Commit { ts, rows: BTreeSet::from([(table, id.to_owned())]) });
        };
        for ts in 1..=100 {
            write(ts, "hot", Some(Document::new()));
        }
        write(101, "deleted", Some(Document::new()));
        write(102, "deleted", None);
        write(103, "kept", Some(Document::new()));
        write(104, "hot", None);
        let sizes = |store: &Store| {
            let table = &store.tables[&table];
            let revisions = |id: &str| table.documents.get(id).map_or(0, Revisions::len);
            (store.log.len(), ["hot", "deleted", "kept"].map(revisions), table.count())
        };
        assert_eq!(sizes(&store), (104, [101, 2, 1], 1));
        store.forget(50);
        assert_eq!(sizes(&store), (54, [52, 2, 1], 1));
        assert_eq!(store.since(49).next().map(|commit| commit.ts), Some(51));
        store.forget(103);
        assert_eq!(sizes(&store), (1, [2, 0, 1], 1));
        assert!(store.tables[&table].at("hot", 103).is_some() && store.tables[&table].at("kept", 103).is_some());
        store.forget(104);
        assert_eq!(sizes(&store), (0, [0, 0, 1], 1));
    }
}
