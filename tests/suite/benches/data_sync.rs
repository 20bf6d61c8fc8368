//! Benchmark of reading a page of a data sync, in instructions compared with one pass of serde_json.
//!
//! It reads the documents into a type, and the page itself. serde_json reads the same structs without the encodings of data
//! sync. It also passes the page through the engine of a sync into a sink that does nothing, compared with reading the page alone.
//!
//! `cargo bench -p convex-mgmt-suite --bench data_sync` prints both; `-- --check` fails when a bound is exceeded. valgrind
//! counts the instructions in a run of this same program. Without valgrind both commands fail.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::process::ExitCode;

use bytes::Bytes;
use convex_mgmt::deployment::DataSync;
use convex_mgmt::deployment::data_sync::DataSyncPage;
use convex_mgmt::deployment::data_sync::Document;
use convex_mgmt::sync::{SinkState, SyncEngine, SyncOptions};
use convex_mgmt::{Operation, UnixMillis};
use convex_mgmt_count::{counted, instructions};
use convex_mgmt_suite::endpoint;
use serde::Deserialize;

/// Maximum ratio of instructions to those of serde_json, for reading all documents.
const DOCUMENTS: f64 = 1.0;
/// Maximum ratio of instructions to those of serde_json, for reading the page. serde_json keeps the documents as raw values.
const PAGE: f64 = 0.65;
/// Maximum ratio of instructions to those of serde_json for a page of dynamic values, for reading the page.
const RAW: f64 = 0.26;
/// Maximum ratio of instructions to those of one pass of serde_json into types, for reading the page and then its documents.
const TYPED: f64 = 1.0;
/// Maximum ratio of instructions to those for reading the page, for reading it and passing it through the engine of a sync.
const SYNC: f64 = 1.05;
/// The number of documents of the page. Each has about 1 KiB.
const COUNT: usize = 1000;

