//! Data sync: a copy of a deployment's documents, in pages, and then every change to them.
//!
//! Source: convex-backend `crates/local_backend/src/streaming_export.rs`, `crates/streaming_export/src` and
//! `crates/table_iteration/src/data_sync.rs`.

mod active;
mod document;
mod entries;
mod export;
mod page;
mod selection;
mod status;
mod sync;
mod table;
mod typed;
mod value;

pub use self::active::{ActiveSync, ActiveSyncStatus, ListActiveSyncs, SnapshotProgress, SyncProgress};
pub use self::document::Document;
pub use self::page::{Change, DataSyncPage, DataSyncValue};
pub use self::selection::{ComponentSelection, Selection, SelectionChange, TableSelection};
pub use self::status::{DataSyncStatus, Snapshot};
pub use self::sync::DataSync;
pub use self::table::TablePath;
pub use self::typed::{TypedDataSync, TypedDocument, TypedPage, TypedValue};
pub use self::value::Value;

/// Reads a text as a value of any type, for encodings that share the wrappers of documents.
///
/// # Errors
/// A [`DecodeError`](crate::DecodeError) with the position of the error.
#[cfg(feature = "webhook")]
pub(crate) fn read_value(text: &str) -> Result<Value, crate::DecodeError> {
    export::read(text)
}
