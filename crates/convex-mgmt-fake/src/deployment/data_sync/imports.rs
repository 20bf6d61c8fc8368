//! Imports with the mode `replace` as the server performs them: a hidden table of the same name that becomes live at the end.
//!
//! Observed on a real server, whose import routes are not part of the public API.

use super::store::{State, TableId};
use super::tables::Tables;
use super::value::Document;

impl Tables<'_> {
    /// Begins an import into a table, which need not exist. Returns the id of the import.
    ///
    /// The import is a hidden table of the same name. Data sync exports it at once, and the live table as well.
    pub fn begin_import(&mut self, component: &str, table: &str) -> u64 {
        let live = self.store.find(component, table).map(|live| self.store.number(live));
        self.reshaped = true;
        self.store.add(component, table, live, State::Hidden)
    }

    /// Inserts documents into the hidden table of an import. Adds `_id` and `_creationTime` if they are missing. Returns the
    /// ids, or `None` if there is no such import.
    pub fn insert_imported(
        &mut self,
        import: u64,
        documents: impl IntoIterator<Item = Document>,
    ) -> Option<Vec<String>> {
        self.hidden(import)?;
        Some(documents.into_iter().map(|document| self.insert_into(import, document)).collect())
    }

    /// Ends an import: its table becomes live and replaces the live table of its name. Returns `false` if there is no such
    /// import.
    ///
    /// A sync that follows the hidden table already gets no further truncate. Inferred: changes of the old table during the
    /// import reach it, too, and their documents stay in its copy.
    pub fn finish_import(&mut self, import: u64) -> bool {
        let Some((component, name)) = self.hidden(import) else { return false };
        if let Some(live) = self.store.find(&component, &name) {
            self.store.tables.remove(&live);
        }
        if let Some(table) = self.store.tables.get_mut(&import) {
            table.state = State::Live;
        }
        self.reshaped = true;
        true
    }

    /// The component and the name of a hidden table.
    fn hidden(&self, import: TableId) -> Option<(String, String)> {
        let table = self.store.tables.get(&import).filter(|table| !table.is_live())?;
        Some((table.component.clone(), table.name.clone()))
    }
}
