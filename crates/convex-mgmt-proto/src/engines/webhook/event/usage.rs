//! [`Usage`]: the billing counters of a function execution.

use serde::Deserialize;

/// The resources that a function execution used: the counters that billing is based on.
///
/// All counters are exact integers. A counter that this version of the library does not know is in the text of the event
/// ([`Event::as_str`](super::Event::as_str)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Usage {
    /// Bytes of documents that were read from the database.
    pub database_read_bytes: u64,
    /// Bytes of documents that were written to the database.
    pub database_write_bytes: u64,
    /// Bytes of database reads as the server counts its input and output.
    pub database_io_read_bytes: u64,
    /// Bytes of database writes as the server counts its input and output.
    pub database_io_write_bytes: u64,
    /// Number of documents that were read from the database.
    pub database_read_documents: u64,
    /// Number of documents that were written to the database.
    pub database_write_documents: u64,
    /// Bytes that were read from stored files.
    pub file_storage_read_bytes: u64,
    /// Bytes that were written to stored files.
    pub file_storage_write_bytes: u64,
    /// Bytes that were read from vector indexes.
    pub vector_storage_read_bytes: u64,
    /// Bytes that were written to vector indexes.
    pub vector_storage_write_bytes: u64,
    /// Bytes of text searches by queries.
    pub text_search_query_bytes: u64,
    /// Bytes of text searches, counted by the server as write queries.
    pub text_search_write_query_bytes: u64,
    /// Bytes of vector searches by queries.
    pub vector_search_query_bytes: u64,
    /// Bytes of vector searches, counted by the server as write queries.
    pub vector_search_write_query_bytes: u64,
    /// Bytes that the function sent over the network.
    pub network_egress_bytes: u64,
    /// Memory of the execution in megabytes. `None` if the server does not send it: the published document lacks the field.
    #[serde(default)]
    pub memory_used_mb: Option<u64>,
    /// Memory of an action or HTTP action in megabytes. `None` for other functions.
    pub action_memory_used_mb: Option<u64>,
    /// Bytes of the app's own audit events.
    pub audit_log_egress_bytes: u64,
    /// Bytes of the arguments. `None` if the server does not know them.
    pub function_args_bytes: Option<u64>,
    /// Bytes of the returned value. `None` if the function did not return one.
    pub function_returns_bytes: Option<u64>,
}
