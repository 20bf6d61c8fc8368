//! The events of other topics, and made-up traffic of an app.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::FunctionExecution;
use crate::control::commands::Commands;
use crate::control::fake::Fake;
use crate::state::Random;

impl Fake {
    /// Emits a line of a function's log. The level is `DEBUG`, `INFO`, `LOG`, `WARN` or `ERROR`.
    pub fn emit_console(&self, function: &FunctionExecution, level: &str, message: &str) {
        let function = function.clone().into_json()["function"].take();
        let fields = json!({
            "function": function, "log_level": level, "message": message, "is_truncated": false, "system_code": null,
        });
        self.emit("console", fields);
    }

    /// Emits the bytes that were read from a file.
    pub fn emit_storage_bandwidth(&self, storage_id: &str, egress_bytes: u64) {
        self.emit("storage_api_bandwidth", json!({"storage_id": storage_id, "egress_bytes": egress_bytes}));
    }

    /// Emits the bytes that log streams have sent.
    pub fn emit_log_stream_egress(&self, egress_bytes: u64) {
        self.emit("log_stream_egress", json!({ "egress_bytes": egress_bytes }));
    }

    /// Emits the size of the documents, of the indexes and of the files of the deployment.
    pub fn emit_storage_usage(&self, document_bytes: u64, index_bytes: u64, file_bytes: u64) {
        let fields = json!({
            "total_document_size_bytes": document_bytes, "total_index_size_bytes": index_bytes,
            "total_vector_storage_bytes": 0, "total_text_storage_bytes": 0, "total_file_storage_bytes": file_bytes,
            "total_backup_storage_bytes": 0,
            "total_system_table_document_size_bytes": {"_scheduled_functions": 0, "_storage": 239},
        });
        self.emit("current_storage_usage", fields);
    }

    /// Emits the numbers of running queries, mutations and actions. Nothing is queued.
    pub fn emit_concurrency(&self, queries: u64, mutations: u64, actions: u64) {
        let running = |count: u64| json!({"num_running": count, "num_queued": 0});
        let fields = json!({
            "query": running(queries), "mutation": running(mutations), "action": running(actions),
            "node_action": running(0), "http_action": running(0),
        });
        self.emit("concurrency_stats", fields);
    }

    /// Emits made-up events: mostly calls of a few functions with their usage, and events of the other topics. The same seed
    /// emits the same events.
    pub fn emit_traffic(&self, events: usize, seed: u64) {
        let mut random = Random::new(seed);
        for _ in 0..events {
            match random.below(20) {
                0 => self.emit_storage_bandwidth("kg244gj289144gj289144gj289145g2c", size(&mut random)),
                1 => self.emit_log_stream_egress(size(&mut random)),
                2 => self.emit_storage_usage(size(&mut random), size(&mut random), size(&mut random)),
                3 => self.emit_concurrency(random.next() % 16, random.next() % 16, random.next() % 16),
                4 => self.emit_console(&FunctionExecution::query("messages:list"), "LOG", "listing messages"),
                _ => self.emit_function(call(&mut random)),
            }
        }
    }
}

fn size(random: &mut Random) -> u64 {
    random.next() % 100_000
}

/// Makes up a call.
fn call(random: &mut Random) -> FunctionExecution {
    let drawn = random.below(10);
    let call = match drawn {
        0..5 => FunctionExecution::query(if drawn < 3 { "messages:list" } else { "users:get" }),
        5..8 => FunctionExecution::mutation("messages:send").usage("database_write_bytes", size(random)),
        8 => FunctionExecution::action("mail:deliver").usage("action_memory_used_mb", 64 + random.next() % 448),
        _ => FunctionExecution::http_action("POST /hook").usage("network_egress_bytes", size(random)),
    };
    let call = if random.chance(0.3) { call.component("shop/cart") } else { call };
    let call = if drawn < 5 && random.chance(0.4) { call.cached() } else { call };
    let call = call
        .time(random.next() % 400)
        .usage("database_read_bytes", size(random))
        .usage("database_read_documents", random.next() % 200)
        .usage("database_io_read_bytes", size(random))
        .usage("memory_used_mb", 16 + random.next() % 48)
        .usage("function_args_bytes", random.next() % 500)
        .usage("function_returns_bytes", size(random));
    match random.below(20) {
        0 => call.fails("Uncaught Error: not today"),
        1 if (5..8).contains(&drawn) => call.lost_write_conflict("messages", "j57f2cx7ca0zewj42fwgexknv1maa7dt", 0),
        2 => call.scheduled("kc2f2cx7ca0zewj42fwgexknv1maa7dt"),
        _ => call,
    }
}

pub(super) fn routes() -> Router<Fake> {
    Router::new().route("/_fake/traffic", post(traffic))
}

/// Emits made-up events.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Traffic {
    events: usize,
    #[serde(default)]
    seed: u64,
}

async fn traffic(State(fake): State<Fake>, commands: Commands<Traffic>) -> Json<Value> {
    commands.apply(|Traffic { events, seed }| {
        fake.emit_traffic(events, seed);
        json!({})
    })
}
