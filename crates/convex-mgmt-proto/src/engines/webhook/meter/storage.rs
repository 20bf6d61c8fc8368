//! [`StorageReading`]: the size of stored data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engines::webhook::event::StorageUsage;
use crate::types::UnixMillis;

/// The size of stored data at a point in time. Topic `current_storage_usage`.
///
/// Of two readings, the greater one is newer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[non_exhaustive]
pub struct StorageReading {
    /// The time of the event.
    pub timestamp: UnixMillis,
    /// Bytes of the documents.
    pub document_bytes: u64,
    /// Bytes of the indexes.
    pub index_bytes: u64,
    /// Bytes of the vector indexes.
    pub vector_storage_bytes: u64,
    /// Bytes of the text search indexes.
    pub text_storage_bytes: u64,
    /// Bytes of stored files.
    pub file_storage_bytes: u64,
    /// Bytes of backups.
    pub backup_storage_bytes: u64,
    /// Bytes of the documents in system tables, by the name of the table.
    pub system_table_document_bytes: BTreeMap<String, u64>,
}

impl StorageReading {
    pub(super) fn new(timestamp: UnixMillis, usage: &StorageUsage) -> Self {
        Self {
            timestamp,
            document_bytes: usage.total_document_size_bytes,
            index_bytes: usage.total_index_size_bytes,
            vector_storage_bytes: usage.total_vector_storage_bytes,
            text_storage_bytes: usage.total_text_storage_bytes,
            file_storage_bytes: usage.total_file_storage_bytes,
            backup_storage_bytes: usage.total_backup_storage_bytes,
            system_table_document_bytes: usage.total_system_table_document_size_bytes.clone(),
        }
    }
}
