//! Rules for each Rust file: its first line, its length, and its tests.

use super::source::{File, Problem, Tree};

/// Maximum number of lines of a file. A longer file has more than one topic.
const MOST_LINES: usize = 500;

/// Finds files that are too long or do not begin with docs, and tests that are ignored or sleep.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    tree.sources().flat_map(problems_of).collect()
}

fn problems_of(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |line: usize, message: &str| problems.push(Problem::new(&file.name, line, message));
    if !file.text.starts_with("//!") && !file.text.starts_with("#![doc = include_str!(") {
        add(1, "the first line is not `//!`: begin with one sentence on what the file contains");
    }
    let lines = file.text.lines().count();
    if lines > MOST_LINES {
        add(lines, &format!("{lines} lines, at most {MOST_LINES}: move a topic to a file of its own"));
    }
    for (at, line) in file.text.lines().enumerate() {
        if line.contains(concat!("#[", "ignore")) {
            add(at + 1, "an ignored test: repair it or delete it");
        }
        if line.contains(concat!("thread", "::sleep(")) {
            add(at + 1, "a sleep: wait for an event, or pause the clock");
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        check(&Tree::of(&[("a.rs", text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn finds_each_broken_rule() {
        assert_eq!(found("//! A.\n"), [""; 0]);
        assert_eq!(found("#![doc = include_str!(\"../README.md\")]\n"), [""; 0]);
        assert!(found("// A.\n")[0].starts_with("a.rs:1: "));
        assert!(found(concat!("//! A.\n#[", "ignore]\n"))[0].starts_with("a.rs:2: "));
        assert!(found(concat!("//! A.\n\nstd::thread", "::sleep(a);\n"))[0].starts_with("a.rs:3: "));
        assert_eq!(found(&format!("//! A.{}", "\n".repeat(MOST_LINES))), [""; 0]);
        assert_eq!(found(&format!("//! A.{}", "\n".repeat(MOST_LINES + 1))).len(), 1);
    }
}
