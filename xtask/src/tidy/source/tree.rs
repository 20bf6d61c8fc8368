//! The text files of the work tree.

use std::fs;

use crate::Failure;
use crate::shell::{project_files, root};

/// A text file.
#[derive(Debug)]
pub(crate) struct File {
    /// The path from the project's root, with `/` between its parts.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// All files that git tracks or would add.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The names of all files, binary ones included.
    pub(crate) names: Vec<String>,
    /// The files that are UTF-8 text.
    pub(crate) files: Vec<File>,
}

impl Tree {
    /// Reads the work tree.
    pub(crate) fn read() -> Result<Self, Failure> {
        // A link to a folder is listed, too.
        let names: Vec<String> = project_files()?.into_iter().filter(|name| root().join(name).is_file()).collect();
        let read = |name: &String| Some(File { name: name.clone(), text: fs::read_to_string(root().join(name)).ok()? });
        let files: Vec<File> = names.iter().filter_map(read).collect();
        if files.iter().any(|file| file.name.ends_with(".rs")) {
            Ok(Self { names, files })
        } else {
            Err(format!("git lists no source file in {}", root().display()).into())
        }
    }

    /// Creates a tree from names and texts.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let names = files.iter().map(|(name, _)| (*name).to_owned()).collect();
        let file = |(name, text): &(&str, &str)| File { name: (*name).to_owned(), text: (*text).to_owned() };
        Self { names, files: files.iter().map(file).collect() }
    }

    /// The Rust files.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.name.ends_with(".rs"))
    }

    /// The Markdown files.
    pub(crate) fn pages(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.name.ends_with(".md"))
    }

    /// The text of the file with this name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.files.iter().find(|file| file.name == name).map(|file| file.text.as_str())
    }
}

/// Returns `true` for the sources of the published crates.
pub(crate) fn is_published(name: &str) -> bool {
    name.starts_with("crates/") && name.split('/').nth(2) == Some("src")
}
