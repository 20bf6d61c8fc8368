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

/// The checks by name.
const CHECKS: [(&str, Check); 10] = [
    ("files", |tree| Ok(files::check(tree))),
    ("folders", |tree| Ok(folders::check(tree))),
    ("cycles", |tree| Ok(cycles::check(tree))),
    ("words", |tree| Ok(words::check(tree))),
    ("docs_begin", |tree| Ok(docs_begin::check(tree))),
    ("sentences", |tree| Ok(sentences::check(tree))),
    ("leftovers", |tree| Ok(leftovers::check(tree))),
    ("operations", |tree| Ok(operations::check(tree))),
    ("promises", |tree| Ok(promises::check(tree))),
    ("versions", versions::check),
];

/// Runs the named checks, or all if no name is given, and prints what they find.
pub(crate) fn run(names: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = names.iter().find(|name| !CHECKS.iter().any(|(known, _)| known == name)) {
        let known = CHECKS.map(|(name, _)| name).join(", ");
        return Err(format!("no check is called `{unknown}`: the checks are {known}").into());
    }
    let tree = Tree::read()?;
    let mut failed = Vec::new();
    for (name, check) in CHECKS.iter().filter(|(name, _)| names.is_empty() || names.iter().any(|one| one == name)) {
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
    if failed.is_empty() { Ok(()) } else { Err(format!("problems were found by {}", failed.join(", ")).into()) }
}
