//! Measures how the library's work grows: counts the instructions for inputs of one size and of twice that size. The inputs are
//! families written to make the work grow too fast, and every seed of the corpus with a piece of it repeated.
//!
//! `cargo bench -p convex-mgmt-fuzz --bench growth` prints the fastest growth of each target. `-- --check` fails if one grows too
//! fast. Valgrind counts the instructions of this same program; both commands need it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

use std::process::ExitCode;

use convex_mgmt_count::{counted, instructions};
use convex_mgmt_fuzz::families::FAMILIES;
use convex_mgmt_fuzz::inputs::{corpus, stretches};
use convex_mgmt_fuzz::{TARGETS, Target};

/// The maximum work for twice the size, relative to the work for the size. Linear work is 2; sorted maps need a little more.
const FASTEST: f64 = 2.5;
/// The smaller size in bytes: of the written families, and of those that are derived from the corpus.
const SIZES: (usize, usize) = (16_384, 2048);
/// The maximum length of a stretched seed in bytes. Longer seeds are a long run of one byte already.
const LONGEST_SEED: usize = 8192;

/// Similar inputs of any size.
struct Growing {
    name: String,
    size: usize,
    input: Box<dyn Fn(usize) -> Vec<u8>>,
    /// `true` for a written family. The library has to read its inputs to their end.
    written: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    match words[..] {
        ["read", target, half] => {
            TARGETS.iter().filter(|one| one.name == target).for_each(|target| read(target, half == "1"));
            ExitCode::SUCCESS
        }
        [] | ["--check"] => compare(),
        _ => ExitCode::from(2),
    }
}

/// Returns one half of the families of a target, always in the same order.
fn half_of_families(target: &Target, second: bool) -> Vec<Growing> {
    families(target).into_iter().skip(usize::from(second)).step_by(2).collect()
}

/// Returns all families of a target, always in the same order.
fn families(target: &Target) -> Vec<Growing> {
    let of_target = FAMILIES.iter().filter(|family| family.target == target.name);
    let written = of_target.map(|family| Growing {
        name: family.name.to_owned(),
        size: SIZES.0,
        input: Box::new(family.input),
        written: true,
    });
    let seeds = corpus(target.name).into_iter().filter(|(_, input)| input.len() <= LONGEST_SEED);
    let derived = seeds.flat_map(|(seed, input)| {
        let (operation, rest) = input.split_at(operation_line(target, &input));
        let operation = operation.to_vec();
        let growing = stretches(rest).into_iter().map(move |stretch| {
            let operation = operation.clone();
            Growing {
                name: format!("{} of the seed {seed}", stretch.what),
                // Large enough that the piece is most of the input.
                size: SIZES.1.max(4 * input.len()),
                input: Box::new(move |size| [operation.clone(), stretch.to(size)].concat()),
                written: false,
            }
        });
        growing.collect::<Vec<_>>()
    });
    written.chain(derived).collect()
}

/// The length of the line that names the operation. It is not repeated: another operation would be other work.
fn operation_line(target: &Target, input: &[u8]) -> usize {
    let end = input.iter().position(|byte| *byte == b'\n').filter(|_| target.name == "replies");
    end.map_or(0, |end| end + 1)
}

/// Reads an empty input, and then both inputs of each family.
fn read(target: &Target, second: bool) {
    let count = |input: &[u8]| counted(&mut || (target.read)(input));
    count(b"");
    for family in half_of_families(target, second) {
        count(&(family.input)(family.size));
        count(&(family.input)(2 * family.size));
    }
}

fn compare() -> ExitCode {
    // Each half of a target is counted in a process of its own, so they can run in parallel. `replies` is most of the work.
    let halves: Vec<_> = TARGETS.iter().flat_map(|target| [(target, false), (target, true)]).collect();
    let compared: Vec<Result<Vec<String>, String>> = std::thread::scope(|scope| {
        let running: Vec<_> = halves.iter().map(|(target, second)| scope.spawn(|| grows(target, *second))).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let mut failed = false;
    for ((target, _), result) in halves.iter().zip(compared) {
        let problems = result.unwrap_or_else(|why| vec![format!("not counted: {why}")]);
        failed |= !problems.is_empty();
        problems.iter().for_each(|problem| eprintln!("{}: {problem}", target.name));
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Returns the families of one half of a target that grow too fast.
fn grows(target: &Target, second: bool) -> Result<Vec<String>, String> {
    let counts = instructions(&["read", target.name, if second { "1" } else { "0" }])?;
    let families = half_of_families(target, second);
    let (nothing, counts) = counts.split_first().ok_or("valgrind counted nothing")?;
    if counts.len() != 2 * families.len() {
        return Err(format!("{} counts for {} families", counts.len(), families.len()));
    }
    let mut problems = Vec::new();
    let mut fastest = (0.0, "");
    for (family, count) in families.iter().zip(counts.chunks(2)) {
        let (size, twice) = (family.size, 2 * family.size);
        let (small, large) = (count[0].saturating_sub(*nothing), count[1].saturating_sub(*nothing));
        // Less than two instructions per byte do not count as work: the allocator's own work differs by as much.
        let growth = large as f64 / small.max(2 * size as u64) as f64;
        if growth > FASTEST {
            problems.push(format!(
                "{}: {small} instructions for {size} bytes, {large} for {twice}: {growth:.2} times as many, \
                 at most {FASTEST}",
                family.name
            ));
        }
        if family.written && large < twice as u64 {
            problems.push(format!(
                "{}: {large} instructions for {twice} bytes: the input is not read to its end",
                family.name
            ));
        }
        if growth > fastest.0 {
            fastest = (growth, &family.name);
        }
    }
    println!("{}: {} families, fastest {:.2}: {}", target.name, families.len(), fastest.0, fastest.1);
    Ok(problems)
}
