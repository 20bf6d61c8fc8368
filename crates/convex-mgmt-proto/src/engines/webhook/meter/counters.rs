//! [`FunctionUsage`] and [`DeploymentUsage`]: sums of counters.

use serde::{Deserialize, Serialize};

use super::storage::StorageReading;
use crate::engines::webhook::event::{ExecutionStatus, FunctionExecution};

/// Declares a struct of sums.
///
/// 128 bits hold the sum of more events than any server sends, so the sums of events are exact. Adding saturates nevertheless,
/// because a damaged file may contain any number.
macro_rules! sums {
    (
        $(#[$meta:meta])*
        $name:ident { $( $(#[$sum_meta:meta])* $sum:ident, )+ }
        $( $(#[$other_meta:meta])* $other:ident: $content:ty, )*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
        // An unknown sum would be lost when the value is stored again.
        #[serde(deny_unknown_fields)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$sum_meta])* #[serde(default, skip_serializing_if = "is_zero")] pub $sum: u128, )+
            $( $(#[$other_meta])* pub $other: $content, )*
        }

        impl $name {
            /// Returns the sums with their names, in the order of their declaration.
            pub fn counters(&self) -> impl Iterator<Item = (&'static str, u128)> {
                [$( (stringify!($sum), self.$sum) ),+].into_iter()
            }

            /// Adds the sums of another value.
            fn add_counters(&mut self, other: &Self) {
                $( self.$sum = self.$sum.saturating_add(other.$sum); )+
            }
        }
    };
}

/// The stored form omits zeros, because most counters of most functions are zero.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(sum: &u128) -> bool {
    *sum == 0
}

sums! {
    /// The sums of all executions of a function. The units are those of [`Usage`](crate::engines::webhook::Usage). All sums are exact
    /// integers.
    ///
    /// Serialized, sums of zero are omitted.
    FunctionUsage {
        /// Number of executions, with every result.
        calls,
        /// Number of executions that succeeded.
        successes,
        /// Number of executions that failed.
        failures,
        /// Number of executions of a query whose result came from the cache.
        cached_calls,
        /// Duration of the executions, in milliseconds.
        execution_time_ms,
        /// Duration of the function's own code, in milliseconds.
        user_execution_time_ms,
        /// Memory times duration of actions and HTTP actions, in megabyte milliseconds: the sum of `action_memory_used_mb` times
        /// `execution_time_ms`. A gigabyte hour of 1,000 megabytes is 3,600,000,000. Inferred: the server does not document how it
        /// bills the memory of actions.
        action_memory_mb_ms,
        /// Bytes of documents that were read from the database.
        database_read_bytes,
        /// Bytes of documents that were written to the database.
        database_write_bytes,
        /// Bytes of database reads as the server counts its input and output.
        database_io_read_bytes,
        /// Bytes of database writes as the server counts its input and output.
        database_io_write_bytes,
        /// Number of documents that were read from the database.
        database_read_documents,
        /// Number of documents that were written to the database.
        database_write_documents,
        /// Bytes that were read from stored files.
        file_storage_read_bytes,
        /// Bytes that were written to stored files.
        file_storage_write_bytes,
        /// Bytes that were read from vector indexes.
        vector_storage_read_bytes,
        /// Bytes that were written to vector indexes.
        vector_storage_write_bytes,
        /// Bytes of text searches by queries.
        text_search_query_bytes,
        /// Bytes of text searches, counted by the server as write queries.
        text_search_write_query_bytes,
        /// Bytes of vector searches by queries.
        vector_search_query_bytes,
        /// Bytes of vector searches, counted by the server as write queries.
        vector_search_write_query_bytes,
        /// Bytes that the function sent over the network.
        network_egress_bytes,
        /// Bytes of the app's own audit events.
        audit_log_egress_bytes,
        /// Bytes of arguments, where the server knows them.
        function_args_bytes,
        /// Bytes of returned values, where the server knows them.
        function_returns_bytes,
    }
}

sums! {
    /// The sums and readings of a deployment as a whole.
    ///
    /// Serialized, sums of zero are omitted.
    DeploymentUsage {
        /// Bytes of downloads of stored files: topic `storage_api_bandwidth`.
        storage_api_egress_bytes,
        /// Bytes of the log streams themselves: topic `log_stream_egress`.
        log_stream_egress_bytes,
    }
    /// The newest reading of the size of stored data. `None` until the deployment sends one, about every hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    storage: Option<StorageReading>,
}

impl FunctionUsage {
    pub(super) fn add(&mut self, other: &Self) {
        self.add_counters(other);
    }

    /// Adds one execution.
    pub(super) fn add_execution(&mut self, execution: &FunctionExecution) {
        let FunctionExecution { function, execution_time_ms, user_execution_time_ms, status, usage, .. } = execution;
        let duration = u128::from(*execution_time_ms);
        let optional = |counter: Option<u64>| u128::from(counter.unwrap_or_default());
        self.add_counters(&Self {
            calls: 1,
            successes: u128::from(*status == ExecutionStatus::Success),
            failures: u128::from(*status == ExecutionStatus::Failure),
            cached_calls: u128::from(function.cached == Some(true)),
            execution_time_ms: duration,
            user_execution_time_ms: optional(*user_execution_time_ms),
            action_memory_mb_ms: optional(usage.action_memory_used_mb).saturating_mul(duration),
            database_read_bytes: usage.database_read_bytes.into(),
            database_write_bytes: usage.database_write_bytes.into(),
            database_io_read_bytes: usage.database_io_read_bytes.into(),
            database_io_write_bytes: usage.database_io_write_bytes.into(),
            database_read_documents: usage.database_read_documents.into(),
            database_write_documents: usage.database_write_documents.into(),
            file_storage_read_bytes: usage.file_storage_read_bytes.into(),
            file_storage_write_bytes: usage.file_storage_write_bytes.into(),
            vector_storage_read_bytes: usage.vector_storage_read_bytes.into(),
            vector_storage_write_bytes: usage.vector_storage_write_bytes.into(),
            text_search_query_bytes: usage.text_search_query_bytes.into(),
            text_search_write_query_bytes: usage.text_search_write_query_bytes.into(),
            vector_search_query_bytes: usage.vector_search_query_bytes.into(),
            vector_search_write_query_bytes: usage.vector_search_write_query_bytes.into(),
            network_egress_bytes: usage.network_egress_bytes.into(),
            audit_log_egress_bytes: usage.audit_log_egress_bytes.into(),
            function_args_bytes: optional(usage.function_args_bytes),
            function_returns_bytes: optional(usage.function_returns_bytes),
        });
    }
}

impl DeploymentUsage {
    pub(super) fn add(&mut self, other: &Self) {
        self.add_counters(other);
        if self.storage < other.storage {
            self.storage.clone_from(&other.storage);
        }
    }
}
