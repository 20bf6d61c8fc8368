//! Tests of events: each topic, both framings, errors, and any spelling of an event.

mod framing;
mod metadata;
mod properties;
mod topics;

use serde_json::{Value, json};

/// Returns an event of each topic, with all its fields.
fn samples() -> Vec<Value> {
    let function = json!({
        "path": "messages:send", "type": "mutation", "cached": null, "request_id": "9c4b", "mutation_queue_length": 2,
        "mutation_retry_count": 1, "component_path": "chat/rooms"
    });
    let usage: serde_json::Map<String, Value> =
        COUNTERS.iter().zip(1..).map(|(name, n)| ((*name).into(), json!(n))).collect();
    let concurrency = |n: u64| json!({"num_running": n, "num_queued": n + 1});
    let fields = [
        ("verification", json!({"message": "canary"})),
        (
            "console",
            json!({
                "function": function, "log_level": "WARN", "message": "'canary'", "is_truncated": true, "system_code": "slow"
            }),
        ),
        (
            "function_execution",
            json!({
                "function": function, "execution_time_ms": 25, "user_execution_time_ms": 24, "status": "failure",
                "error_message": "canary\n",
                "occ_info": {
                    "table_name": "messages", "document_id": "k1", "write_source": "messages:edit", "component_path": "chat",
                    "retry_count": 3
                },
                "will_retry": true, "scheduler_info": {"job_id": "kc2"}, "run_reason": "httpApi", "usage": usage
            }),
        ),
        ("audit_log", json!({"audit_log_action": "update_integration", "audit_log_metadata": "{\"id\":\"canary\"}"})),
        ("scheduler_stats", json!({"lag_seconds": 5, "num_running_jobs": 6})),
        ("scheduled_job_lag", json!({"lag_seconds": 7})),
        (
            "current_storage_usage",
            json!({
                "total_document_size_bytes": 1, "total_index_size_bytes": 2, "total_vector_storage_bytes": 3,
                "total_text_storage_bytes": 4, "total_file_storage_bytes": 5, "total_backup_storage_bytes": 6,
                "total_system_table_document_size_bytes": {"_scheduled_functions": 0, "_storage": 239}
            }),
        ),
        (
            "concurrency_stats",
            json!({
                "query": concurrency(1), "mutation": concurrency(2), "action": concurrency(3), "node_action": concurrency(4),
                "http_action": concurrency(5)
            }),
        ),
        ("storage_api_bandwidth", json!({"storage_id": "kg2", "egress_bytes": 600})),
        ("log_stream_egress", json!({"egress_bytes": 6512})),
        ("custom_audit", json!({"body": {"canary": [1.50, null]}})),
        ("of_next_year", json!({"message": {"canary": 1}, "egress_bytes": "many", "function": 7})),
    ];
    fields.into_iter().map(|(topic, fields)| event(topic, fields)).collect()
}

/// The counters of [`Usage`](super::Usage).
const COUNTERS: [&str; 20] = [
    "database_read_bytes",
    "database_write_bytes",
    "database_io_read_bytes",
    "database_io_write_bytes",
    "database_read_documents",
    "database_write_documents",
    "file_storage_read_bytes",
    "file_storage_write_bytes",
    "vector_storage_read_bytes",
    "vector_storage_write_bytes",
    "text_search_query_bytes",
    "text_search_write_query_bytes",
    "vector_search_query_bytes",
    "vector_search_write_query_bytes",
    "network_egress_bytes",
    "memory_used_mb",
    "action_memory_used_mb",
    "audit_log_egress_bytes",
    "function_args_bytes",
    "function_returns_bytes",
];

/// Returns an event with these fields of its topic.
fn event(topic: &str, fields: Value) -> Value {
    let mut event = json!({"timestamp": 1_795_420_177_003_i64, "topic": topic});
    for (name, value) in fields.as_object().unwrap() {
        event[name] = value.clone();
    }
    event["convex"] = json!({
        "deployment_name": "happy-animal-123", "deployment_type": "preview", "deployment_ref": "branch", "project_name": "Chat",
        "project_slug": "chat", "deployment_region": "aws-eu-west-1"
    });
    event
}
