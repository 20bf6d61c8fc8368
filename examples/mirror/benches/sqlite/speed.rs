//! Documents per second: whole pages through the engine into the mirror, beside prepared inserts of the same JSON.

use std::fmt::Write;
use std::time::{Duration, Instant};

use convex_mgmt::bytes::Bytes;
use convex_mgmt::deployment::DataSync;
use convex_mgmt::deployment::data_sync::DataSyncPage;
use convex_mgmt::sync::{SyncEngine, SyncOptions};
use convex_mgmt::{DeployKey, Endpoint, Operation, UnixMillis};
use convex_mgmt_mirror::columns::Columns;
use convex_mgmt_mirror::sqlite::SqliteSink;
use rusqlite::{Connection, TransactionBehavior};

/// Maximum ratio of the time of the mirror to that of the loop of inserts.
const TIME: f64 = 1.5;
/// The number of pages, and of documents of about 1 KiB in each.
const PAGES: usize = 20;
const DOCUMENTS: usize = 1000;
/// Each way is measured this many times, in turn. The shortest time counts.
const ROUNDS: usize = 7;

fn document(n: usize) -> String {
    let words = "Two boxes, \\\"fragile\\\", to be left with the neighbours on the second floor if nobody opens.\\n";
    format!(
        r#"{{"_creationTime":17{n:011}.5,"_id":"k17{n:028}x","address":{{"city":"Zürich","country":null,"street":"Bahnhofstrasse {n}"}},"customer":"Ada Lovelace {n}","description":"{}","history":[1.0,0.5,{n}.25,1e16,-0.0],"number":{},"paid":true,"state":"open","tags":["gift","express","number-{n}"],"total":{}.5}}"#,
        words.repeat(7),
        9_007_199_254_740_993 + n,
        n % 500,
    )
}

/// The pages as the server sends them.
fn pages() -> Vec<Bytes> {
    let page = |at: usize| {
        let truncates = if at == 0 { r#"{"component":"","table":"orders"}"# } else { "" };
        let mut page = format!(r#"{{"status":{{"type":"snapshotting"}},"truncates":[{truncates}],"values":["#);
        for n in at * DOCUMENTS..(at + 1) * DOCUMENTS {
            let comma = if n == at * DOCUMENTS { "" } else { "," };
            let (ts, value) = (1_755_000_000_000_000_000 + n, document(n));
            write!(page, r#"{comma}{{"component":"","table":"orders","ts":{ts},"deleted":false,"value":{value}}}"#)
                .unwrap();
        }
        write!(page, r#"],"syncId":"s","pagination":{{"hasMore":true,"nextCursor":"c{at}"}}}}"#).unwrap();
        page.into()
    };
    (0..PAGES).map(page).collect()
}

/// The time of the mirror for all pages. It includes the decoding of the pages and the engine.
fn mirror(pages: &[Bytes]) -> Duration {
    let path = super::database("mirror");
    let mut sink = SqliteSink::open(&path, &Columns::new()).unwrap();
    let key = DeployKey::parse("prod:happy-animal-123|01ab").unwrap();
    let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &key).unwrap();
    let mut engine = SyncEngine::new(sink.state().unwrap(), SyncOptions::new(&endpoint)).unwrap();
    let started = Instant::now();
    for page in pages {
        let page: DataSyncPage = DataSync::decode(page).unwrap();
        let batch = engine.accept(page, UnixMillis(1)).unwrap();
        sink.commit(&batch).unwrap();
        engine.confirm(batch, 0.5).unwrap();
    }
    let time = started.elapsed();
    assert_eq!(sink.rows(&sink.tables().unwrap()[0]).unwrap().len(), PAGES * DOCUMENTS);
    super::remove(&path);
    time
}

/// The time of the loop of inserts for all documents, in transactions of a page each.
fn inserts(pages: &[Vec<(String, String)>]) -> Duration {
    let path = super::database("inserts");
    let mut connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "NORMAL").unwrap();
    connection.execute_batch("CREATE TABLE orders (id TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL)").unwrap();
    let started = Instant::now();
    for page in pages {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let mut insert = transaction.prepare("INSERT INTO orders (id, document) VALUES (?1, ?2)").unwrap();
        for (id, document) in page {
            insert.execute([id, document]).unwrap();
        }
        drop(insert);
        transaction.commit().unwrap();
    }
    let time = started.elapsed();
    super::remove(&path);
    time
}

/// Prints both speeds and their ratio. Returns `true` if the ratio is within its bound.
pub(super) fn compare() -> bool {
    let pages = pages();
    let texts: Vec<Vec<(String, String)>> = (0..PAGES)
        .map(|at| (at * DOCUMENTS..(at + 1) * DOCUMENTS).map(|n| (format!("k17{n:028}x"), document(n))).collect())
        .collect();
    let (mut ours, mut plain) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        plain = plain.min(inserts(&texts));
        ours = ours.min(mirror(&pages));
    }
    let speed = |time: Duration| (PAGES * DOCUMENTS) as f64 / time.as_secs_f64();
    let ratio = ours.as_secs_f64() / plain.as_secs_f64();
    println!("{PAGES} pages of {DOCUMENTS} documents, {} bytes a document", document(1).len());
    println!(
        "documents per second: mirror {:.0}, plain inserts {:.0}, ratio of the times {ratio:.2}, at most {TIME}",
        speed(ours),
        speed(plain)
    );
    ratio <= TIME
}
