//! The corpus: inputs that were written by hand, one file each, in a folder for each target.

use std::path::Path;

/// The corpus of a target: names and inputs, in the order of the names.
///
/// # Panics
/// If there is none.
pub fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("a file of the corpus").path();
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        })
        .collect();
    files.sort_unstable();
    assert!(!files.is_empty(), "the corpus of {target} is empty");
    files
}
