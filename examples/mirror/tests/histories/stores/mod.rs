//! The stores of copies that play the histories: [`Store`] is the harness's view of one.

use std::collections::BTreeMap;

use convex_mgmt::sync::{OldRows, Sink};

use crate::data::{TABLES, Table};

pub(crate) mod broken;
pub(crate) mod memory;
pub(crate) mod postgres;
pub(crate) mod sqlite;

/// A stored document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) generation: u64,
    pub(crate) text: String,
}

/// The whole content of a store. Tables that no deployment has are one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Copy {
    pub(crate) rows: BTreeMap<(Table, String), Row>,
    pub(crate) checkpoint: Option<String>,
}

impl Copy {
    /// Returns the highest generation of a row.
    pub(crate) fn newest(&self) -> Option<u64> {
        self.rows.values().map(|row| row.generation).max()
    }

    /// Lists the rows for a report.
    pub(crate) fn list(&self) -> String {
        let name =
            |table: &Table| TABLES.get(*table).map_or("another table".to_owned(), |(one, two)| format!("{one}:{two}"));
        let rows = self.rows.iter();
        rows.map(|((table, _), row)| format!("  {} @{} {}\n", name(table), row.generation, row.text)).collect()
    }
}

/// A store of one copy. Each sink of it is that of another process.
pub(crate) trait Store: Sized + 'static {
    /// The sink under test.
    type Sink: Sink + 'static;

    /// `true` if a sink that is opened takes the store away from all others.
    const IS_EXCLUSIVE: bool = false;

    /// Creates an empty store.
    async fn new(old_rows: OldRows) -> Self;

    /// Returns the sink of a run that begins.
    async fn open(&self) -> Self::Sink;

    /// Reads everything, in another way than the sink.
    async fn read(&self) -> Copy;

    /// Removes the checkpoint and keeps the rows.
    async fn lose_checkpoint(&self);

    /// Removes the store.
    async fn end(&self) {}

    /// Returns the text of a document in the form of [`Row::text`]. The default is the server's spelling.
    fn spelling(text: &str) -> String {
        text.to_owned()
    }
}
