//! Counts the allocations of one request, and its peak of memory, for each workload and each caller. `cargo xtask bench` runs it
//! and compares.
//!
//! Arguments are names of workloads and callers. It prints a line for each count: a workload, a caller, the allocations of one call, and the most bytes that a call holds at a
//! time, the bytes of the body, and the microseconds of one call. A reallocation counts as an allocation and a deallocation, because it may have to move the data.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use allocation_counter::{AllocationInfo, measure};
use convex_mgmt_bench::callers::Caller;
use convex_mgmt_bench::runtime;
use convex_mgmt_bench::server::Served;
use convex_mgmt_bench::workloads::{Selected, Size, Visit, WORKLOADS, body, serve, with_caller};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", workload] => serve(workload),
        _ => count_all(Selected(&words)),
    }
}

/// Makes calls one after the other: some that exclude one-time work, and the counted ones.
struct Calls {
    warm: u32,
    calls: u32,
}

impl Visit for Calls {
    type Output = (AllocationInfo, Duration);

    fn visit(self, caller: impl Caller) -> Self::Output {
        let runtime = runtime();
        let call = |calls: u32| (0..calls).for_each(|_| runtime.block_on(caller.call()));
        call(self.warm);
        let started = Instant::now();
        let counted = measure(|| call(self.calls));
        (counted, started.elapsed())
    }
}

/// Prints the counts of the selected workloads and callers.
fn count_all(selected: Selected<'_>) -> ExitCode {
    for (workload, size) in WORKLOADS.into_iter().filter(|(name, _)| selected.has_workload(name)) {
        let length = body(workload).unwrap_or_default().len();
        let (warm, calls) = if size == Size::Small { (50, 400) } else { (2, 4) };
        let server = match Served::start(workload) {
            Ok(server) => server,
            Err(why) => {
                eprintln!("not counted: {why}");
                return ExitCode::FAILURE;
            }
        };
        for caller in selected.callers() {
            if let Some((counted, time)) = with_caller(workload, caller, &server.url, Calls { warm, calls }) {
                let each = counted.count_total as f64 / f64::from(calls);
                let micros = time.as_secs_f64() * 1e6 / f64::from(calls);
                println!("{workload} {caller} {each:.2} {} {length} {micros:.0}", counted.bytes_max);
            }
        }
    }
    ExitCode::SUCCESS
}
