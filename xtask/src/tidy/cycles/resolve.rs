//! The dependencies between modules: which module defines what a path names.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, Place};
use super::modules::{Modules, Path, Use};

/// Returns the dependencies within each folder, by the folder's name.
pub(super) fn folders(modules: &Modules) -> BTreeMap<String, Graph> {
    let mut folders: BTreeMap<String, Graph> = BTreeMap::new();
    for (user, module) in modules {
        for one in &module.uses {
            for target in targets(modules, user, one) {
                let ends = (with_a_file(modules, user), with_a_file(modules, &target));
                let Some((folder, from, to)) = arrow(modules, ends.0, ends.1, one) else { continue };
                let place = Place { file: module.file.clone(), line: one.line };
                folders.entry(folder).or_default().add(&from, &to, place);
            }
        }
    }
    folders
}

/// The modules that a use depends on: the module that defines the item, and modules that re-export it on the path.
fn targets(modules: &Modules, user: &Path, one: &Use) -> BTreeSet<Path> {
    // The name of an outer module only begins other paths. Those are uses of their own.
    if user.starts_with(&one.path) && !one.is_glob {
        return BTreeSet::new();
    }
    let mut passed = BTreeSet::new();
    let defined = definition(modules, &one.path, &mut passed);
    let mut targets: BTreeSet<Path> = passed.into_iter().filter(|module| !user.starts_with(module)).collect();
    targets.extend(defined);
    targets
}

/// The module that defines an item. `None` if another crate defines it. Adds the modules with the re-exports on the path.
fn definition(modules: &Modules, path: &[String], passed: &mut BTreeSet<Path>) -> Option<Path> {
    let mut here = Path::new();
    for (at, name) in path.iter().enumerate() {
        let mut child = here.clone();
        child.push(name.clone());
        if modules.contains_key(&child) {
            here = child;
            continue;
        }
        let module = modules.get(&here)?;
        let mut target = match module.names.get(name) {
            Some(Some(target)) => target.clone(),
            Some(None) => return None,
            None => match module.globs.iter().find(|glob| provides(modules, glob, name, 0)) {
                Some(glob) if !module.items.contains(name) => [glob.as_slice(), &path[at..=at]].concat(),
                _ => return Some(here),
            },
        };
        target.extend_from_slice(&path[at + 1..]);
        // Re-exports in a circle do not compile, but this must end.
        return if passed.insert(here.clone()) { definition(modules, &target, passed) } else { Some(here) };
    }
    Some(here)
}

/// Returns `true` if `use module::*` declares this name.
fn provides(modules: &Modules, module: &Path, name: &str, depth: usize) -> bool {
    let child = [module.as_slice(), &[name.to_owned()]].concat();
    modules.contains_key(&child)
        || modules.get(module).is_some_and(|module| {
            module.items.contains(name)
                || module.names.contains_key(name)
                || (depth < 4 && module.globs.iter().any(|glob| provides(modules, glob, name, depth + 1)))
        })
}

/// The innermost module with a file of its own.
fn with_a_file<'a>(modules: &Modules, mut path: &'a [String]) -> &'a [String] {
    while let ([outer @ .., _], true) = (path, modules.get(path).is_none_or(|module| module.is_inline)) {
        path = outer;
    }
    path
}

/// The folder whose siblings a dependency connects, and their names.
fn arrow(modules: &Modules, user: &[String], target: &[String], one: &Use) -> Option<(String, String, String)> {
    let common = user.iter().zip(target).take_while(|(left, right)| left == right).count();
    let (from, to) = (user.get(common), target.get(common));
    if (from.is_none() && (to.is_none() || one.is_reexport)) || user == target {
        return None;
    }
    let front = modules.get(&user[..common])?.file.as_str();
    let name = |node: Option<&String>| {
        node.cloned().unwrap_or_else(|| front.rsplit('/').next().unwrap_or_default().to_owned())
    };
    let folder = match front.strip_suffix("/mod.rs").or_else(|| front.strip_suffix("/lib.rs")) {
        Some(folder) => folder,
        None => front.strip_suffix("/main.rs").unwrap_or(front.trim_end_matches(".rs")),
    };
    Some((folder.to_owned(), name(from), name(to)))
}
