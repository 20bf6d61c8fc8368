//! Events about a deployment as a whole: its scheduler, its storage, its concurrency and its traffic.

use std::collections::BTreeMap;

use serde::Deserialize;

macro_rules! gauges {
    ($( $(#[$meta:meta])* $name:ident { $( $(#[$field_meta:meta])* $field:ident: $content:ty, )+ } )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $content, )+
        }
    )+ };
}

gauges! {
    /// Statistics of the scheduler. Topic `scheduler_stats`. The server sends them only while jobs lag or run.
    SchedulerStats {
        /// The lag of the oldest job that is due, in seconds.
        lag_seconds: u64,
        /// Number of jobs that run.
        num_running_jobs: u64,
    }

    /// The lag of scheduled functions. Topic `scheduled_job_lag`.
    ScheduledJobLag {
        /// The lag of the oldest job that is due, in seconds.
        lag_seconds: u64,
    }

    /// The size of stored data. Topic `current_storage_usage`. The server sends it about every hour.
    StorageUsage {
        /// Bytes of the documents.
        total_document_size_bytes: u64,
        /// Bytes of the indexes.
        total_index_size_bytes: u64,
        /// Bytes of the vector indexes.
        total_vector_storage_bytes: u64,
        /// Bytes of the text search indexes.
        total_text_storage_bytes: u64,
        /// Bytes of stored files.
        total_file_storage_bytes: u64,
        /// Bytes of backups.
        total_backup_storage_bytes: u64,
        /// Bytes of the documents in system tables, by the name of the table.
        total_system_table_document_size_bytes: BTreeMap<String, u64>,
    }

    /// Number of running and waiting functions of one type.
    Concurrency {
        /// Number of functions that run.
        num_running: u64,
        /// Number of functions that wait.
        num_queued: u64,
    }

    /// Number of running and waiting functions, by type. Topic `concurrency_stats`. The server sends it when a number changes.
    ConcurrencyStats {
        /// Queries.
        query: Concurrency,
        /// Mutations.
        mutation: Concurrency,
        /// Actions in the default runtime.
        action: Concurrency,
        /// Actions in the Node.js runtime.
        node_action: Concurrency,
        /// HTTP actions.
        http_action: Concurrency,
    }

    /// A download of a stored file. Topic `storage_api_bandwidth`.
    StorageBandwidth {
        /// The document id of the file. It is not the UUID in the file's URL.
        storage_id: String,
        /// Bytes that were sent.
        egress_bytes: u64,
    }

    /// The traffic of the log streams. Topic `log_stream_egress`. The server sends it about every minute while there is traffic.
    LogStreamEgress {
        /// Bytes that were sent since the last event of this topic.
        egress_bytes: u64,
    }
}
