//! [`Tables`]: changes to the tables of a deployment in one transaction.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::store::{Commit, Revision, State, Store, Table, TableId};
use super::value::{Document, Value};
use crate::state::{encode_id, random_bytes};

/// The live tables of a deployment inside a transaction. The path of the root component is `""`, the path of a nested one is like `a/b`.
#[derive(Debug)]
pub struct Tables<'a> {
    pub(super) store: &'a mut Store,
    ts: i64,
    rows: BTreeSet<(TableId, String)>,
    /// `true` if tables were created, deleted or made live.
    pub(super) reshaped: bool,
}

/// The current documents of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StoredTable {
    /// The path of the component; empty for the root component.
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

/// Changes the tables in one transaction. There is no commit if nothing changes.
pub(super) fn transaction<T>(store: &mut Store, now: Duration, change: impl FnOnce(&mut Tables<'_>) -> T) -> T {
    let ts = store.next(now);
    let mut tables = Tables { store, ts, rows: BTreeSet::new(), reshaped: false };
    let result = change(&mut tables);
    let Tables { store, mut rows, reshaped, .. } = tables;
    // The same transaction may have deleted the table.
    rows.retain(|(table, id)| store.tables.get_mut(table).is_some_and(|table| table.keep_change(id, ts)));
    if reshaped || !rows.is_empty() {
        store.push(Commit { ts, rows });
    }
    result
}

impl Tables<'_> {
    /// Creates an empty table, unless it exists. Syncs return tables in order of creation.
    pub fn create_table(&mut self, component: &str, table: &str) {
        self.table(component, table);
    }

    /// Replaces all documents of a table, as an import with the mode `replace` does. A sync reads it as a new table with the
    /// same name. Returns the ids of the documents.
    pub fn replace_table(
        &mut self,
        component: &str,
        table: &str,
        documents: impl IntoIterator<Item = Document>,
    ) -> Vec<String> {
        let old = self.store.find(component, table).and_then(|id| self.store.tables.remove(&id));
        self.store.add(component, table, old.map(|old| old.number), State::Live);
        self.reshaped = true;
        documents.into_iter().map(|document| self.insert(component, table, document)).collect()
    }

    /// Deletes all documents of a table. A sync reads it as a new table with the same name.
    pub fn clear_table(&mut self, component: &str, table: &str) {
        self.replace_table(component, table, []);
    }

    /// Deletes a table. Returns `true` if it existed. A hidden table of the same name stays.
    pub fn delete_table(&mut self, component: &str, table: &str) -> bool {
        let found = self.store.find(component, table).and_then(|id| self.store.tables.remove(&id)).is_some();
        self.reshaped |= found;
        found
    }

    /// Inserts a document, and creates the table if it does not exist. Adds `_id` and `_creationTime` if they are missing.
    /// Returns the id.
    pub fn insert(&mut self, component: &str, table: &str, document: Document) -> String {
        let table = self.table(component, table);
        self.insert_into(table, document)
    }

    /// Inserts a document into a table, which may be hidden.
    pub(super) fn insert_into(&mut self, table: TableId, mut document: Document) -> String {
        if !document.contains_key("_creationTime") {
            let now = (self.ts / 1000) as f64 / 1000.0;
            self.store.last_creation = now.max(self.store.last_creation.next_up());
            document.insert("_creationTime".to_owned(), Value::Float64(self.store.last_creation));
        }
        let id = match document.get("_id") {
            Some(Value::String(id)) => id.clone(),
            _ => encode_id(self.store.number(table), random_bytes()),
        };
        document.insert("_id".to_owned(), Value::String(id.clone()));
        self.write(table, &id, Some(document));
        id
    }

    /// Replaces the fields of a document except `_id` and `_creationTime`. Returns `true` if the document exists.
    pub fn replace(&mut self, component: &str, table: &str, id: &str, mut document: Document) -> bool {
        let Some(old) = self.get(component, table, id) else { return false };
        for name in ["_id", "_creationTime"] {
            document.extend(old.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        let table = self.table(component, table);
        self.write(table, id, Some(document));
        true
    }

    /// Deletes a document. Returns `true` if it existed.
    pub fn delete(&mut self, component: &str, table: &str, id: &str) -> bool {
        let found = self.get(component, table, id).is_some();
        if found {
            let table = self.table(component, table);
            self.write(table, id, None);
        }
        found
    }

    /// Returns the current state of a document.
    pub fn get(&self, component: &str, table: &str, id: &str) -> Option<Document> {
        self.store.tables[&self.store.find(component, table)?].at(id, self.ts).cloned()
    }

    /// Returns the current documents of a table, sorted by id.
    pub fn documents(&self, component: &str, table: &str) -> Vec<Document> {
        let table = self.store.find(component, table).map(|id| &self.store.tables[&id]);
        table.into_iter().flat_map(|table| table.live().cloned()).collect()
    }

    /// Returns the ids of the current documents of a table, sorted.
    pub fn ids(&self, component: &str, table: &str) -> Vec<String> {
        let table = self.store.find(component, table).map(|id| &self.store.tables[&id]);
        table.into_iter().flat_map(|table| table.live_ids().cloned()).collect()
    }

    /// Returns the id of a table with these bytes. Creates the table if it does not exist.
    pub(crate) fn id_of(&mut self, component: &str, table: &str, bytes: [u8; 16]) -> String {
        let table = self.table(component, table);
        encode_id(self.store.number(table), bytes)
    }

    fn table(&mut self, component: &str, table: &str) -> TableId {
        self.store.find(component, table).unwrap_or_else(|| {
            self.reshaped = true;
            self.store.add(component, table, None, State::Live)
        })
    }

    /// Writes a document. The last write of a transaction replaces the earlier ones.
    fn write(&mut self, table: TableId, id: &str, document: Option<Document>) {
        let Some(stored) = self.store.tables.get_mut(&table) else { return };
        stored.write(id, Revision { ts: self.ts, document });
        self.rows.insert((table, id.to_owned()));
    }
}
