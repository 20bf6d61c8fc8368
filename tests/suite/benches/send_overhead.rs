//! Benchmark of the overhead of a call: allocations and instructions compared with bare hyper-util and serde_json.
//!
//! The call is one small GET over a pooled connection, through the default client. The bare call reads the same types.
//!
//! `cargo bench -p convex-mgmt-suite --bench send_overhead` prints both; `-- --check` fails when a bound is exceeded.
//! valgrind counts the instructions in runs of this same program. Without valgrind they are left out, and `--check` fails.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use bytes::Bytes;
use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::{Client, DeploymentClient, Secret};
use convex_mgmt_count::counted;
use convex_mgmt_suite::{ADMIN_KEY, endpoint, fake};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

/// Maximum number of allocations per call.
const ALLOCATIONS: f64 = 30.0;
/// Maximum ratio of instructions to those of the bare call.
const INSTRUCTIONS: f64 = 1.12;
/// Calls before the counted ones. They exclude one-time work from the counts.
const CALLS_BEFORE: u32 = 200;
/// The number of counted calls.
const CALLS: u32 = 1000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    match words[..] {
        ["serve"] => serve(),
        ["client", kind, url] => run(kind, url),
        [] => compare(false),
        ["--check"] => compare(true),
        _ => ExitCode::from(2),
    }
}

/// Runs the server in its own process, so that its work is not counted.
fn serve() -> ExitCode {
    runtime().block_on(async {
        let fake = fake().variable("GREETING", "hello").variable("API_BASE", "https://api.example.com/v2").build();
        let running = fake.serve("127.0.0.1:0").await.unwrap();
        println!("{}", running.url());
        std::future::pending().await
    })
}

/// Makes the counted calls through the library or the bare client.
fn run(kind: &str, url: &str) -> ExitCode {
    calls(kind, url, |some| {
        some(CALLS_BEFORE);
        counted(&mut || some(CALLS));
    });
    ExitCode::SUCCESS
}

/// Passes a function that makes a number of sequential calls with one client.
fn calls<T>(kind: &str, url: &str, with: impl FnOnce(&dyn Fn(u32)) -> T) -> T {
    let runtime = runtime();
    if kind == "ours" {
        let client = Client::new(endpoint(url)).unwrap();
        with(&|calls| (0..calls).for_each(|_| runtime.block_on(ours(&client))))
    } else {
        let pool = pool();
        with(&|calls| (0..calls).for_each(|_| runtime.block_on(bare(&pool, url))))
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn ours(client: &DeploymentClient) {
    let variables = client.send(&ListEnvironmentVariables::new()).await.unwrap();
    assert_eq!(variables.len(), 2);
}

type BarePool = Pool<HttpConnector, Full<Bytes>>;

fn pool() -> BarePool {
    Pool::builder(TokioExecutor::new()).build_http()
}

async fn bare(pool: &BarePool, url: &str) {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Listed {
        environment_variables: BTreeMap<String, Secret>,
    }
    let request = http::Request::get(format!("{url}/api/v1/list_environment_variables"))
        .header("authorization", format!("Convex {ADMIN_KEY}"))
        .header("user-agent", "convex-mgmt/0.1.0")
        .header("convex-client", "convex-mgmt-rust-0.1.0")
        .body(Full::new(Bytes::new()))
        .unwrap();
    let response = pool.request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let listed: Listed = serde_json::from_slice(&body).unwrap();
    assert_eq!(listed.environment_variables.len(), 2);
}

fn compare(check: bool) -> ExitCode {
    let program = std::env::current_exe().unwrap();
    let mut server = Command::new(&program).arg("serve").stdout(Stdio::piped()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let url = url.trim();

    let (ours, bare) = (allocations("ours", url), allocations("bare", url));
    println!("allocations of one call:  ours {ours:.1}, bare {bare:.1}");
    let instructions = instructions("ours", url).and_then(|ours| Ok((ours, instructions("bare", url)?)));
    server.kill().unwrap();
    server.wait().unwrap();
    let mut within = ours <= ALLOCATIONS;
    match instructions {
        Ok((ours, bare)) => {
            let ratio = ours / bare;
            println!("instructions of one call: ours {ours:.0}, bare {bare:.0}, ratio {ratio:.3}");
            within &= ratio <= INSTRUCTIONS;
        }
        Err(why) => {
            println!("instructions of one call: not counted: {why}");
            within = false;
        }
    }
    println!("bounds: {ALLOCATIONS} allocations, {INSTRUCTIONS} times the bare instructions");
    if check && !within {
        eprintln!("a bound is exceeded or could not be checked");
        return ExitCode::FAILURE;
    }
    let readme = include_str!("../../../README.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let stated = format!("at most {ALLOCATIONS} allocations, and at most {INSTRUCTIONS} times the instructions");
    if check && !readme.contains(&stated) {
        eprintln!("README.md has other bounds: write \"{stated}\"");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn allocations(kind: &str, url: &str) -> f64 {
    calls(kind, url, |some| {
        some(CALLS_BEFORE);
        let counted = allocation_counter::measure(|| some(CALLS));
        counted.count_total as f64 / f64::from(CALLS)
    })
}

fn instructions(kind: &str, url: &str) -> Result<f64, String> {
    let counts = convex_mgmt_count::instructions(&["client", kind, url])?;
    Ok(counts.iter().sum::<u64>() as f64 / f64::from(CALLS))
}
