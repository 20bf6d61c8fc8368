//! The bullets in the docs of operations. Delete this file, and its line in `CHECKS`, once a macro writes them.

use super::source::{Problem, Tree};

/// The facts that the docs of an operation contain, and how each begins.
const FACTS: [(&str, &[&str]); 5] = [
    ("its credential", &["* Credential:"]),
    ("the effect of a repetition", &["* Repeating it", "* It is not repeated"]),
    ("its output", &["* Gives", "* Success has no content"]),
    ("its error codes", &["* Codes:"]),
    ("an example", &["```"]),
];

/// Finds operations of `convex-mgmt-proto` without one of the bullets.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let sources = tree.sources().filter(|file| file.name.starts_with("crates/convex-mgmt-proto/src/"));
    sources.flat_map(|file| undocumented(&file.name, &file.text)).collect()
}

fn undocumented(name: &str, text: &str) -> Vec<Problem> {
    let operations = text.split("\nimpl Operation for ").skip(1).filter_map(|rest| rest.split(' ').next());
    let missing = |operation: &str| {
        let (line, docs) = docs_of(operation, text);
        let missing = FACTS.iter().filter(|(_, bullets)| !bullets.iter().any(|bullet| docs.contains(bullet)));
        let problem = |(fact, bullets): &(&str, &[&str])| {
            let message = format!("the docs of {operation} lack {fact}: add a line with `{}`", bullets.join("` or `"));
            Problem::new(name, line, message)
        };
        missing.map(problem).collect::<Vec<_>>()
    };
    operations.flat_map(missing).collect()
}

/// The doc comment above the line that declares a type, by itself or in a macro call, and the number of that line.
fn docs_of(item: &str, text: &str) -> (usize, String) {
    let declares = |line: &str| {
        let rest = line.trim_start().strip_prefix("pub struct ").unwrap_or(line.trim_start());
        rest.strip_prefix(item).is_some_and(|rest| rest.starts_with([' ', ':', '<', '(']))
    };
    let lines: Vec<&str> = text.lines().collect();
    let Some(at) = lines.iter().position(|line| declares(line)) else { return (1, String::new()) };
    let comment = lines[..at].iter().rev().map(|line| line.trim_start());
    (at + 1, comment.skip_while(|line| line.starts_with("#[")).take_while(|line| line.starts_with("///")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        check(&Tree::of(&[("crates/convex-mgmt-proto/src/x.rs", text)])).len()
    }

    #[test]
    fn finds_each_missing_fact() {
        let whole = "//! x\n/// * Credential: a\n/// * Repeating it is safe.\n/// * Gives b.\n/// * Codes: c\n/// ```\n#[derive(Debug)]\npub struct Get {}\n\nimpl Operation for Get {}\n";
        assert_eq!(count(whole), 0);
        for line in ["* Credential: a", "* Repeating it is safe.", "* Gives b.", "* Codes: c", "```"] {
            assert_eq!(count(&whole.replace(line, "")), 1, "{line}");
        }
        assert_eq!(count("//! x\nimpl Operation for Get {}\n"), FACTS.len());
    }
}
