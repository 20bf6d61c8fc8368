//! [`PostgresError`]: why a mirror in PostgreSQL cannot be opened or written.

use std::error::Error as _;

use convex_mgmt::deployment::data_sync::TablePath;
use convex_mgmt::sync::SyncConflict;
use thiserror::Error;

use crate::json::UnstorableKey;
use crate::naming::MAX_NAME;

/// An error of a mirror in PostgreSQL. Nothing of the page in question is stored, except after a lost connection during the commit:
/// then the whole page may be stored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The connection text is invalid. The error does not repeat the text, which may contain a password.
    #[error("invalid connection text: {}; write postgres://USER@HOST/DATABASE", describe(.0))]
    Url(tokio_postgres::Error),
    /// The server cannot be reached, or rejects the user.
    #[error("cannot connect to PostgreSQL: {}", describe(.0))]
    Connect(tokio_postgres::Error),
    /// PostgreSQL would cut the name of the schema, and two names could be the same schema.
    #[error("the schema name {schema} has more than {MAX_NAME} bytes: use a shorter name")]
    SchemaName {
        /// The name.
        schema: String,
    },
    /// Another session has the lock of the schema.
    #[error("another process mirrors into the schema {schema}: wait until it ends, or use another schema")]
    Locked {
        /// The schema.
        schema: String,
    },
    /// A newer version of this program created the schema.
    #[error(
        "the schema {schema} has the format {found}, this program knows the formats up to {supported}: update the program"
    )]
    NewerFormat {
        /// The schema.
        schema: String,
        /// The format of the schema.
        found: i32,
        /// The newest format that this program knows.
        supported: i32,
    },
    /// The row of the checkpoint was deleted.
    #[error("the table _convex_checkpoint of the schema {schema} has no row: start the sync again")]
    NoCheckpointRow {
        /// The schema.
        schema: String,
    },
    /// Another run stored a page meanwhile.
    #[error("the schema has another writer, so the page was not stored")]
    Conflict(#[from] SyncConflict),
    /// A table has an extra column of another type for the same field.
    #[error(
        "the table {table} has a column of the type {stored} for the field {field}, not of the type {wanted}: drop the column and \
         its row of _convex_columns"
    )]
    ColumnType {
        /// The table.
        table: TablePath,
        /// The field.
        field: String,
        /// The type of the stored column.
        stored: String,
        /// The type that the options name.
        wanted: &'static str,
    },
    /// A document cannot be stored.
    #[error("cannot store the document {id} of the table {table}: {problem}")]
    Document {
        /// The table.
        table: TablePath,
        /// The `_id` of the document.
        id: String,
        /// The reason.
        problem: UnstorableKey,
    },
    /// A number of a generation is too large for the database.
    #[error("the generation {0} is too large for PostgreSQL: restart the sync into an empty schema")]
    Generation(u64),
    /// A statement failed.
    #[error("cannot {step}: {}", describe(.error))]
    Statement {
        /// The purpose of the statement.
        step: String,
        /// The error of the server or of the connection.
        error: tokio_postgres::Error,
    },
}

impl PostgresError {
    /// Returns a function that makes the error of a statement.
    pub(crate) fn at(step: impl Into<String>) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |error| Self::Statement { step: step.into(), error }
    }
}

/// Writes an error of the database in one line, with its causes.
fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        let detail = error.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
        return format!("{}{detail}, SQLSTATE {}", error.message(), error.code().code());
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
