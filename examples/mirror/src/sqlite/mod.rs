//! [`SqliteSink`]: a copy in a SQLite database, one table for each table of the deployment.

mod error;
mod tables;
mod write;

use std::path::Path;
use std::time::Duration;

use convex_mgmt::deployment::data_sync::TablePath;
use convex_mgmt::sync::{OldRows, Sink, SinkState, SyncBatch};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use self::error::Doing;
pub use self::error::SqliteError;
use self::tables::Tables;
use crate::columns::Columns;
use crate::naming::quote;

/// The time that a commit waits for another program's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// The tables of the mirror itself.
const SCHEMA: &str = r#"
CREATE TABLE IF NOT EXISTS _convex_tables (
    component TEXT NOT NULL,
    "table" TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    newest_generation INTEGER,
    PRIMARY KEY (component, "table")
);
CREATE TABLE IF NOT EXISTS _convex_columns (
    component TEXT NOT NULL,
    "table" TEXT NOT NULL,
    field TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT,
    PRIMARY KEY (component, "table", field)
);
CREATE TABLE IF NOT EXISTS _convex_checkpoint (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    deployment TEXT NOT NULL,
    generation INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    snapshot_ts INTEGER,
    received_at INTEGER NOT NULL,
    checkpoint TEXT NOT NULL
);
"#;

/// A row of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteRow {
    /// The `_id` of the document.
    pub id: String,
    /// The generation that wrote the row.
    pub generation: u64,
    /// The document, as the server spelled it.
    pub document: String,
}

/// A copy in a SQLite database.
///
/// Its methods are not async. It is also a [`Sink`] for drivers, whose futures complete at once: a dropped future has stored everything
/// or nothing of its batch.
///
/// The database is in WAL mode, so other programs can read it at any time, and see whole pages only.
#[derive(Debug)]
pub struct SqliteSink {
    connection: Connection,
    old_rows: OldRows,
    /// The tables as of the last commit. `None` after a failed one.
    tables: Option<Tables>,
}

impl SqliteSink {
    /// Opens a database, and creates it if it does not exist. Adds the extra columns and fills them for the rows that exist.
    ///
    /// Extra columns of earlier runs stay, and get values for new rows, too.
    ///
    /// # Errors
    /// A [`SqliteError`] if the file is no database or another program writes to it for too long, and [`SqliteError::ColumnType`].
    pub fn open(path: impl AsRef<Path>, columns: &Columns) -> Result<Self, SqliteError> {
        let path = path.as_ref();
        let error = |source| SqliteError::Open { path: path.display().to_string(), source };
        let connection = Connection::open(path).map_err(error)?;
        // In WAL mode, a power failure may undo the last transactions, but keeps rows and checkpoint together.
        connection.busy_timeout(BUSY_TIMEOUT).map_err(error)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(error)?;
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(error)?;
        Self::with(connection, columns)
    }

    /// Creates a copy in memory.
    ///
    /// # Errors
    /// A [`SqliteError`] of SQLite.
    pub fn in_memory(columns: &Columns) -> Result<Self, SqliteError> {
        Self::with(Connection::open_in_memory().doing("open a database in memory")?, columns)
    }

    fn with(mut connection: Connection, columns: &Columns) -> Result<Self, SqliteError> {
        let transaction = begin(&mut connection)?;
        transaction.execute_batch(SCHEMA).doing("create the tables of the mirror")?;
        tables::add_columns(&transaction, columns)?;
        transaction.commit().doing("create the tables of the mirror")?;
        Ok(Self { connection, old_rows: OldRows::default(), tables: None })
    }

    /// Sets the handling of old rows when the sync begins a new copy.
    pub fn with_old_rows(mut self, rows: OldRows) -> Self {
        self.old_rows = rows;
        self
    }