/// A type as an application may declare it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only read")]
struct Order {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_creationTime")]
    created: f64,
    customer: String,
    state: State,
    number: i64,
    total: f64,
    paid: bool,
    note: Option<String>,
    description: String,
    address: Address,
    items: Vec<Item>,
    tags: Vec<String>,
    history: Vec<f64>,
    counters: BTreeMap<String, i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum State {
    Open,
    Sent,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only read")]
struct Address {
    street: String,
    city: String,
    zip: String,
    country: Option<String>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only read")]
struct Item {
    product: String,
    quantity: i64,
    price: f64,
}

fn document(n: usize) -> String {
    let state = if n.is_multiple_of(2) { "open" } else { "sent" };
    let item = |m: usize| {
        format!(r#"{{"price":{}.{},"product":"j57{:025}a7","quantity":{}}}"#, n % 90 + 1, m * 25, n * m, m + 1)
    };
    format!(
        r#"{{"_creationTime":17{n:011}.{},"_id":"k17{n:028}x","address":{{"city":"Zürich","country":null,"street":"Bahnhofstrasse {n}","zip":"8001"}},"counters":{{"opened":{n},"returned":0,"viewed":{}}},"customer":"Ada Lovelace {n}","description":"Two boxes, \"fragile\", to be left with the neighbours on the second floor if nobody opens.\nRing twice, please. {n}","history":[1.0,0.5,{n}.25,1e16,-0.0],"items":[{},{},{}],"legacy":{{"source":"import","row":{n},"cells":["a","b",null,true]}},"note":null,"number":{},"paid":true,"state":"{state}","tags":["gift","express","number-{n}"],"total":{}.5}}"#,
        n % 10,
        n * 7,
        item(1),
        item(2),
        item(3),
        9_007_199_254_740_993 + n,
        n % 500,
    )
}

fn page() -> Bytes {
    let mut page = r#"{"status":{"type":"snapshotting"},"truncates":[],"values":["#.to_owned();
    for n in 0..COUNT {
        let comma = if n == 0 { "" } else { "," };
        let ts = 1_755_000_000_000_000_000 + n;
        let value = document(n);
        write!(page, r#"{comma}{{"component":"","table":"orders","ts":{ts},"deleted":false,"value":{value}}}"#)
            .unwrap();
    }
    page.push_str(r#"],"syncId":"s","pagination":{"hasMore":true,"nextCursor":"c"}}"#);
    page.into()
}

mod bare {
    //! The structs of a page for serde_json alone.

    use std::borrow::Cow;

    use serde::Deserialize;
    use serde_json::value::RawValue;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code, reason = "only read")]
    pub(super) struct Page<'a> {
        status: serde_json::Value,
        truncates: Vec<serde_json::Value>,
        #[serde(borrow)]
        pub(super) values: Vec<Entry<'a>>,
        sync_id: String,
        pagination: serde_json::Value,
    }

    /// A page whose documents are read into a type in the same pass.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code, reason = "only read")]
    pub(super) struct TypedPage<T> {
        status: serde_json::Value,
        truncates: Vec<serde_json::Value>,
        pub(super) values: Vec<TypedEntry<T>>,
        sync_id: String,
        pagination: serde_json::Value,
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only read")]
    pub(super) struct TypedEntry<T> {
        component: String,
        table: String,
        ts: i64,
        deleted: bool,
        value: T,
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only read")]
    pub(super) struct Entry<'a> {
        component: Cow<'a, str>,
        table: Cow<'a, str>,
        ts: i64,
        deleted: bool,
        #[serde(borrow)]
        value: &'a RawValue,
    }
}

fn ours(document: &Document) -> Order {
    document.read().unwrap()
}

fn bare(document: &Document) -> Order {
    serde_json::from_str(document.as_str()).unwrap()
}

/// Reads a page, and passes it through the engine into a sink that does nothing. Returns the number of changes.
fn sync(engine: &mut SyncEngine, body: &Bytes) -> usize {
    let batch = engine.accept(DataSync::decode(body).unwrap(), UnixMillis(1_755_000_000_000)).unwrap();
    batch.follows(batch.previous()).unwrap();
    let changes = batch.changes().inspect(|change| _ = black_box(change)).count();
    engine.confirm(batch, 0.5).unwrap();
    changes
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    match words[..] {
        ["read"] => read(),
        [] => compare(false),
        ["--check"] => compare(true),
        _ => ExitCode::from(2),
    }
}

/// Counts each piece of work, in the order that `compare` expects.
fn read() -> ExitCode {
    let body = page();
    let page: DataSyncPage = DataSync::decode(&body).unwrap();
    assert_eq!(format!("{:?}", ours(&page.values[7].document)), format!("{:?}", bare(&page.values[7].document)));
    let documents = |read: fn(&Document) -> Order| {
        page.values.iter().for_each(|value| drop(black_box(read(&value.document))));
    };
    counted(&mut || documents(ours));
    counted(&mut || documents(bare));
    counted(&mut || assert_eq!(DataSync::decode(&body).unwrap().values.len(), COUNT));
    counted(&mut || assert_eq!(serde_json::from_slice::<bare::Page<'_>>(&body).unwrap().values.len(), COUNT));
    counted(&mut || drop(black_box(serde_json::from_slice::<serde_json::Value>(&body).unwrap())));
    counted(&mut || {
        let page = DataSync::decode(&body).unwrap();
        let orders: Vec<Order> = page.values.iter().map(|value| ours(&value.document)).collect();
        assert_eq!(orders.len(), COUNT);
    });
    counted(&mut || {
        assert_eq!(serde_json::from_slice::<bare::TypedPage<Order>>(&body).unwrap().values.len(), COUNT);
    });
    let mut engine = SyncEngine::new(SinkState::new(), SyncOptions::new(&endpoint("http://127.0.0.1:1"))).unwrap();
    counted(&mut || assert_eq!(sync(&mut engine, &body), COUNT + 1));
    ExitCode::SUCCESS
}

fn compare(check: bool) -> ExitCode {
    let counts = match instructions(&["read"]) {
        Ok(counts) => counts,
        Err(why) => {
            eprintln!("not counted: {why}");
            return ExitCode::FAILURE;
        }
    };
    let [ours, bare, our_page, bare_page, dynamic_page, our_typed, bare_typed, our_sync] = counts[..] else {
        panic!("{counts:?}")
    };
    println!("{COUNT} documents, {} bytes in all", page().len());
    let mut within = true;
    for (what, ours, than, bare, bound) in [
        ("documents", ours, "bare", bare, DOCUMENTS),
        ("the page", our_page, "bare", bare_page, PAGE),
        ("the page left raw", our_page, "dynamic values", dynamic_page, RAW),
        ("the page and its documents", our_typed, "one pass", bare_typed, TYPED),
        ("the page through the engine", our_sync, "the page", our_page, SYNC),
    ] {
        let ratio = ours as f64 / bare as f64;
        println!("instructions for {what}: ours {ours}, {than} {bare}, ratio {ratio:.3}, at most {bound}");
        within &= ratio <= bound;
    }
    if check && !within {
        eprintln!("a bound is exceeded");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
