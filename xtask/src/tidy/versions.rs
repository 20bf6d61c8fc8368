//! Versions in the README, the change log and the lock file.

use super::source::{Problem, Tree};
use crate::Failure;
use crate::published::deps::{PUBLISHED, package};
use crate::shell::{cargo, output};

/// A published package.
struct Published {
    name: &'static str,
    version: String,
    /// The oldest supported Rust, such as `1.88`.
    rust: String,
}

/// Finds versions that differ from the manifests.
pub(super) fn check(tree: &Tree) -> Result<Vec<Problem>, Failure> {
    let read = |name: &'static str| -> Result<Published, Failure> {
        let package = package(name)?;
        let rust = package.rust_version.as_ref().map(ToString::to_string).unwrap_or_default();
        let rust = rust.strip_suffix(".0").unwrap_or(&rust).to_owned();
        Ok(Published { name, version: package.version.to_string(), rust })
    };
    let packages = PUBLISHED.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut problems = differences(tree, &packages);
    if output(&mut cargo("metadata --locked --format-version 1")).is_err() {
        problems.push(Problem::new("Cargo.lock", 1, "out of date: run `cargo metadata` and commit the file"));
    }
    Ok(problems)
}

fn differences(tree: &Tree, packages: &[Published]) -> Vec<Problem> {
    let contains = |page: &str, text: &str| tree.text(page).is_some_and(|found| found.contains(text));
    let mut problems = Vec::new();
    for Published { name, version, rust } in packages {
        if !contains("README.md", &format!("Rust {rust}")) {
            problems.push(Problem::new("README.md", 1, format!("{name} needs Rust {rust}: name that version")));
        }
        if !contains("CHANGELOG.md", &format!("## {version}")) {
            problems.push(Problem::new(
                "CHANGELOG.md",
                1,
                format!("no entry for {name} {version}: add `## {version}`"),
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_versions_that_the_pages_do_not_name() {
        let packages = [Published { name: "a", version: "0.2.0".to_owned(), rust: "1.88".to_owned() }];
        let count = |readme: &str, changes: &str| {
            differences(&Tree::of(&[("README.md", readme), ("CHANGELOG.md", changes)]), &packages).len()
        };
        assert_eq!(count("Needs Rust 1.88.", "## 0.2.0\n"), 0);
        assert_eq!(count("Needs Rust 1.87.", "## 0.2.0\n"), 1);
        assert_eq!(count("Needs Rust 1.88.", "## 0.1.0\n"), 1);
        assert_eq!(differences(&Tree::of(&[]), &packages).len(), 2);
    }
}
