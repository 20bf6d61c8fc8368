//! Counts the instructions of reading a response, for each item, from 10 to 100,000 items.
//!
//! It prints a line for each count: a kind of response, the number of items, and the instructions of one item. `-- --check` fails
//! if an item of a long list costs more than one of 100. Another argument selects kinds by a part of their name. valgrind counts
//! the instructions in runs of this same program.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

use std::hint::black_box;
use std::process::ExitCode;

use bytes::Bytes;
use convex_mgmt::Operation;
use convex_mgmt::deployment::{DataSync, ListAuditLogEvents, ListEnvironmentVariables};
use convex_mgmt::management::ListProjects;
use convex_mgmt_bench::bodies;
use convex_mgmt_bench::structs::Message;
use convex_mgmt_count::{counted, instructions_with};

/// The numbers of items.
const SIZES: [usize; 5] = [10, 100, 1000, 10_000, 100_000];
/// The maximum cost of an item of a long list, relative to an item of a list of 100.
const FLAT: f64 = 1.03;

/// Makes glibc merge freed memory at once. Otherwise it does so only after large lists, which costs 130 instructions a variable.
const MERGES_AT_ONCE: &str = ":glibc.malloc.mxfast=0";

/// A kind of response: its name, its body with a number of items, and the function that reads it.
type Kind = (&'static str, fn(usize) -> String, fn(&Bytes));

const KINDS: [Kind; 5] = [
    ("variables", bodies::variables, read::<ListEnvironmentVariables>),
    ("audit-events", bodies::audit_events, read::<ListAuditLogEvents>),
    ("projects", bodies::projects, read::<ListProjects>),
    ("documents-raw", bodies::documents, read::<DataSync>),
    ("documents-typed", bodies::documents, read_typed),
];

/// Reads a response, and drops its output.
fn read<O: Operation>(body: &Bytes) {
    assert!(black_box(O::decode(body)).is_ok());
}

fn read_typed(body: &Bytes) {
    let page = DataSync::decode(body).expect("a page");
    for value in &page.values {
        black_box(value.document.read::<Message>().expect("a message"));
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["read", kind] => {
            for (_, body, read) in KINDS.into_iter().filter(|(name, ..)| *name == kind) {
                for size in SIZES {
                    let body = Bytes::from(body(size));
                    counted(&mut || read(&body));
                }
            }
            ExitCode::SUCCESS
        }
        [] => compare("", false),
        ["--check"] => compare("", true),
        [part] => compare(part, false),
        _ => ExitCode::from(2),
    }
}

fn compare(part: &str, check: bool) -> ExitCode {
    let mut failed = false;
    for (name, ..) in KINDS.into_iter().filter(|(name, ..)| name.contains(part)) {
        let counts = match instructions_with(&["read", name], MERGES_AT_ONCE) {
            Ok(counts) => counts,
            Err(why) => {
                eprintln!("{name}: not counted: {why}");
                return ExitCode::FAILURE;
            }
        };
        let each: Vec<(usize, f64)> =
            SIZES.into_iter().zip(&counts).map(|(size, count)| (size, *count as f64 / size as f64)).collect();
        each.iter().for_each(|(size, count)| println!("{name} {size} {count:.1}"));
        let of_100 = each.iter().find(|(size, _)| *size == 100).map_or(0.0, |(_, count)| *count);
        for (size, count) in each.iter().filter(|(size, count)| *size > 100 && *count > FLAT * of_100) {
            eprintln!("{name}: an item of {size} takes {:.3} times as much as one of 100", count / of_100);
            failed |= check;
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
