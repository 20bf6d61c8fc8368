//! Modules that depend on each other in a circle.
//!
//! The rule, for each folder of a crate on its own, and for the top level of the crate:
//!
//! * The nodes are the modules of the folder, each with everything below it, and the folder's front door: `mod.rs`, `name.rs`,
//!   `lib.rs` or `main.rs`. An inline module, `mod name { .. }`, is part of its file.
//! * A module depends on a sibling if any file below it names an item of the sibling, by `use` or by a path in the code.
//!   A re-export is followed to the module that defines the item.
//! * A module depends on the front door if it names an item that the front door itself defines.
//! * The front door depends on a module by every use, except `mod` and `pub use`: declarations and re-exports are the purpose
//!   of a front door.
//!
//! The check ignores comments, strings and code for tests. It does not see names that only the expansion of a macro contains.

mod graph;
mod modules;
mod paths;
mod resolve;

use std::collections::BTreeSet;

use super::source::{Problem, Tree};
use graph::Graph;

/// Folders whose files are one recursive thing, in several files for their length.
const RECURSIVE: &[&str] = &[
    // A serde `Deserializer` reads lists and objects through accesses, which read their elements through the `Deserializer`.
    "crates/convex-mgmt-proto/src/types/json/reader",
];

/// Finds circles in all crates of the workspace that have modules.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut recursive = Vec::new();
    for root in roots(tree) {
        let modules = modules::read(tree, root);
        for (folder, graph) in resolve::folders(&modules) {
            let circles = graph.circles();
            match RECURSIVE.iter().find(|exempt| **exempt == folder) {
                Some(exempt) if !circles.is_empty() => recursive.push(*exempt),
                _ => problems.extend(circles.iter().filter_map(|circle| problem(&folder, &graph, circle))),
            }
        }
    }
    // Only in the project itself: the trees of tests have no such folder.
    let stale = RECURSIVE.iter().filter(|exempt| {
        !recursive.contains(exempt) && tree.names.iter().any(|name| name.starts_with(&format!("{exempt}/")))
    });
    problems
        .extend(stale.map(|exempt| Problem::new(exempt, 1, "has no circle: remove it from `RECURSIVE`".to_owned())));
    problems
}

/// The root files of the crates.
fn roots(tree: &Tree) -> BTreeSet<&str> {
    let is_root = |name: &&str| {
        let folder = name.strip_suffix("/src/lib.rs").or_else(|| name.strip_suffix("/src/main.rs"));
        folder.is_some_and(|folder| {
            folder.strip_prefix("crates/").is_some_and(|name| !name.contains('/'))
                || ["tests/suite", "tests/fuzz", "xtask"].contains(&folder)
        })
    };
    tree.names.iter().map(String::as_str).filter(is_root).collect()
}

/// Describes a circle, which begins and ends with the same module.
fn problem(folder: &str, graph: &Graph, circle: &[String]) -> Option<Problem> {
    let uses: Vec<_> = circle.windows(2).filter_map(|two| graph.place(&two[0], &two[1])).collect();
    let arrows = circle.windows(2).zip(&uses).map(|(two, place)| format!("\n    {} -> {}: {place}", two[0], two[1]));
    let first = uses.first()?;
    let message = format!(
        "circle in {folder}: {}; move what both need below them, or what uses both above them{}",
        circle.join(" -> "),
        arrows.collect::<String>(),
    );
    Some(Problem::new(&first.file, first.line, message))
}

#[cfg(test)]
mod tests;
