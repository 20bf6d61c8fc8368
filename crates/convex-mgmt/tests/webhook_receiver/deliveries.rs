//! Deliveries of the fake: verification, rotations, restarts, repeats.

use std::time::Duration;

use convex_mgmt::deployment::log_streams::{LogStreamStatus, NewWebhook, WebhookFormat, WebhookUpdate};
use convex_mgmt::deployment::{CreateLogStream, GetLogStream, RotateWebhookSecret, UpdateLogStream};
use convex_mgmt::{Client, DeployKey, DeploymentClient, Endpoint, LogStreamId};
use convex_mgmt_fake::{Fake, FakeServer, Knobs};
use serde_json::json;

use super::{Folder, Receiver, SECRET, run, sum};

const KEY: &str = "happy-animal-123|01c0ffee";

/// A deployment with a log stream at the receiver.
struct Deployment {
    fake: Fake,
    client: DeploymentClient,
    stream: LogStreamId,
    secret: String,
    _server: FakeServer,
}

impl Deployment {
    /// Creates the log stream, and writes its secret to the receiver's file.
    async fn new(folder: &Folder, receiver: &Receiver, format: WebhookFormat) -> Self {
        let mut knobs = Knobs::default();
        // Batches are sent when the test asks for it.
        knobs.webhook_flush_interval = Duration::from_secs(3600);
        let fake = Fake::builder("happy-animal-123").admin_key(KEY).knobs(knobs).build();
        let server = fake.serve("127.0.0.1:0").await.unwrap();
        let client = Client::new(Endpoint::new(&server.url(), &DeployKey::parse(KEY).unwrap()).unwrap()).unwrap();
        let created = client.send(&CreateLogStream::new(NewWebhook::new(&receiver.url, format))).await.unwrap();
        let secret = created.hmac_secret.expose().to_owned();
        folder.write_secrets(&[&secret]);
        let it = Self { fake, client, stream: created.id, secret, _server: server };
        it.activate().await;
        it
    }

    async fn status(&self) -> LogStreamStatus {
        self.fake.log_streams_settled().await;
        self.client.send(&GetLogStream::new(&self.stream)).await.unwrap().status
    }

    async fn update(&self) {
        self.client.send(&UpdateLogStream::new(&self.stream, WebhookUpdate::new())).await.unwrap();
    }

    /// Updates the stream until its verification succeeds: its attempts may end before the receiver has the secret.
    async fn activate(&self) {
        for _ in 0..5 {
            if self.status().await == LogStreamStatus::Active {
                return;
            }
            self.update().await;
        }
        panic!("{:?}", self.status().await);
    }

    async fn rotate(&self) -> String {
        let rotated = self.client.send(&RotateWebhookSecret::new(&self.stream)).await.unwrap();
        rotated.hmac_secret.expose().to_owned()
    }

    /// Emits executions, and returns when they are delivered or dropped.
    async fn execute(&self, executions: u64) {
        (0..executions).for_each(|number| self.fake.emit("function_execution", execution(number)));
        self.fake.flush_log_streams().await;
    }
}

