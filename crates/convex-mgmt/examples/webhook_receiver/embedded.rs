//! The embedded Convex: a log stream with made-up traffic, through a rotation of its secret.

use std::error::Error as StdError;
use std::sync::Arc;

use convex_mgmt::deployment::log_streams::{LogStreamStatus, NewWebhook, WebhookFormat, WebhookUpdate};
use convex_mgmt::deployment::{CreateLogStream, GetLogStream, RotateWebhookSecret, UpdateLogStream};
use convex_mgmt::webhook::MeteredUsage;
use convex_mgmt::{Client, DeployKey, DeploymentClient, Endpoint, LogStreamId};
use convex_mgmt_fake::{Fake, FunctionExecution};
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
    (0..executions).for_each(|number| fake.emit_function(execution(number)));
    fake.emit_console(&FunctionExecution::query("messages:list"), "LOG", "'hello'");
    fake.emit_storage_bandwidth("kg244gj289144gj289144gj289145g2c", 4096);
    fake.emit_log_stream_egress(600 * executions);
    fake.emit_storage_usage(1000 * executions, 0, 4096);
    fake.flush_log_streams().await;
}

fn execution(number: u64) -> FunctionExecution {
    let execution = match number % 4 {
        0 => FunctionExecution::mutation("messages:send").usage("database_write_bytes", 120),
        1 => FunctionExecution::query("cart:total").component("shop"),
        2 => FunctionExecution::action("reports:build")
            .usage("action_memory_used_mb", 64)
            .usage("network_egress_bytes", 2048),
        _ => FunctionExecution::query("messages:list"),
    };
    let execution = execution
        .time(5 + number % 40)
        .usage("database_read_bytes", 300 * number)
        .usage("database_read_documents", number)
        .usage("function_returns_bytes", 250);
    if number % 50 == 49 { execution.fails("Uncaught Error: no cart") } else { execution }
}
