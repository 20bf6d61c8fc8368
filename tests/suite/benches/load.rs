//! Benchmark that makes any number of calls to a fake with faults.
//!
//! It prints the throughput and the results. It fails if the client's reports disagree with the fake.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

use std::process::ExitCode;

use convex_mgmt::RetryPolicy;
use convex_mgmt_suite::load::{Load, Protocol};
use lexopt::prelude::*;

const USAGE: &str = "\
usage: cargo bench -p convex-mgmt-suite --bench load -- [OPTION]...

  --requests N        number of calls (default 10000)
  --connections N     number of connections (default 64)
  --http2             over HTTP/2
  --control-plane     creates and deletes at the Management API, over HTTP/1.1
  --http2-broken      over HTTP/2, where a reset breaks the connection with all requests in flight
  --no-retry          no retries
  --fault-rate P      probability that a request meets a fault (default 0.01)
  --seed N            seed of the sequence of faults (default 1)
";

fn main() -> ExitCode {
    match load() {
        Ok(Some((load, control_plane))) => run(&load, control_plane),
        Ok(None) => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Returns the settings, and `true` for a load on a control plane.
fn load() -> Result<Option<(Load, bool)>, lexopt::Error> {
    let (mut load, mut control_plane) = (Load::default(), false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            // Cargo passes this flag to every benchmark.
            Long("bench") => {}
            Short('h') | Long("help") => return Ok(None),
            Long("requests") => load.calls = parser.value()?.parse()?,
            Long("connections") => load.connections = parser.value()?.parse()?,
            Long("control-plane") => control_plane = true,
            Long("http2") => load.protocol = Protocol::Http2,
            Long("http2-broken") => load.protocol = Protocol::Http2Broken,
            Long("no-retry") => load.retry = RetryPolicy::never(),
            Long("fault-rate") => load.fault_rate = parser.value()?.parse()?,
            Long("seed") => load.seed = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    if control_plane && load.protocol != Protocol::Http1 {
        return Err("--control-plane is for HTTP/1.1".into());
    }
    Ok(Some((load, control_plane)))
}

#[tokio::main]
async fn run(load: &Load, control_plane: bool) -> ExitCode {
    let run = if control_plane { load.run_on_control_plane().await } else { load.run().await };
    print!("{run}");
    for (fault, met) in run.met() {
        println!("  {met} times {fault:?}");
    }
    let problems = run.problems();
    for problem in &problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() {
        println!("the client's reports agree with the fake");
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}
