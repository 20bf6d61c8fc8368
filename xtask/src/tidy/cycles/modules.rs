//! The modules of a crate, read from its files.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{self, Child, Code, Import, Written};
use crate::tidy::source::{Token, Tree, tokens, without_tests};

/// The path of a module or an item, from the crate's root.
pub(super) type Path = Vec<String>;

/// A use of a name.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) path: Path,
    pub(super) line: usize,
    /// `true` for `pub use`, with any visibility.
    pub(super) is_reexport: bool,
    /// `true` for `use path::*`.
    pub(super) is_glob: bool,
}

/// A module.
#[derive(Debug, Default)]
pub(super) struct Module {
    pub(super) file: String,
    /// `true` for `mod name { .. }`.
    pub(super) is_inline: bool,
    pub(super) uses: Vec<Use>,
    /// Names that `use` declares. `None` for names of other crates.
    pub(super) names: BTreeMap<String, Option<Path>>,
    /// The modules of `use module::*`.
    pub(super) globs: Vec<Path>,
    pub(super) items: BTreeSet<String>,
}

/// The modules of a crate by path. The root's path is empty.
pub(super) type Modules = BTreeMap<Path, Module>;

/// Reads a crate that begins with this file.
pub(super) fn read(tree: &Tree, root: &str) -> Modules {
    let mut modules = Modules::new();
    add_file(tree, root, Path::new(), &mut modules);
    modules
}

fn add_file(tree: &Tree, file: &str, path: Path, modules: &mut Modules) {
    let Some(text) = tree.text(file) else { return };
    let mut tokens = without_tests(&tokens(text));
    tokens.retain(|token| !token.is_comment());
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let folder = match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => format!("{folder}/{}", name.trim_end_matches(".rs")),
    };
    add(tree, Location { file, folder, is_inline: false }, path, &tokens, modules);
}

/// The file of a module, and the folder of its children's files.
struct Location<'a> {
    file: &'a str,
    folder: String,
    is_inline: bool,
}

fn add(tree: &Tree, location: Location<'_>, path: Path, tokens: &[Token<'_>], modules: &mut Modules) {
    let code = paths::read(tokens);
    modules.insert(path.clone(), Module { is_inline: location.is_inline, ..module(location.file, &path, &code) });
    for Child { name, inline } in code.children {
        let mut child = path.clone();
        child.push(name.clone());
        let folder = format!("{}/{name}", location.folder);
        if let Some(tokens) = inline {
            add(tree, Location { file: location.file, folder, is_inline: true }, child, &tokens, modules);
        } else {
            let files = [format!("{folder}.rs"), format!("{folder}/mod.rs")];
            if let Some(file) = files.iter().find(|file| tree.text(file).is_some()) {
                add_file(tree, file, child, modules);
            }
        }
    }
}

/// Makes all paths of a module absolute.
fn module(file: &str, path: &Path, code: &Code<'_>) -> Module {
    let mut module = Module { file: file.to_owned(), items: code.items.iter().cloned().collect(), ..Module::default() };
    for import in &code.imports {
        let target = if import.is_foreign { None } else { absolute(path, code, &import.path, 0) };
        if import.name == "*" {
            module.globs.extend(target.clone());
        } else if target.is_some() || import.path.names.len() > 1 || !code.items.contains(&import.name) {
            module.names.insert(import.name.clone(), target.clone());
        }
        let (is_reexport, is_glob) = (import.is_reexport, import.name == "*");
        module.uses.extend(target.map(|path| Use { path, line: import.path.line, is_reexport, is_glob }));
    }
    for written in &code.paths {
        let target = absolute(path, code, written, 0);
        module.uses.extend(target.map(|path| Use { path, line: written.line, is_reexport: false, is_glob: false }));
    }
    module
}

/// The path from the crate's root. `None` if it begins with the name of another crate, or with an unknown name.
fn absolute(module: &Path, code: &Code<'_>, written: &Written, depth: usize) -> Option<Path> {
    let names = written.names.as_slice();
    let (first, rest) = names.split_first()?;
    let mut path = module.clone();
    match first.as_str() {
        "crate" => path.clear(),
        "self" => {}
        "super" => {
            let supers = names.iter().take_while(|name| *name == "super").count();
            path.truncate(path.len().checked_sub(supers)?);
            path.extend_from_slice(&names[supers..]);
            return Some(path);
        }
        name if code.children.iter().any(|child| child.name == name) => path.push(name.to_owned()),
        name => {
            // An import may begin with a name that another import declares. The depth bounds names that declare each other.
            let is_other = |import: &&Import| import.name == name && import.path != *written && !import.is_foreign;
            let import = code.imports.iter().find(is_other).filter(|_| depth < 4)?;
            path = absolute(module, code, &import.path, depth + 1)?;
        }
    }
    path.extend_from_slice(rest);
    Some(path)
}
