//! The size of folders.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Problem, Tree, is_published};

/// Maximum number of files and folders in one folder. A folder with more has more than one topic.
const MOST_ENTRIES: usize = 12;

/// Finds folders of sources with too many entries.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut folders: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for name in tree.names.iter().filter(|name| is_source(name)) {
        let parts: Vec<&str> = name.split('/').collect();
        for at in 1..parts.len() {
            let folder = parts[..at].join("/") + "/";
            if is_source(&folder) {
                folders.entry(folder).or_default().insert(parts[at]);
            }
        }
    }
    let large = folders.into_iter().filter(|(_, entries)| entries.len() > MOST_ENTRIES);
    let problem = |(folder, entries): (String, BTreeSet<&str>)| {
        let entries = entries.len();
        Problem::new(&folder, 1, format!("{entries} entries, at most {MOST_ENTRIES}: group them by topic in folders"))
    };
    large.map(problem).collect()
}

fn is_source(name: &str) -> bool {
    is_published(name) || name.starts_with("xtask/src/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_entry_too_many() {
        for folder in ["crates/a/src", "crates/a/src/b", "xtask/src"] {
            let mut names: Vec<String> = (0..MOST_ENTRIES - 1).map(|number| format!("{folder}/{number}.rs")).collect();
            // A folder is one entry.
            names.extend(["x.rs", "y.rs"].map(|name| format!("{folder}/z/{name}")));
            let problems = |names: &[String]| {
                let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
                check(&Tree::of(&files)).iter().map(ToString::to_string).collect::<Vec<_>>()
            };
            assert_eq!(problems(&names), [""; 0]);
            names.push(format!("{folder}/more.rs"));
            let found = problems(&names);
            assert!(found.len() == 1 && found[0].starts_with(&format!("{folder}/:1: 13 entries")), "{found:?}");
        }
    }

    #[test]
    fn other_folders_may_be_large() {
        let names: Vec<String> = (0..20).map(|number| format!("tests/suite/tests/{number}.rs")).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        assert_eq!(check(&Tree::of(&files)), []);
    }
}
