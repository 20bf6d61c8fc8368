//! Counts the instructions of one request, for each workload and each caller. `cargo xtask bench` runs it and compares.
//!
//! Arguments are names of workloads and callers. It prints a line for each count: a workload, a caller, and the instructions of one call. valgrind counts them in runs of this
//! same program. The program has no counting allocator, whose instructions would be counted too.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

use std::process::ExitCode;
use std::time::Instant;

use convex_mgmt_bench::callers::Caller;
use convex_mgmt_bench::runtime;
use convex_mgmt_bench::server::Served;
use convex_mgmt_bench::workloads::{Selected, Size, Visit, WORKLOADS, serve, with_caller};
use convex_mgmt_count::{counted, instructions};

/// Numbers of concurrent calls.
const CONCURRENT: [u32; 3] = [1, 8, 64];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", workload] => serve(workload),
        ["call", workload, caller, url, concurrent, warm, calls] => {
            let [concurrent, warm, calls] = [concurrent, warm, calls].map(|number| number.parse().unwrap_or(0));
            let made = with_caller(workload, caller, url, Calls { concurrent, warm, calls });
            ExitCode::from(if made.is_some() { 0 } else { 2 })
        }
        _ => count_all(Selected(&words)),
    }
}

/// Calls to make: those before the counted ones, which exclude one-time work, and the counted ones. Each concurrent task makes
/// as many.
struct Calls {
    concurrent: u32,
    warm: u32,
    calls: u32,
}

impl Visit for Calls {
    type Output = ();

    fn visit(self, caller: impl Caller) {
        let runtime = runtime();
        let make = |calls: u32, callers: Vec<_>| {
            runtime.block_on(async {
                let tasks: Vec<_> = callers.into_iter().map(|caller| tokio::spawn(repeat(caller, calls))).collect();
                for task in tasks {
                    task.await.expect("a task without a panic");
                }
            });
        };
        let callers = || (0..self.concurrent).map(|_| caller.clone()).collect();
        make(self.warm, callers());
        let mut prepared = callers();
        counted(&mut || make(self.calls, std::mem::take(&mut prepared)));
    }
}

async fn repeat(caller: impl Caller, calls: u32) {
    for _ in 0..calls {
        caller.call().await;
    }
}

/// Prints the counts of the selected workloads and callers.
fn count_all(selected: Selected<'_>) -> ExitCode {
    let mut jobs = Vec::new();
    for (workload, size) in WORKLOADS {
        match size {
            Size::Small => jobs.push((workload.to_owned(), workload, 1, 50, 400)),
            Size::Large => jobs.push((workload.to_owned(), workload, 1, 2, 4)),
            Size::Huge => {}
        }
    }
    for concurrent in CONCURRENT {
        jobs.push((format!("small-at-{concurrent}"), "small", concurrent, 10, 512 / concurrent));
    }
    for (name, workload, concurrent, warm, calls) in jobs.into_iter().filter(|job| selected.has_workload(&job.0)) {
        let server = match Served::start(workload) {
            Ok(server) => server,
            Err(why) => return failed(&why.to_string()),
        };
        for caller in selected.callers() {
            let started = Instant::now();
            let [warm, each] = [warm, calls].map(|number: u32| number.to_string());
            let concurrently = concurrent.to_string();
            match instructions(&["call", workload, caller, &server.url, &concurrently, &warm, &each]) {
                Ok(counts) => {
                    let one = counts.iter().sum::<u64>() as f64 / f64::from(concurrent * calls);
                    println!("{name} {caller} {one:.0}");
                }
                Err(why) => return failed(&why),
            }
            eprintln!("{:?}", started.elapsed());
        }
    }
    ExitCode::SUCCESS
}

fn failed(why: &str) -> ExitCode {
    eprintln!("not counted: {why}");
    ExitCode::FAILURE
}
