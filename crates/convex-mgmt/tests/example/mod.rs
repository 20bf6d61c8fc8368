//! The examples as programs.

use std::path::{Path, PathBuf};

/// Returns the path of an example. Cargo builds the examples before it runs the tests of their package.
pub(crate) fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().and_then(Path::parent).unwrap();
    target.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION)
}