    /// Returns the state for [`SyncEngine::new`](convex_mgmt::sync::SyncEngine::new).
    ///
    /// # Errors
    /// A [`SqliteError`] of SQLite.
    pub fn state(&self) -> Result<SinkState, SqliteError> {
        // One snapshot for all parts: another program may commit between two of them.
        let snapshot = self.connection.unchecked_transaction().doing("read the state of the copy")?;
        let newest = Tables::load(&snapshot)?.newest_generation(&snapshot)?;
        Ok(SinkState::new().checkpoint(stored(&snapshot)?).newest_generation(newest).old_rows(self.old_rows))
    }

    /// Applies a batch in one transaction.
    ///
    /// # Errors
    /// [`SqliteError::Conflict`] if the batch does not follow the stored checkpoint, or another [`SqliteError`]. Nothing is stored then.
    pub fn commit(&mut self, batch: &SyncBatch) -> Result<(), SqliteError> {
        let tables = self.tables.take();
        let transaction = begin(&mut self.connection)?;
        batch.follows(stored(&transaction)?.as_deref())?;
        let tables = match tables {
            Some(tables) if tables.is_current(&transaction)? => tables,
            _ => Tables::load(&transaction)?,
        };
        let tables = write::apply(&transaction, tables, batch)?;
        transaction.commit().doing("commit a page")?;
        self.tables = Some(tables);
        Ok(())
    }

    /// Returns all tables of the copy, the empty ones included.
    ///
    /// # Errors
    /// A [`SqliteError`] of SQLite.
    pub fn tables(&self) -> Result<Vec<TablePath>, SqliteError> {
        Ok(Tables::load(&self.connection)?.paths().cloned().collect())
    }

    /// Returns the name of a table in the database. `None` if the copy does not have the table.
    ///
    /// # Errors
    /// A [`SqliteError`] of SQLite.
    pub fn table_name(&self, table: &TablePath) -> Result<Option<String>, SqliteError> {
        Ok(Tables::load(&self.connection)?.find(table).map(|table| table.name.clone()))
    }

    /// Returns the rows of a table, by `_id`. Empty if the copy does not have the table.
    ///
    /// # Errors
    /// A [`SqliteError`] of SQLite.
    pub fn rows(&self, table: &TablePath) -> Result<Vec<SqliteRow>, SqliteError> {
        let Some(name) = self.table_name(table)? else { return Ok(Vec::new()) };
        let sql = format!("SELECT _id, _generation, _document FROM {} ORDER BY _id", quote(&name));
        let read = || {
            let mut statement = self.connection.prepare(&sql)?;
            let rows = statement.query_map([], |row| {
                let generation = u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default();
                Ok(SqliteRow { id: row.get(0)?, generation, document: row.get(2)? })
            })?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().doing("read the rows of a table")
    }

    /// Removes the checkpoint and keeps the rows. The next sync needs
    /// [`SyncOptions::rows_without_checkpoint`](convex_mgmt::sync::SyncOptions::rows_without_checkpoint).
    ///
    /// # Errors
    /// A [`SqliteError`] of SQLite.
    pub fn remove_checkpoint(&mut self) -> Result<(), SqliteError> {
        self.connection.execute("DELETE FROM _convex_checkpoint", []).doing("remove the checkpoint").map(drop)
    }
}

impl Sink for SqliteSink {
    type Error = SqliteError;

    async fn state(&mut self) -> Result<SinkState, SqliteError> {
        SqliteSink::state(self)
    }

    async fn commit(&mut self, batch: &SyncBatch) -> Result<(), SqliteError> {
        SqliteSink::commit(self, batch)
    }
}

/// Begins a transaction that writes, so that of two programs the second waits before it reads the checkpoint.
fn begin(connection: &mut Connection) -> Result<Transaction<'_>, SqliteError> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).doing("begin a transaction")
}

/// Returns the text of the stored checkpoint.
fn stored(connection: &Connection) -> Result<Option<String>, SqliteError> {
    let read = connection.query_row("SELECT checkpoint FROM _convex_checkpoint", [], |row| row.get(0));
    read.optional().doing("read the checkpoint")
}

#[cfg(test)]
mod tests;
