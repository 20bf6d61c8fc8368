//! [`FunctionExecution`]: the event of a function call, with every field that the server sends.

use serde_json::{Map, Value, json};

use crate::control::fake::Fake;

/// The counters of `usage`.
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

/// The event of a function call. By default it is a success of 1 ms without usage.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "`Fake::emit_function` emits the event"]
pub struct FunctionExecution {
    function: Map<String, Value>,
    usage: Map<String, Value>,
    fields: Map<String, Value>,
}

impl Fake {
    /// Emits the event of a function call.
    pub fn emit_function(&self, execution: FunctionExecution) {
        self.emit("function_execution", execution.into_json());
    }
}

impl FunctionExecution {
    /// A query, such as `messages:list`.
    pub fn query(path: &str) -> Self {
        let mut query = Self::new("query", path);
        query.function.insert("cached".to_owned(), false.into());
        query
    }

    /// A mutation.
    pub fn mutation(path: &str) -> Self {
        let mut mutation = Self::new("mutation", path);
        mutation.function.insert("mutation_queue_length".to_owned(), 1.into());
        mutation.function.insert("mutation_retry_count".to_owned(), 0.into());
        mutation
    }

    /// An action.
    pub fn action(path: &str) -> Self {
        Self::new("action", path).usage("action_memory_used_mb", 0).field("user_execution_time_ms", Value::Null)
    }

    /// An HTTP action. Its path has a method and a route, such as `GET /api/items`.
    pub fn http_action(path: &str) -> Self {
        let action = Self::new("http_action", path).usage("action_memory_used_mb", 0);
        action.field("user_execution_time_ms", Value::Null).field("run_reason", json!("httpEndpoint"))
    }

    fn new(kind: &str, path: &str) -> Self {
        let mut usage: Map<String, Value> = COUNTERS.iter().map(|name| ((*name).to_owned(), json!(0))).collect();
        usage.insert("action_memory_used_mb".to_owned(), Value::Null);
        Self {
            function: map(json!({
                "path": path, "type": kind, "cached": null, "request_id": "00c0ffee00c0ffee",
                "mutation_queue_length": null, "mutation_retry_count": null,
            })),
            usage,
            fields: map(json!({
                "execution_time_ms": 1, "user_execution_time_ms": 1, "status": "success", "error_message": null,
                "occ_info": null, "will_retry": false, "scheduler_info": null, "run_reason": "webSocket",
            })),
        }
    }

    /// Sets the component. Without it, the function belongs to the root component, and the event has no path of one.
    pub fn component(mut self, path: &str) -> Self {
        self.function.insert("component_path".to_owned(), path.into());
        self
    }

    /// Sets a counter of `usage`.
    ///
    /// # Panics
    /// If the server has no counter of this name. Use [`FunctionExecution::usage_field`] for the counters of later servers.
    pub fn usage(self, counter: &str, amount: u64) -> Self {
        assert!(COUNTERS.contains(&counter), "the server has no counter `{counter}`");
        self.usage_field(counter, amount.into())
    }

    /// Sets any field of `usage`.
    pub fn usage_field(mut self, name: &str, value: Value) -> Self {
        self.usage.insert(name.to_owned(), value);
        self
    }

    /// Sets the execution time in milliseconds.
    pub fn time(self, milliseconds: u64) -> Self {
        let is_measured = !self.fields["user_execution_time_ms"].is_null();
        let timed = self.field("execution_time_ms", milliseconds.into());
        if is_measured { timed.field("user_execution_time_ms", milliseconds.into()) } else { timed }
    }

    /// Marks a query as read from the cache.
    pub fn cached(mut self) -> Self {
        self.function.insert("cached".to_owned(), true.into());
        self
    }

    /// Marks the call as failed. As on the real server, the message ends with a newline.
    pub fn fails(self, message: &str) -> Self {
        self.field("status", "failure".into())
            .field("error_message", format!("{message}\n").into())
            .usage_field("function_returns_bytes", Value::Null)
    }

    /// Marks the call as one that lost a write conflict in this table and that the server repeats.
    pub fn lost_write_conflict(self, table: &str, document_id: &str, retry_count: u64) -> Self {
        let occ_info = json!({
            "table_name": table, "document_id": document_id, "write_source": null, "component_path": null,
            "retry_count": retry_count,
        });
        self.fails("the write conflicts with another one").field("occ_info", occ_info).field("will_retry", true.into())
    }

    /// Marks the call as run by a scheduled job.
    pub fn scheduled(self, job_id: &str) -> Self {
        self.field("scheduler_info", json!({ "job_id": job_id })).field("run_reason", "scheduler".into())
    }

    /// Sets any field of the event, such as `timestamp` in milliseconds since the Unix epoch.
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// The fields of the event, as [`Fake::emit`] takes them.
    pub fn into_json(self) -> Value {
        let Self { function, usage, mut fields } = self;
        fields.insert("function".to_owned(), function.into());
        fields.insert("usage".to_owned(), usage.into());
        fields.into()
    }
}

fn map(json: Value) -> Map<String, Value> {
    match json {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
