//! The tables of results, with the goals.

use super::counts::Counts;
use crate::Failure;

/// One kind of request, and its goals: the most that the library may need, relative to the floor.
struct Row {
    what: &'static str,
    workload: &'static str,
    instructions: f64,
    allocations: f64,
}

const ROWS: [Row; 8] = [
    row("small GET (169 B)", "small", 1.05, 1.0),
    row("list of 100 environment variables (5.7 KB)", "list-100", 0.8, 1.0),
    row("update of 100 environment variables", "update", 2.3, 1.3),
    row("page of 100 audit log entries (25 KB)", "audit", 0.45, 0.25),
    row("page of 100 projects (19 KB)", "projects", 0.8, 0.8),
    row("data sync page, 1,000 documents left raw (1 MB)", "page-raw", 0.26, 0.01),
    row("the same page, each document read into a struct", "page-typed", 1.0, 1.0),
    row("the same page, read straight into structs (`typed`)", "page-one-pass", 1.0, 1.0),
];

const fn row(what: &'static str, workload: &'static str, instructions: f64, allocations: f64) -> Row {
    Row { what, workload, instructions, allocations }
}

/// Returns all tables as Markdown.
pub(super) fn tables(counts: &Counts) -> Result<String, Failure> {
    Ok(format!("{}\n{}\n{}", requests(counts)?, concurrent(counts)?, sizes(counts)?))
}

fn requests(counts: &Counts) -> Result<String, Failure> {
    let mut table = "\
| one request | instructions: floor | reqwest | ours | to reach | allocations: floor | reqwest | ours | to reach | µs: floor, reqwest, ours |
|---|---|---|---|---|---|---|---|---|---|
"
    .to_owned();
    for Row { what, workload, instructions, allocations } in &ROWS {
        let floor = short(counts.of(workload, "floor", |count| count.instructions)?);
        let (reqwest, ours) = (counts.ratio(workload, "reqwest")?, counts.ratio(workload, "ours")?);
        let instructions = goal(ours, *instructions);
        let [allocated, by_reqwest, by_ours] = three(&|caller| counts.of(workload, caller, |count| count.allocations))?;
        let (by_reqwest, by_ours) = (by_reqwest / allocated, by_ours / allocated);
        let allocations = goal(by_ours, *allocations);
        let micros = three(&|caller| counts.of(workload, caller, |count| count.micros))?;
        let micros = micros.map(|one| format!("{one:.0}")).join(", ");
        table += &format!(
            "| {what} | {floor} | {reqwest:.2} | {ours:.2} | {instructions} \
             | {allocated:.0} | {by_reqwest:.2} | {by_ours:.2} | {allocations} | {micros} |\n"
        );
    }
    Ok(table)
}

/// Returns the number of each caller.
fn three(number: &dyn Fn(&str) -> Result<f64, Failure>) -> Result<[f64; 3], Failure> {
    Ok([number("floor")?, number("reqwest")?, number("ours")?])
}

fn concurrent(counts: &Counts) -> Result<String, Failure> {
    let mut table = "\
| concurrent small GETs | instructions of the floor for one | reqwest | ours |
|---|---|---|---|
"
    .to_owned();
    for calls in [1, 8, 64] {
        let workload = format!("small-at-{calls}");
        let floor = short(counts.of(&workload, "floor", |count| count.instructions)?);
        let (reqwest, ours) = (counts.ratio(&workload, "reqwest")?, counts.ratio(&workload, "ours")?);
        table += &format!("| {calls} | {floor} | {reqwest:.2} | {ours:.2} |\n");
    }
    Ok(table)
}

fn sizes(counts: &Counts) -> Result<String, Failure> {
    let mut table = "\
| large responses | floor | reqwest | ours | to reach |
|---|---|---|---|---|
"
    .to_owned();
    let mut line = |what: &str, [floor, reqwest, ours]: [f64; 3], most: f64| {
        table += &format!("| {what} | {floor:.2} | {reqwest:.2} | {ours:.2} | {} |\n", goal(ours, most));
    };
    let growth = |caller: &str| {
        let instructions = |workload| counts.of(workload, caller, |count| count.instructions);
        let none = instructions("list-0")?;
        let each = |workload, count| Ok::<f64, Failure>((instructions(workload)? - none) / count);
        Ok(each("list-10000", 10_000.0)? / each("list-100", 100.0)?)
    };
    line("instructions for each of 10,000 variables / for each of 100", three(&growth)?, 1.03);
    for (what, workload) in [
        ("peak of memory / body of a 10 MB page, documents left raw", "large-raw"),
        ("the same, one document after the other read into a struct", "large-each"),
        ("the same, all documents read into structs and kept", "large-typed"),
    ] {
        let peak = |caller: &str| {
            Ok(counts.of(workload, caller, |count| count.peak)? / counts.of(workload, caller, |count| count.body)?)
        };
        line(what, three(&peak)?, 1.15);
    }
    let ours = |workload| counts.of(workload, "ours", |count| count.instructions);
    let engine = ours("page-engine")? / ours("page-raw")?;
    table += &format!(
        "| a data sync page through the engine / the page alone | | | {engine:.2} | {} |\n",
        goal(engine, 1.05)
    );
    Ok(table)
}

/// Describes a goal, and says whether a ratio misses it. Both have two decimals.
fn goal(ratio: f64, most: f64) -> String {
    let missed = if (ratio * 100.0).round() > (most * 100.0).round() { ", missed" } else { "" };
    format!("<= {most:.2}{missed}")
}

/// Returns a number with three or four digits.
fn short(number: f64) -> String {
    if number >= 1e6 { format!("{:.2} M", number / 1e6) } else { format!("{:.1} k", number / 1e3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_missed_above_its_last_digit() {
        assert_eq!((goal(1.05, 1.05), goal(1.054, 1.05)), ("<= 1.05".to_owned(), "<= 1.05".to_owned()));
        assert_eq!(goal(1.056, 1.05), "<= 1.05, missed");
    }

    #[test]
    fn large_numbers_are_short() {
        assert_eq!((short(36_284.0), short(33_105_817.0)), ("36.3 k".to_owned(), "33.11 M".to_owned()));
    }
}
