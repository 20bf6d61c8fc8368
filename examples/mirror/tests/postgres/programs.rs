//! The program `mirror` with PostgreSQL, in processes that are killed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use convex_mgmt_mirror::postgres::PostgresError;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::{Database, Schema};
use crate::workers::{KEY, Source};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mirror"));
    command.args(arguments).env("CONVEX_DEPLOY_KEY", KEY).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program to its end. Returns its exit code, and everything that it wrote.
async fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = command(arguments).output().await.unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code(), text.concat())
}

/// Starts a worker, and waits until it has read the list.
async fn worker(list: &Path, database: &Database) -> Child {
    let list = list.to_str().unwrap();
    let arguments = ["--deployments", list, "--database", &database.url, "--at-once", "3", "--poll", "0.1"];
    let mut child = command(&arguments).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "mirrors 6 deployments");
    // The output is read to its end, so that the program never waits for its reader.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    child
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_takes_over_within_seconds_from_one_that_kill_9_ends() {
    let Some(database) = Database::new().await else { return };
    let sources = Source::many(6).await;
    let writes: Vec<_> = sources.iter().map(|source| source.fake.start_writes(50.0, 3)).collect();
    let list = std::env::temp_dir().join(format!("convex-mgmt-mirror-workers-{}", std::process::id()));
    let lines = sources.iter().map(|source| format!("{} {KEY}\n", source.client.endpoint().url()));
    std::fs::write(&list, lines.collect::<String>()).unwrap();

    let mut killed = worker(&list, &database).await;
    let mut workers = BTreeSet::new();
    for _ in 0..3 {
        // A worker starts, and the one before it dies in the middle of its work.
        let next = worker(&list, &database).await;
        for source in &sources {
            source.wait_for_turn(&database).await;
        }
        workers.extend(database.workers().await);
        killed.start_kill().unwrap();
        killed.wait().await.unwrap();
        killed = next;
        // The worker that is left has all turns, and does not wait for a timeout.
        let died = Instant::now();
        for source in &sources {
            source.wait_for_turn(&database).await;
        }
        assert!(died.elapsed() < Duration::from_secs(10), "{:?}", died.elapsed());
    }
    drop(writes);
    for source in &sources {
        source.wait_for_mirror(&database).await;
        let first = source.fake.requests().into_iter().filter(|request| {
            request.uri.contains("/data/sync")
                && serde_json::from_slice::<serde_json::Value>(&request.body).unwrap()["cursor"].is_null()
        });
        // One is the mirror, one the copy of the test. A page that a kill lost is requested again.
        assert!(first.count() <= 2 + 1, "a worker began a new copy");
    }
    assert!(workers.len() >= 2, "{workers:?}");
    assert!(killed.try_wait().unwrap().is_none(), "the last worker ended");
    let id = killed.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
    assert_eq!(killed.wait().await.unwrap().code(), Some(0));
    std::fs::remove_file(&list).unwrap();
    database.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_deployment_is_mirrored_to_its_schema_and_a_second_process_is_rejected() {
    let Some(database) = Database::new().await else { return };
    let source = Source::new(1).await;
    let url = source.client.endpoint().url();
    let arguments = ["--url", url, "--database", &database.url, "--once", "--columns", "users:name"];
    let (code, output) = run(&arguments).await;
    assert_eq!(code, Some(0), "{output}");
    source.wait_for_mirror(&database).await;
    let schema = Schema::of(&database, &source.deployment().schema).await;
    assert!(output.contains(&format!("to the schema {}", schema.name)), "{output}");

    // The server notices the end of the program, and with it the end of its lock, a moment later.
    let lock = loop {
        match schema.open().await {
            Err(PostgresError::Locked { .. }) => tokio::task::yield_now().await,
            opened => break opened.unwrap(),
        }
    };
    let (code, output) = run(&arguments).await;
    assert!(code == Some(3) && output.contains("another process mirrors into the schema"), "{output}");
    lock.close().await.unwrap();
    let (code, output) = run(&arguments).await;
    assert!(code == Some(0) && output.contains("continues generation 1"), "{output}");

    let (code, output) = run(&["--once", "--documents", "20", "--writes", "0", "--database", &database.url]).await;
    assert_eq!(code, Some(0), "{output}");
    // The output never repeats the URL.
    let (code, output) = run(&["--database", "postgres://u:secret@127.0.0.1:1/d", "--once"]).await;
    assert!(
        code == Some(1) && output.contains("cannot connect to PostgreSQL") && !output.contains("secret"),
        "{output}"
    );
    database.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statements_of_the_guide_run_as_they_are() {
    let Some(database) = Database::new().await else { return };
    let source = Source::new(1).await;
    let list = std::env::temp_dir().join(format!("convex-mgmt-mirror-guide-{}", std::process::id()));
    std::fs::write(&list, format!("{} {KEY}\n", source.client.endpoint().url())).unwrap();
    let arguments = ["--deployments", list.to_str().unwrap(), "--database", &database.url, "--poll", "0.1"];
    let worker = command(&arguments).spawn().unwrap();
    source.wait_for_mirror(&database).await;
    let guide = include_str!("../../../../docs/mirror.md");
    let (_, part) = guide.split_once("\n## PostgreSQL\n").unwrap();
    let (part, _) = part.split_once("\n## ").unwrap();
    let statements: Vec<&str> =
        part.split("```sql\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    assert_eq!(statements.len(), 2);
    for statement in statements {
        let statement = statement.replace("happy-animal-123", &source.deployment().schema);
        database.client.batch_execute(&statement).await.unwrap();
    }
    drop(worker);
    std::fs::remove_file(&list).unwrap();
    database.end().await;
}
