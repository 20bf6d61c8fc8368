//! The counts of the package `tests/bench`.

use std::collections::BTreeMap;
use std::process::Command;

use crate::Failure;
use crate::shell::{cargo, output};

/// The counts of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Count {
    pub(super) instructions: Option<f64>,
    pub(super) allocations: Option<f64>,
    /// The most bytes that a call holds at a time.
    pub(super) peak: Option<f64>,
    /// The bytes of the response's body.
    pub(super) body: Option<f64>,
    /// The time of a call, which depends on the machine's load.
    pub(super) micros: Option<f64>,
}

/// The counts of all calls, by workload and caller.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<(String, String), Count>);

impl Counts {
    /// Runs the benchmarks for the workloads and callers with these names, or for all.
    pub(super) fn measure(words: &[&str]) -> Result<Self, Failure> {
        let mut counts = Self::default();
        counts.read(&bench("instructions", words)?, |count, numbers| count.instructions = numbers.next())?;
        counts.read(&bench("allocations", words)?, |count, numbers| {
            for number in [&mut count.allocations, &mut count.peak, &mut count.body, &mut count.micros] {
                *number = numbers.next();
            }
        })?;
        Ok(counts)
    }

    /// Reads the output of a benchmark: lines with a workload, a caller, and numbers.
    fn read(
        &mut self,
        lines: &str,
        mut take: impl FnMut(&mut Count, &mut dyn Iterator<Item = f64>),
    ) -> Result<(), Failure> {
        for line in lines.lines() {
            let mut words = line.split_whitespace();
            let (Some(workload), Some(caller)) = (words.next(), words.next()) else { continue };
            let numbers = words.map(str::parse).collect::<Result<Vec<f64>, _>>();
            let mut numbers = numbers.map_err(|error| format!("`{line}`: {error}"))?.into_iter();
            let count = self.0.entry((workload.to_owned(), caller.to_owned())).or_default();
            take(count, &mut numbers);
        }
        Ok(())
    }

    /// Returns one of the counts of a caller. It fails if the benchmarks printed none.
    pub(super) fn of(&self, workload: &str, caller: &str, which: fn(&Count) -> Option<f64>) -> Result<f64, Failure> {
        let count = self.0.get(&(workload.to_owned(), caller.to_owned())).and_then(which);
        count.ok_or_else(|| format!("the count of {workload} by {caller} is missing").into())
    }

    /// Returns the instructions of a caller, divided by those of the floor.
    pub(super) fn ratio(&self, workload: &str, caller: &str) -> Result<f64, Failure> {
        let instructions = |caller| self.of(workload, caller, |count| count.instructions);
        Ok(instructions(caller)? / instructions("floor")?)
    }
}

/// Fails if valgrind cannot be started.
pub(super) fn valgrind() -> Result<String, Failure> {
    output(Command::new("valgrind").arg("--version")).map_err(|_| "valgrind is not installed".into())
}

/// Only this package is selected. Other packages would add features to the measured crates.
fn bench(name: &str, words: &[&str]) -> Result<String, Failure> {
    let mut bench = cargo(&format!("bench --quiet --package convex-mgmt-bench --bench {name} --"));
    output(bench.args(words))
}
