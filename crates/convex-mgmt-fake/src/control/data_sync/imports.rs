//! [`Import`]: a running import.

use crate::control::fake::Fake;
use crate::deployment::{DataSync, Document, StoredTable};

/// A running import with the mode `replace`, as the server performs it.
///
/// It writes into a hidden table of the same name, which data sync exports at once. So pages have the truncate of the table
/// and the imported documents before the import ends. Dropping it has the effect of [`Import::fail`].
#[derive(Debug)]
#[must_use = "dropping an import fails it"]
pub struct Import {
    fake: Fake,
    id: u64,
}

impl Fake {
    /// Begins an import into a table, which need not exist. Its documents stay live until [`Import::finish`].
    pub fn begin_import(&self, component: &str, table: &str) -> Import {
        let id = self.commit(|tables| tables.begin_import(component, table));
        Import { fake: self.clone(), id }
    }

    /// Returns the hidden tables with their documents, in order of creation. Running imports and failed imports have them.
    pub fn hidden_tables(&self) -> Vec<StoredTable> {
        self.state.deployment().topics.of::<DataSync>().hidden_tables()
    }
}

impl Import {
    /// Returns the id of the import, which the control route and [`Tables`](crate::Tables) use, too.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Inserts documents in one transaction. Returns their ids. The server writes portions of several thousand documents.
    pub fn insert(&self, documents: impl IntoIterator<Item = Document>) -> Vec<String> {
        self.fake.commit(|tables| tables.insert_imported(self.id, documents)).unwrap_or_default()
    }

    /// Ends the import: its documents replace those of the table.
    pub fn finish(self) {
        self.fake.commit(|tables| tables.finish_import(self.id));
    }

    /// Fails the import: the old documents stay live. The hidden table remains, and disturbs all later cold syncs.
    pub fn fail(self) {}
}
