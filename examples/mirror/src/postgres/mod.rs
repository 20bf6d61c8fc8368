//! The mirror in PostgreSQL: one schema per deployment, for one or many machines.
//!
//! | In the schema of a deployment | Content |
//! | --- | --- |
//! | one table per Convex table | `_id`, `_creationTime`, `_generation`, `_document` as `jsonb`, and the columns of `--columns` |
//! | `_convex_tables` | the component, the Convex name and the SQL name of each table |
//! | `_convex_columns` | the field, the type and the name of each extra column |
//! | `_convex_checkpoint` | one row: the checkpoint |
//!
//! [`crate::json`] describes the encoding of documents. `_creationTime` and the extra columns are generated from the document by the
//! server, so they never differ from it, and an extra column of a table with rows is complete at once.
//!
//! Two things keep writers apart. The session that writes a schema has an advisory lock on it, which ends with its connection. And each
//! commit replaces the checkpoint only if it is still the one before the page, so even a writer without the lock stores nothing.

mod batch;
mod catalog;
mod columns;
mod connection;
mod error;
mod names;
mod sink;

pub use self::connection::connect;
pub use self::error::PostgresError;
pub use self::names::schema_name;
pub use self::sink::PostgresSink;

/// Makes the key of the advisory lock of a schema, whose name is the first parameter.
pub(crate) const LOCK_KEY: &str = "hashtextextended('convex-mgmt-mirror ' || $1::text, 0)";
