//! Counts the instructions of one request, for each workload and each caller. `cargo xtask bench` runs it and compares.
//!
//! Arguments are names of workloads and callers; without them it counts all. It prints a line for each count: a workload, a caller,
//! and the instructions of one call. valgrind counts them in runs of this same program. The program has no counting allocator,
//! whose instructions would be counted too.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

use std::process::ExitCode;

use convex_mgmt_bench::server::Served;
use convex_mgmt_bench::workloads::{Selected, Size, WORKLOADS, calls, serve};
use convex_mgmt_count::{counted, instructions};

/// Numbers of concurrent calls.
const CONCURRENT: [u32; 3] = [1, 8, 64];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", workload] => serve(workload),
        ["call", workload, caller, url, concurrent, warm, each] => {
            call(workload, caller, url, [concurrent, warm, each].map(|number| number.parse().unwrap_or(0)))
        }
        _ => count_all(Selected(&words)),
    }
}

/// Makes calls that exclude one-time work, and then the counted ones. Each concurrent task makes as many.
fn call(workload: &str, caller: &str, url: &str, [concurrent, warm, each]: [u32; 3]) -> ExitCode {
    let Some(mut call) = calls(workload, caller, url, concurrent) else { return ExitCode::from(2) };
    call(warm);
    counted(&mut || call(each));
    ExitCode::SUCCESS
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
    for (name, workload, concurrent, warm, each) in jobs.into_iter().filter(|job| selected.has_workload(&job.0)) {
        let server = match Served::start(workload) {
            Ok(server) => server,
            Err(why) => return failed(&why.to_string()),
        };
        for caller in selected.callers() {
            let numbers = [concurrent, warm, each].map(|number: u32| number.to_string());
            let [concurrently, before, after] = numbers.each_ref().map(String::as_str);
            match instructions(&["call", workload, caller, &server.url, concurrently, before, after]) {
                Ok(counts) => {
                    let one = counts.iter().sum::<u64>() as f64 / f64::from(concurrent * each);
                    println!("{name} {caller} {one:.0}");
                }
                Err(why) => return failed(&why),
            }
        }
    }
    ExitCode::SUCCESS
}

fn failed(why: &str) -> ExitCode {
    eprintln!("not counted: {why}");
    ExitCode::FAILURE
}
