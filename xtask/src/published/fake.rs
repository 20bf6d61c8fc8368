//! The dependency trees of `convex-mgmt-fake`: their limits, and their numbers in its README.

use std::fs;

use super::tree::tree;
use crate::Failure;
use crate::shell::root;

const README: &str = "crates/convex-mgmt-fake/README.md";

/// Sets of features: their rows in the README, the arguments of `cargo tree`, and the maximum number of crates, the fake included.
const TREES: [(&str, &str, usize); 4] = [
    ("none", "--no-default-features", 79),
    ("`server`, a default", "", 100),
    ("`conformance`", "--features conformance", 105),
    ("`program`", "--features program", 103),
];

/// Describes each set of features with too many crates, or with another number in the README.
pub(super) fn problems() -> Result<Vec<String>, Failure> {
    let readme = fs::read_to_string(root().join(README))?;
    let mut problems = Vec::new();
    for (features, arguments, bound) in TREES {
        let count = tree(&format!("--package convex-mgmt-fake {arguments}"))?.len();
        println!("convex-mgmt-fake with {features}: {count} crates, at most {bound}");
        if count > bound {
            problems.push(format!("convex-mgmt-fake with {features} has {count} crates, at most {bound}"));
        }
        if !has_row(&readme, features, count) {
            problems.push(format!("{README} has another number of crates: end the row {features} with `| {count} |`"));
        }
    }
    Ok(problems)
}

/// Returns `true` if the row of these features ends with this number.
fn has_row(readme: &str, features: &str, count: usize) -> bool {
    let (begin, end) = (format!("| {features} |"), format!("| {count} |"));
    readme.lines().any(|line| line.starts_with(&begin) && line.ends_with(&end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_number_of_a_row() {
        let readme = "| feature | adds | crates |\n| none | services | 79 |\n| `server` | sockets | 100 |\n";
        assert!(has_row(readme, "none", 79) && has_row(readme, "`server`", 100));
        assert!(!has_row(readme, "none", 100) && !has_row(readme, "`program`", 100) && !has_row(readme, "none", 9));
    }
}
