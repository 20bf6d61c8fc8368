//! Peak memory: the whole mirror, client included, in a process of its own, for few and for many pages.

use std::process::{Command, ExitCode};

use convex_mgmt_fake::{Fake, Knobs, Value};
use convex_mgmt_mirror::display::Display;
use convex_mgmt_mirror::options::Options;
use convex_mgmt_mirror::run::{Exit, run};
use convex_mgmt_mirror::source::Source;
use convex_mgmt_mirror::sqlite::SqliteSink;

/// Maximum ratio of the peak for many pages to that for few. The arenas of the allocator still fill up during the first hundreds of
/// pages, by about 1 MiB. Keeping any part of each page would exceed the ratio many times.
const PEAK: f64 = 1.25;
const FEW: usize = 10;
const MANY: usize = 1000;
/// The number of documents of a page, and the length of the text in each. Few pages are more than the cache of SQLite holds.
const DOCUMENTS: usize = 100;
const TEXT: usize = 2500;
const KEY: &str = "happy-animal-123|01ab";

/// Mirrors the deployment at `url` until the copy is up to date. Prints the peak memory of this process in KiB.
pub(super) fn mirror(url: &str, database: &str) -> ExitCode {
    let parser = lexopt::Parser::from_iter(["mirror", "--once", "--url", url, "--database", database]);
    let options = Options::read(parser).unwrap().unwrap();
    let end = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let source = Source::open(&options.from, Some(&format!("prod:{KEY}"))).await.unwrap();
        let sink = SqliteSink::open(&options.database, &options.columns).unwrap();
        let mut display = Display::new(std::io::sink(), false);
        run(&source, sink, &options, &mut display, std::future::pending()).await
    });
    assert_eq!((end.exit, end.error), (Exit::Done, None));
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("{}", peak.trim().trim_end_matches(" kB"));
    ExitCode::SUCCESS
}

/// Returns the peak memory of a mirror of this many pages, in KiB.
fn peak(pages: usize) -> u64 {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut knobs = Knobs::default();
    knobs.data_sync_page_entries = DOCUMENTS;
    let fake = Fake::builder("happy-animal-123").admin_key(KEY).knobs(knobs).build();
    let document = Value::document(serde_json::json!({ "text": "x".repeat(TEXT) }));
    for _ in 0..pages {
        fake.commit(|tables| (0..DOCUMENTS).for_each(|_| drop(tables.insert("", "texts", document.clone()))));
    }
    let server = runtime.block_on(fake.serve("127.0.0.1:0")).unwrap();
    let database = super::database("memory");
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["mirror", &server.url()]).arg(&database).output().unwrap();
    super::remove(&database);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let requests = fake.requests().iter().filter(|request| request.uri.contains("/data/sync")).count();
    assert!(requests >= pages, "{requests} requests for {pages} pages");
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// Prints both peaks and their ratio. Returns `true` if the ratio is within its bound.
pub(super) fn compare() -> bool {
    if !cfg!(target_os = "linux") {
        println!("SKIPPED: peak memory is measured on Linux only");
        return true;
    }
    let (few, many) = (peak(FEW), peak(MANY));
    let ratio = many as f64 / few as f64;
    println!("peak memory: {FEW} pages {few} KiB, {MANY} pages {many} KiB, ratio {ratio:.2}, at most {PEAK}");
    ratio <= PEAK
}
