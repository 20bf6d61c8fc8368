//! The committed figures, and the comparison with them.
//!
//! A figure is a ratio to the floor of the same run, because instructions depend on the C library and the processor's features, and
//! on the versions of crates and compiler. All of them change the floor too. Allocations depend on the crates only, so they are absolute.

use std::fmt::Write;
use std::fs;

use super::counts::Counts;
use crate::Failure;
use crate::shell::root;

/// The file, below the project's root.
const FILE: &str = "tests/bench/figures.txt";

/// The workloads that are cheap to count. CI compares them.
pub(super) const CHECKED: [&str; 9] =
    ["small", "list-100", "update", "audit", "projects", "page-raw", "page-typed", "page-one-pass", "page-engine"];

/// The margin of a comparison: instructions depend on the machine a little.
const MARGIN: f64 = 1.03;

/// The figures of one workload.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figures {
    workload: String,
    /// The instructions of the library, divided by those of the floor.
    pub(super) instructions: f64,
    /// The allocations of the library.
    pub(super) allocations: f64,
}

/// Returns the committed figures of a workload.
pub(super) fn committed(workload: &str) -> Result<Figures, Failure> {
    let text = fs::read_to_string(root().join(FILE)).map_err(|error| format!("{FILE}: {error}"))?;
    let line = text.lines().find(|line| line.split(' ').next() == Some(workload));
    parse(line.ok_or_else(|| format!("{FILE} has no figures of {workload}: run `cargo xtask bench --write`"))?)
}

fn parse(line: &str) -> Result<Figures, Failure> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [workload, instructions, allocations] = words[..] else { return Err(format!("{FILE}: `{line}`").into()) };
    Ok(Figures {
        workload: workload.to_owned(),
        instructions: instructions.parse()?,
        allocations: allocations.parse()?,
    })
}

fn measured(counts: &Counts, workload: &str) -> Result<Figures, Failure> {
    Ok(Figures {
        workload: workload.to_owned(),
        instructions: counts.ratio(workload, "ours")?,
        allocations: counts.of(workload, "ours", |count| count.allocations)?,
    })
}

/// Writes the figures of this run.
pub(super) fn write(counts: &Counts) -> Result<(), Failure> {
    let mut text = "\
# Written by `cargo xtask bench --write`. For each workload: the instructions of the library's client divided by those of the floor, and
# the allocations of the library's client. docs/performance.md explains them.
"
    .to_owned();
    for workload in CHECKED {
        let Figures { instructions, allocations, .. } = measured(counts, workload)?;
        writeln!(text, "{workload} {instructions:.3} {allocations:.0}")?;
    }
    fs::write(root().join(FILE), text)?;
    println!("wrote {FILE}");
    Ok(())
}

/// Prints the comparison with the committed figures. Fails if one is exceeded.
pub(super) fn compare(counts: &Counts) -> Result<(), Failure> {
    let mut worse = Vec::new();
    for workload in CHECKED {
        let (lines, exceeded) = compare_one(&committed(workload)?, &measured(counts, workload)?);
        print!("{lines}");
        if exceeded {
            worse.push(workload);
        }
    }
    if worse.is_empty() {
        return Ok(());
    }
    Err(format!(
        "more than the committed figures: {}. If it is worth it, write new ones with `cargo xtask bench --write`",
        worse.join(", ")
    )
    .into())
}

/// Describes the differences of a workload. Returns `true` if it needs more than the committed figures, and the margin.
fn compare_one(committed: &Figures, measured: &Figures) -> (String, bool) {
    let (mut lines, mut exceeded) = (String::new(), false);
    for (what, was, is) in [
        ("instructions, relative to the floor", committed.instructions, measured.instructions),
        ("allocations", committed.allocations, measured.allocations),
    ] {
        let change = (is / was - 1.0) * 100.0;
        let verdict = if is > was * MARGIN {
            exceeded = true;
            "WORSE"
        } else if is * MARGIN < was {
            "better: lower the figure with `cargo xtask bench --write`"
        } else {
            "as committed"
        };
        lines += &format!("{}: {what} {is:.3}, committed {was:.3}, {change:+.1}%: {verdict}\n", committed.workload);
    }
    (lines, exceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(instructions: f64, allocations: f64) -> Figures {
        Figures { workload: "small".to_owned(), instructions, allocations }
    }

    #[test]
    fn more_than_the_margin_is_worse_and_less_is_reported() {
        let compare =
            |instructions, allocations| compare_one(&figures(1.1, 100.0), &figures(instructions, allocations));
        let (lines, exceeded) = compare(1.132, 103.0);
        assert!(!exceeded && lines.matches("as committed").count() == 2, "{lines}");
        for (instructions, allocations) in [(1.134, 100.0), (1.1, 103.1)] {
            let (lines, exceeded) = compare(instructions, allocations);
            assert!(exceeded && lines.matches("WORSE").count() == 1, "{lines}");
        }
        let (lines, exceeded) = compare(1.06, 97.0);
        assert!(!exceeded && lines.matches("better").count() == 2, "{lines}");
    }

    #[test]
    fn reads_a_line_of_figures() {
        assert_eq!(parse("small 1.1 100").unwrap(), figures(1.1, 100.0));
        assert!(parse("small 1.1").is_err() && parse("small a 100").is_err());
    }
}
