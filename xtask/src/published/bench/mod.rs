//! `cargo xtask bench`: the instructions and allocations of one request, beside bare hyper-util and reqwest.
//!
//! The package `tests/bench` counts. This module runs it, compares the counts, and writes them to the docs.

mod counts;
mod figures;
mod page;
mod rows;

use counts::Counts;

use crate::Failure;

/// Prints all results. With `write`, writes them to the docs, and the figures that [`check`] compares.
pub(crate) fn run(write: bool) -> Result<(), Failure> {
    let counts = Counts::measure(&[])?;
    println!("{}", rows::tables(&counts)?);
    if write {
        figures::write(&counts)?;
        page::write(&counts)?;
    }
    Ok(())
}

/// Counts the cheap workloads. Fails if one needs more than its committed figure, with a margin.
pub(crate) fn check() -> Result<(), Failure> {
    if let Err(why) = counts::valgrind() {
        println!("SKIPPED: {why}, so the instructions of a request were not compared with the committed figures");
        return Ok(());
    }
    page::check()?;
    let words: Vec<&str> = ["floor", "ours"].into_iter().chain(figures::CHECKED).collect();
    figures::compare(&Counts::measure(&words)?)
}
