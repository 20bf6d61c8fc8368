//! The dependency tree of a package.

use std::collections::BTreeSet;

use crate::Failure;
use crate::shell::{cargo, output};

/// The crates of a tree, each as `name version`.
pub(crate) fn tree(arguments: &str) -> Result<BTreeSet<String>, Failure> {
    let command = format!("tree --locked --edges normal --prefix none --no-dedupe --format {{p}} {arguments}");
    let text = output(&mut cargo(&command))?;
    let crates = text.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?))
    });
    Ok(crates.collect())
}
