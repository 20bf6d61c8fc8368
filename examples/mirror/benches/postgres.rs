//! Benchmark of the mirror in PostgreSQL beside two other ways to write the same documents.
//!
//! `cargo bench -p convex-mgmt-mirror --bench postgres` prints documents per second; `-- --check` fails when the mirror is not at
//! least twice as fast as one statement per row. It needs a server, whose URL is in `CONVEX_MGMT_POSTGRES`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

#[path = "../tests/server/mod.rs"]
mod server;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use convex_mgmt::bytes::Bytes;
use convex_mgmt::deployment::data_sync::{DataSyncPage, DataSyncStatus, DataSyncValue, Document, TablePath};
use convex_mgmt::sync::{Sink, SyncEngine, SyncOptions};
use convex_mgmt::{DeployKey, Endpoint, UnixMillis, UnixNanos};
use convex_mgmt_mirror::columns::Columns;
use convex_mgmt_mirror::postgres::{PostgresSink, connect};
use futures_util::SinkExt;
use tokio_postgres::Client;

const SCHEMA: &str = "convex-mgmt-mirror-bench";
const PAGES: usize = 20;
const PAGE: usize = 1000;
/// The mirror must be this many times faster than one statement per row.
const BOUND: f64 = 2.0;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    let check = std::env::args().any(|argument| argument == "--check");
    let Some(url) = server::url("the mirror in PostgreSQL was not measured") else { return Ok(ExitCode::SUCCESS) };
    let pages: Vec<_> = (0..PAGES).map(page).collect();
    // The best of three runs of each, in turns, so that a busy machine slows all of them.
    let mut best = [Duration::MAX; 4];
    for _ in 0..3 {
        let (first, again) = mirror(&url, &pages).await?;
        for (best, time) in best.iter_mut().zip([first, again, single(&url, &pages).await?, copy(&url, &pages).await?])
        {
            *best = time.min(*best);
        }
    }
    let rate = |time: Duration| (PAGES * PAGE) as f64 / time.as_secs_f64();
    let [first, again, single, copy] = best.map(rate);
    println!("documents of about 1 KiB in pages of {PAGE}, per second:");
    println!("  the mirror, new rows             {first:>8.0}");
    println!("  the mirror, rows that exist      {again:>8.0}");
    println!("  one INSERT per row, new rows     {single:>8.0}");
    println!("  COPY without a checkpoint        {copy:>8.0}");
    println!("the mirror is {:.1} times as fast as one INSERT per row (at least {BOUND})", first / single);
    let is_slow = check && first < BOUND * single;
    Ok(if is_slow { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Makes up the documents of a page.
fn page(number: usize) -> Vec<(String, String)> {
    let document = |at: usize| {
        let id = format!("k{:031}", number * PAGE + at);
        let fields = format!(
            r#"{{"_creationTime":1755000000000.5,"_id":"{id}","age":{at},"score":{at}.5,"name":"Name {at}","tags":["a","b"],"text":"{}"}}"#,
            "lorem ipsum ".repeat(70)
        );
        (id, fields)
    };
    (0..PAGE).map(document).collect()
}

/// Writes all pages twice. Returns the times.
async fn mirror(url: &str, pages: &[Vec<(String, String)>]) -> Result<(Duration, Duration), BoxError> {
    let client = connect(url).await?;
    client.batch_execute(&format!("DROP SCHEMA IF EXISTS \"{SCHEMA}\" CASCADE")).await?;
    let mut sink = PostgresSink::open(client, SCHEMA, Columns::new()).await?;
    let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &DeployKey::parse("prod:a|01ab")?)?;
    let mut engine = SyncEngine::new(sink.state().await?, SyncOptions::new(&endpoint))?;
    let mut times = [Duration::ZERO; 2];
    for time in &mut times {
        for documents in pages {
            let cursor = format!("cursor {}", engine.checkpoint().map_or(0, |checkpoint| checkpoint.pages()));
            let mut page = DataSyncPage::new(DataSyncStatus::Snapshotting, "s", cursor);
            for (_, document) in documents {
                let document = Document::parse(document.clone())?;
                page.values.push(DataSyncValue::upsert(TablePath::new("", "t"), UnixNanos(1), document));
            }
            let batch = engine.accept(page, UnixMillis(1_755_000_000_000))?;
            let started = Instant::now();
            sink.commit(&batch).await?;
            *time += started.elapsed();
            engine.confirm(batch, 0.5)?;
        }
    }
    let client = sink.close().await?;
    client.batch_execute(&format!("DROP SCHEMA \"{SCHEMA}\" CASCADE")).await?;
    Ok(times.into())
}

/// A table as the mirror creates it.
const TABLE: &str = "CREATE SCHEMA \"convex-mgmt-mirror-bench\"; SET search_path TO \"convex-mgmt-mirror-bench\"; \
    CREATE TABLE t (_id text COLLATE \"C\" PRIMARY KEY, \"_creationTime\" double precision GENERATED ALWAYS AS \
    ((_document->>'_creationTime')::double precision) STORED, _generation bigint NOT NULL, _document jsonb NOT NULL)";

async fn table(url: &str) -> Result<Client, BoxError> {
    let client = connect(url).await?;
    client.batch_execute(&format!("DROP SCHEMA IF EXISTS \"{SCHEMA}\" CASCADE")).await?;
    client.batch_execute(TABLE).await?;
    Ok(client)
}

const INSERT: &str = "INSERT INTO t (_id, _generation, _document) VALUES ($1, 1, $2::text::jsonb) ON CONFLICT (_id) \
    DO UPDATE SET _generation = excluded._generation, _document = excluded._document";

/// Writes all pages with a prepared statement per row, and a transaction per page.
async fn single(url: &str, pages: &[Vec<(String, String)>]) -> Result<Duration, BoxError> {
    let mut client = table(url).await?;
    let insert = client.prepare(INSERT).await?;
    let started = Instant::now();
    for documents in pages {
        let transaction = client.transaction().await?;
        for (id, document) in documents {
            transaction.execute(&insert, &[id, document]).await?;
        }
        transaction.commit().await?;
    }
    Ok(started.elapsed())
}

/// Writes all pages with `COPY`, which is the least that a server can do. It does not replace rows.
async fn copy(url: &str, pages: &[Vec<(String, String)>]) -> Result<Duration, BoxError> {
    let mut client = table(url).await?;
    let started = Instant::now();
    for documents in pages {
        let transaction = client.transaction().await?;
        let text: String = documents.iter().map(|(id, document)| format!("{id}\t1\t{document}\n")).collect();
        let sink = transaction.copy_in("COPY t (_id, _generation, _document) FROM STDIN").await?;
        let mut sink = std::pin::pin!(sink);
        sink.send(Bytes::from(text)).await?;
        sink.finish().await?;
        transaction.commit().await?;
    }
    Ok(started.elapsed())
}