fn execution(number: u64) -> serde_json::Value {
    json!({
        "function": {"path": "messages:list", "type": "query", "cached": false, "request_id": "r",
            "mutation_queue_length": null, "mutation_retry_count": null},
        "execution_time_ms": 3, "user_execution_time_ms": 1, "status": "success", "error_message": null,
        "occ_info": null, "will_retry": false, "scheduler_info": null, "run_reason": "httpApi",
        "usage": {"database_read_bytes": number, "database_write_bytes": 0, "database_io_read_bytes": 0,
            "database_io_write_bytes": 0, "database_read_documents": 1, "database_write_documents": 0,
            "file_storage_read_bytes": 0, "file_storage_write_bytes": 0, "vector_storage_read_bytes": 0,
            "vector_storage_write_bytes": 0, "text_search_query_bytes": 0, "text_search_write_query_bytes": 0,
            "vector_search_query_bytes": 0, "vector_search_write_query_bytes": 0, "network_egress_bytes": 0,
            "memory_used_mb": 64, "action_memory_used_mb": null, "audit_log_egress_bytes": 0,
            "function_args_bytes": 2, "function_returns_bytes": 4},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_the_deliveries_of_both_formats_exactly() {
    for (format, name) in [(WebhookFormat::Json, "json"), (WebhookFormat::Jsonl, "jsonl")] {
        let folder = Folder::new(name);
        folder.write_secrets(&[]);
        let receiver = Receiver::start(&folder);
        let deployment = Deployment::new(&folder, &receiver, format).await;
        deployment.execute(300).await;
        let usage = folder.usage();
        assert_eq!((sum(&usage, "calls"), sum(&usage, "database_read_bytes")), (300, 299 * 300 / 2), "{name}");
        assert_eq!(usage["deliveries"]["unread_events"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_loses_nothing_if_the_receiver_has_both_secrets() {
    let folder = Folder::new("rotation");
    folder.write_secrets(&[]);
    let receiver = Receiver::start(&folder);
    let deployment = Deployment::new(&folder, &receiver, WebhookFormat::Json).await;
    deployment.execute(1).await;

    let new = deployment.rotate().await;
    // Running delivery still has the old secret, which is the only one of the receiver.
    deployment.execute(2).await;
    folder.write_secrets(&[&new, &deployment.secret]);
    deployment.execute(4).await;
    // The first delivery with the new secret makes the receiver read the file again.
    deployment.update().await;
    assert_eq!(deployment.status().await, LogStreamStatus::Active);
    deployment.execute(8).await;
    folder.write_secrets(&[&new]);
    deployment.execute(16).await;
    assert_eq!(sum(&folder.usage(), "calls"), 31);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_that_the_receiver_does_not_have_is_rejected() {
    let folder = Folder::new("unknown-secret");
    folder.write_secrets(&[]);
    let receiver = Receiver::start(&folder);
    let deployment = Deployment::new(&folder, &receiver, WebhookFormat::Json).await;
    deployment.rotate().await;
    // A restart of the server makes it sign with the new secret.
    deployment.fake.restart_log_streams();
    deployment.execute(3).await;
    assert_eq!(folder.usage()["functions"], json!([]));
    deployment.update().await;
    let LogStreamStatus::Failed(failure) = deployment.status().await else { panic!() };
    assert!(failure.reason.contains("401"), "{}", failure.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_receiver_continues_and_counts_each_batch_once() {
    let folder = Folder::new("restart");
    folder.write_secrets(&[]);
    let receiver = Receiver::start(&folder);
    let deployment = Deployment::new(&folder, &receiver, WebhookFormat::Json).await;
    deployment.execute(100).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let body = format!(
        r#"[{{"timestamp":{now},"topic":"log_stream_egress","egress_bytes":700,"convex":{{"deployment_name":"a"}}}}]"#
    );
    assert_eq!(receiver.deliver(&deployment.secret, &body), Some(200));

    let address = receiver.address.clone();
    drop(receiver);
    // The server makes its first attempts at this batch while nobody listens.
    let delivery = async { deployment.execute(11).await };
    let restart = async { tokio::task::block_in_place(|| Receiver::start_at(&folder, &address)) };
    let ((), mut receiver) = tokio::join!(delivery, restart);

    // The server repeats the batch whose response was lost, also with another secret.
    assert_eq!(receiver.deliver(&deployment.secret, &body), Some(200));
    folder.write_secrets(&[SECRET, &deployment.secret]);
    assert_eq!(receiver.deliver(SECRET, &body), Some(503));
    assert_eq!(receiver.deliver(SECRET, &body), Some(200));
    let usage = folder.usage();
    assert_eq!(sum(&usage, "calls"), 111);
    assert_eq!(usage["deployments"][0]["log_stream_egress_bytes"], 700);
    let lines: Vec<String> = (0..4).map(|_| receiver.line()).collect();
    assert_eq!(lines.iter().filter(|line| *line == "200: a duplicate").count(), 2, "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_stored_makes_the_server_repeat_the_batch() {
    let folder = Folder::new("no-storage");
    folder.write_secrets(&[]);
    let mut receiver = Receiver::start(&folder);
    let deployment = Deployment::new(&folder, &receiver, WebhookFormat::Json).await;
    // A folder in the place of the temporary file.
    let obstacle = folder.0.join("state.json.new");
    std::fs::create_dir(&obstacle).unwrap();
    let delivery = async { deployment.execute(5).await };
    let repair = async {
        tokio::task::block_in_place(|| {
            while !receiver.line().starts_with("500: the state cannot be stored") {}
            std::fs::remove_dir(&obstacle).unwrap();
        });
    };
    tokio::join!(delivery, repair);
    assert_eq!(sum(&folder.usage(), "calls"), 5);
}

#[test]
fn a_damaged_state_is_an_error_and_stays_as_it_is() {
    let folder = Folder::new("damaged");
    folder.write_secrets(&[SECRET]);
    for text in ["", "{", "{\"recent\":1}"] {
        std::fs::write(folder.state(), text).unwrap();
        let (secrets, state) = (folder.secrets(), folder.state());
        let output = run(&[
            "--listen",
            "127.0.0.1:0",
            "--secret-file",
            secrets.to_str().unwrap(),
            "--state",
            state.to_str().unwrap(),
        ]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.starts_with(&format!("webhook_receiver: {}: ", state.display())), "{error}");
        assert_eq!(std::fs::read_to_string(&state).unwrap(), text);
    }
}
