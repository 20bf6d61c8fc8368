//! [`Tables`]: what a test can do to the data of a deployment, in one transaction.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::store::{Commit, Revision, Store, Table, TableId, as_of};
use super::value::{Document, Value};
use crate::{ids, random};

/// The tables of a deployment inside a transaction. The component of the app itself is `""`, nested ones are `a/b`.
#[derive(Debug)]
pub struct Tables<'a> {
    store: &'a mut Store,
    ts: i64,
    rows: BTreeSet<(TableId, String)>,
    /// Whether tables came or went.
    reshaped: bool,
}

/// The current content of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StoredTable {
    /// The path of the component; empty for the app itself.
    pub component: String,
    /// The table's name.
    pub table: String,
    /// The documents, by id.
    pub documents: Vec<Document>,
}

impl StoredTable {
    pub(super) fn of(table: &Table) -> Self {
        Self {
            component: table.component.clone(),
            table: table.name.clone(),
            documents: table.live().cloned().collect(),
        }
    }
}

/// Does something to the tables in one transaction. If it changes nothing, there is no commit.
pub(super) fn transaction<T>(store: &mut Store, now: Duration, change: impl FnOnce(&mut Tables<'_>) -> T) -> T {
    let ts = store.next(now);
    let mut tables = Tables { store, ts, rows: BTreeSet::new(), reshaped: false };
    let result = change(&mut tables);
    let Tables { store, mut rows, reshaped, .. } = tables;
    rows.retain(|(table, id)| changed(store, *table, id, ts));
    if reshaped || !rows.is_empty() {
        store.push(Commit { ts, rows });
    }
    result
}

/// Whether a document is another than before the transaction. If not, the transaction left no trace of it.
fn changed(store: &mut Store, table: TableId, id: &str, ts: i64) -> bool {
    // The table may have gone in the same transaction.
    let Some(table) = store.tables.get_mut(&table) else { return false };
    let Some(revisions) = table.documents.get_mut(id) else { return false };
    let before = as_of(revisions, ts - 1).and_then(|revision| revision.document.as_ref());
    let changed = before != as_of(revisions, ts).and_then(|revision| revision.document.as_ref());
    if !changed {
        revisions.retain(|revision| revision.ts < ts);
        if revisions.is_empty() {
            table.documents.remove(id);
        }
    }
    changed
}

impl Tables<'_> {
    /// Creates an empty table, unless there is one of this name. Syncs walk through tables in the order in which they
    /// were created.
    pub fn create_table(&mut self, component: &str, table: &str) {
        self.table(component, table);
    }

    /// Puts other documents in place of all those of a table, as an import that replaces does: syncs take it for a new
    /// table of the same name. Tells the ids of the documents.
    pub fn replace_table(
        &mut self,
        component: &str,
        table: &str,
        documents: impl IntoIterator<Item = Document>,
    ) -> Vec<String> {
        let old = self.store.find(component, table).and_then(|id| self.store.tables.remove(&id));
        self.store.add(component, table, old.map(|old| old.number));
        self.reshaped = true;
        documents.into_iter().map(|document| self.insert(component, table, document)).collect()
    }

    /// Empties a table. Syncs take it for a new table of the same name.
    pub fn clear_table(&mut self, component: &str, table: &str) {
        self.replace_table(component, table, []);
    }

    /// Deletes a table. Tells whether there was one.
    pub fn delete_table(&mut self, component: &str, table: &str) -> bool {
        let found = self.store.find(component, table).and_then(|id| self.store.tables.remove(&id)).is_some();
        self.reshaped |= found;
        found
    }

    /// Inserts a document, and creates the table if need be. `_id` and `_creationTime` are added unless they are there.
    /// Tells the id.
    pub fn insert(&mut self, component: &str, table: &str, mut document: Document) -> String {
        let table = self.table(component, table);
        if !document.contains_key("_creationTime") {
            let now = (self.ts / 1000) as f64 / 1000.0;
            self.store.last_creation = now.max(self.store.last_creation.next_up());
            document.insert("_creationTime".to_owned(), Value::Float64(self.store.last_creation));
        }
        let id = match document.get("_id") {
            Some(Value::String(id)) => id.clone(),
            _ => ids::encode(self.store.tables[&table].number, random::random_bytes()),
        };
        document.insert("_id".to_owned(), Value::String(id.clone()));
        self.write(table, &id, Some(document));
        id
    }

    /// Puts other fields in place of those of a document, but for `_id` and `_creationTime`. Tells whether there is such
    /// a document.
    pub fn replace(&mut self, component: &str, table: &str, id: &str, mut document: Document) -> bool {
        let Some(old) = self.get(component, table, id) else { return false };
        for name in ["_id", "_creationTime"] {
            document.extend(old.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        let table = self.table(component, table);
        self.write(table, id, Some(document));
        true
    }

    /// Deletes a document. Tells whether there was one.
    pub fn delete(&mut self, component: &str, table: &str, id: &str) -> bool {
        let found = self.get(component, table, id).is_some();
        if found {
            let table = self.table(component, table);
            self.write(table, id, None);
        }
        found
    }

    /// A document as it is now.
    pub fn get(&self, component: &str, table: &str, id: &str) -> Option<Document> {
        self.store.tables[&self.store.find(component, table)?].at(id, self.ts).cloned()
    }

    /// The documents of a table as they are now, by id.
    pub fn documents(&self, component: &str, table: &str) -> Vec<Document> {
        let table = self.store.find(component, table).map(|id| &self.store.tables[&id]);
        table.into_iter().flat_map(|table| table.live().cloned()).collect()
    }

    fn table(&mut self, component: &str, table: &str) -> TableId {
        self.store.find(component, table).unwrap_or_else(|| {
            self.reshaped = true;
            self.store.add(component, table, None)
        })
    }

    /// Of several writes of a document in one transaction, only the last is kept.
    fn write(&mut self, table: TableId, id: &str, document: Option<Document>) {
        let Some(table_) = self.store.tables.get_mut(&table) else { return };
        let revisions = table_.documents.entry(id.to_owned()).or_default();
        revisions.retain(|revision| revision.ts < self.ts);
        revisions.push(Revision { ts: self.ts, document });
        self.rows.insert((table, id.to_owned()));
    }
}
