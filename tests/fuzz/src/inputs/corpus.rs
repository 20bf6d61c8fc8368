//! The corpus of a target: the seeds that are committed, one file each, and those that are derived from the samples.

use std::path::Path;

use super::derived;

/// Returns the seeds of a target with their names: the committed ones by name, then the derived ones.
///
/// # Panics
/// If the target has no folder in `corpus/`, or the folder is empty.
pub fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut seeds: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("a file of the corpus").path();
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        })
        .collect();
    seeds.sort_unstable();
    assert!(!seeds.is_empty(), "the corpus of {target} is empty");
    if target == "replies" {
        seeds.extend(derived::responses());
    }
    seeds
}
