//! `cargo xtask tidy`: rules that no compiler checks, one file per topic.

mod cycles;
mod docs_begin;
mod files;
mod folders;
mod leftovers;
mod operations;
mod promises;
mod sentences;
mod source;
mod versions;
mod words;

use crate::Failure;
use source::{Problem, Tree};

type Check = fn(&Tree) -> Result<Vec<Problem>, Failure>;

/// The name, the subject and the function of each check.
const CHECKS: [(&str, &str, Check); 10] = [
    ("files", "the first line, the length, ignored tests, sleeps", |tree| Ok(files::check(tree))),
    ("folders", "the number of entries of a folder", |tree| Ok(folders::check(tree))),
    ("cycles", "modules that depend on each other in a circle", |tree| Ok(cycles::check(tree))),
    ("words", "banned words and phrases", |tree| Ok(words::check(tree))),
    ("docs_begin", "the first words of the docs of public items", |tree| Ok(docs_begin::check(tree))),
    ("sentences", "long sentences", |tree| Ok(sentences::check(tree))),
    ("leftovers", "conflict markers, trailing white space", |tree| Ok(leftovers::check(tree))),
    ("operations", "operations without an example, or outside the registry", |tree| Ok(operations::check(tree))),
    ("promises", "the tests and files that docs/reliability.md names", |tree| Ok(promises::check(tree))),
    ("versions", "versions in the README, the change log and the lock file", versions::check),
];

/// Returns the checks for the command's help, one per line.
pub(crate) fn help() -> String {
    CHECKS.iter().map(|(name, subject, _)| format!("{:26}{name:12} {subject}\n", "")).collect()
}

/// Runs the named checks, or all if no name is given, and prints the problems they find.
pub(crate) fn run(names: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = names.iter().find(|name| !CHECKS.iter().any(|(known, ..)| known == name)) {
        return Err(format!("unknown check `{unknown}`: the checks are\n{}", help()).into());
    }
    let tree = Tree::read()?;
    let mut failed = Vec::new();
    for (name, _, check) in CHECKS.iter().filter(|(name, ..)| names.is_empty() || names.iter().any(|one| one == name)) {
        let mut problems = check(&tree)?;
        problems.sort();
        for problem in &problems {
            println!("{problem} [{name}]");
        }
        if !problems.is_empty() {
            failed.push(format!("{name} ({})", problems.len()));
        }
    }
    println!("{} source files", tree.sources().count());
    if failed.is_empty() { Ok(()) } else { Err(format!("problems found by {}", failed.join(", ")).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_a_name_that_is_not_a_check() {
        let error = run(&["words".to_owned(), "sentence".to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("unknown check `sentence`") && error.contains("docs_begin"), "{error}");
    }
}
