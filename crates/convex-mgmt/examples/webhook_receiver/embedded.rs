//! The embedded Convex: a log stream with made-up traffic, through a rotation of its secret.

use std::error::Error as StdError;
use std::sync::Arc;

use convex_mgmt::deployment::log_streams::{LogStreamStatus, NewWebhook, WebhookFormat, WebhookUpdate};
use convex_mgmt::deployment::{CreateLogStream, GetLogStream, RotateWebhookSecret, UpdateLogStream};
use convex_mgmt::webhook::MeteredUsage;
use convex_mgmt::{Client, DeployKey, DeploymentClient, Endpoint, LogStreamId};
use convex_mgmt_fake::Fake;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::receiver::{self, Receiver};
use super::secrets::Secrets;
use super::store::Store;

/// The key of the embedded deployment. Made up.
const KEY: &str = "prod:happy-animal-123|01c0ffee";

/// Creates a log stream, receives its events, rotates its secret, and returns the sums.
pub(crate) async fn run() -> Result<MeteredUsage, Box<dyn StdError>> {
    let secrets = Secrets::in_memory();
    let receiver = Arc::new(Receiver::new(secrets.clone(), Store::in_memory()));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/convex", listener.local_addr()?);
    let serving = tokio::spawn(receiver::serve(receiver.clone(), listener));

    let fake = Fake::builder("happy-animal-123").admin_key(KEY).build();
    let server = fake.serve("127.0.0.1:0").await?;
    let client = Client::new(Endpoint::new(&server.url(), &DeployKey::parse(KEY)?)?)?;

    // The server verifies the stream at once. The receiver has no secret yet, and asks it to try again.
    let created = client.send(&CreateLogStream::new(NewWebhook::new(url, WebhookFormat::Jsonl))).await?;
    secrets.set(vec![created.hmac_secret.clone()])?;
    activate(&fake, &client, &created.id).await?;
    traffic(&fake, 100).await;

    // The receiver accepts both secrets before the server uses the new one.
    let rotated = client.send(&RotateWebhookSecret::new(&created.id)).await?;
    secrets.set(vec![rotated.hmac_secret.clone(), created.hmac_secret])?;
    // Running delivery still signs with the old secret.
    traffic(&fake, 200).await;
    // An update makes the server use the new one.
    client.send(&UpdateLogStream::new(&created.id, WebhookUpdate::new())).await?;
    activate(&fake, &client, &created.id).await?;
    secrets.set(vec![rotated.hmac_secret])?;
    traffic(&fake, 300).await;

    let usage = receiver.usage();
    serving.abort();
    Ok(usage)
}

/// Waits until the server has verified the stream. Asks it to verify again if it gave up before the receiver had the secret.
async fn activate(fake: &Fake, client: &DeploymentClient, id: &LogStreamId) -> Result<(), Box<dyn StdError>> {
    for _ in 0..3 {
        fake.log_streams_settled().await;
        match client.send(&GetLogStream::new(id)).await?.status {
            LogStreamStatus::Active => return Ok(()),
            _ => drop(client.send(&UpdateLogStream::new(id, WebhookUpdate::new())).await?),
        }
    }
    Err("the log stream does not become active: check the lines above".into())
}

/// Emits events of some functions, and waits until they are delivered.
async fn traffic(fake: &Fake, executions: u64) {
    for number in 0..executions {
        let (path, kind, component) = match number % 4 {
            0 => ("messages:send", "mutation", None),
            1 => ("cart:total", "query", Some("shop")),
            2 => ("reports:build", "action", None),
            _ => ("messages:list", "query", None),
        };
        fake.emit("function_execution", execution(path, kind, component, number));
    }
    fake.emit(
        "console",
        json!({"function": function("messages:list", "query", None), "log_level": "LOG",
        "message": "'hello'", "is_truncated": false, "system_code": null}),
    );
    fake.emit("storage_api_bandwidth", json!({"storage_id": "kg244gj289144gj289144gj289145g2c", "egress_bytes": 4096}));
    fake.emit("log_stream_egress", json!({"egress_bytes": 600 * executions}));
    fake.emit("current_storage_usage", json!({
        "total_document_size_bytes": 1000 * executions, "total_index_size_bytes": 0, "total_vector_storage_bytes": 0,
        "total_text_storage_bytes": 0, "total_file_storage_bytes": 4096, "total_backup_storage_bytes": 0,
        "total_system_table_document_size_bytes": {"_storage": 239},
    }));
    fake.flush_log_streams().await;
}

fn function(path: &str, kind: &str, component: Option<&str>) -> Value {
    let mut function = json!({"path": path, "type": kind, "cached": (kind == "query").then_some(false),
        "request_id": "9c4bb0afdad11f60", "mutation_queue_length": null, "mutation_retry_count": (kind == "mutation").then_some(0)});
    if let Some(component) = component {
        function["component_path"] = component.into();
    }
    function
}

fn execution(path: &str, kind: &str, component: Option<&str>, number: u64) -> Value {
    let is_failure = number % 50 == 49;
    json!({
        "function": function(path, kind, component),
        "execution_time_ms": 5 + number % 40, "user_execution_time_ms": number % 40,
        "status": if is_failure { "failure" } else { "success" },
        "error_message": is_failure.then_some("Uncaught Error: no cart\n"),
        "occ_info": null, "will_retry": false, "scheduler_info": null, "run_reason": "webSocket",
        "usage": {
            "database_read_bytes": 300 * number, "database_write_bytes": if kind == "mutation" { 120 } else { 0 },
            "database_io_read_bytes": 400 * number, "database_io_write_bytes": if kind == "mutation" { 160 } else { 0 },
            "database_read_documents": number, "database_write_documents": u64::from(kind == "mutation"),
            "file_storage_read_bytes": 0, "file_storage_write_bytes": 0,
            "vector_storage_read_bytes": 0, "vector_storage_write_bytes": 0,
            "text_search_query_bytes": 0, "text_search_write_query_bytes": 0,
            "vector_search_query_bytes": 0, "vector_search_write_query_bytes": 0,
            "network_egress_bytes": if kind == "action" { 2048 } else { 0 },
            "memory_used_mb": 64, "action_memory_used_mb": (kind == "action").then_some(64),
            "audit_log_egress_bytes": 0, "function_args_bytes": 40, "function_returns_bytes": (!is_failure).then_some(250),
        },
    })
}
