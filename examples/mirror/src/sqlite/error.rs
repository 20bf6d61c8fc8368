//! [`SqliteError`]: why a copy in SQLite cannot be opened or written.

use convex_mgmt::deployment::data_sync::TablePath;
use convex_mgmt::sync::SyncConflict;
use thiserror::Error;

/// An error of a copy in SQLite. Nothing of the page in question is stored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// The file is not a database, or cannot be opened.
    #[error("cannot open the database {path}: {source}")]
    Open {
        /// The path of the file.
        path: String,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// Another program has a transaction open for too long.
    #[error("the database is busy: another program holds a transaction for more than {0} s; end it and start again")]
    Busy(u64),
    /// SQLite could not read or write.
    #[error("cannot {doing}: {source}")]
    Sql {
        /// The step that failed.
        doing: &'static str,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// Another run stored a page or a restart meanwhile.
    // Not transparent: the conflict is a source, which `SyncFailure::conflict` finds.
    #[error("{0}")]
    Conflict(#[from] SyncConflict),
    /// A field of an extra column is not a Convex value.
    #[error("cannot read the extra columns of the document {id} of {table}: {source}")]
    Document {
        /// The table of the document.
        table: TablePath,
        /// The `_id` of the document.
        id: String,
        /// The position of the value.
        source: serde_json::Error,
    },
    /// The database has the extra column with another type.
    #[error("the column {field} of {table} has the type {stored} in the database: use that type, or another database")]
    ColumnType {
        /// The table of the column.
        table: TablePath,
        /// The field of the documents.
        field: String,
        /// The type in the database.
        stored: String,
    },
}

/// Adds what the sink was about to do to an error of SQLite.
pub(super) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, SqliteError>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T, SqliteError> {
        self.map_err(|source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                SqliteError::Busy(super::BUSY_TIMEOUT.as_secs())
            }
            _ => SqliteError::Sql { doing, source },
        })
    }
}
