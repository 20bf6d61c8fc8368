//! `cargo xtask tidy`: habits that no compiler checks.

use std::fs;
use std::path::Path;

use crate::Failure;
use crate::deps::{PUBLISHED, package};
use crate::shell::{cargo, output, root};

/// Longer files hide a second room.
const LONGEST_FILE: usize = 500;

pub(crate) fn run() -> Result<(), Failure> {
    let mut problems = Vec::new();
    let listed = output(
        std::process::Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(root()),
    )?;
    let mut files = 0;
    for name in listed.lines().filter(|name| name.ends_with(".rs")) {
        // A file that was deleted but not yet committed is still listed.
        let Ok(text) = fs::read_to_string(root().join(name)) else { continue };
        files += 1;
        problems.extend(problems_of(name, &text));
    }
    if files == 0 {
        problems.push("no source file was found".to_owned());
    }
    problems.extend(versions()?);
    println!("{files} source files");
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

fn problems_of(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if !text.starts_with("//!") && !text.starts_with("#![doc = include_str!(") {
        problems.push(format!("{name} does not say in its first line what lives there"));
    }
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        problems.push(format!("{name} has {lines} lines, at most {LONGEST_FILE} are allowed"));
    }
    if text.contains(concat!("#[", "ignore")) || text.contains(concat!("thread", "::sleep(")) {
        problems.push(format!("{name} ignores a test or sleeps"));
    }
    problems
}

/// What the README and the change log say of versions has to be what the manifests say.
fn versions() -> Result<Vec<String>, Failure> {
    let mut problems = Vec::new();
    let read = |name: &str| fs::read_to_string(root().join(name)).map_err(|error| format!("{name}: {error}"));
    let (readme, changes) = (read("README.md")?, read("CHANGELOG.md")?);
    for name in PUBLISHED {
        let package = package(name)?;
        let rust = package.rust_version.as_ref().map(ToString::to_string).unwrap_or_default();
        let rust = rust.strip_suffix(".0").unwrap_or(&rust).to_owned();
        if !readme.contains(&format!("Rust {rust}")) {
            problems.push(format!("the README does not say that {name} needs Rust {rust}"));
        }
        if !changes.contains(&format!("## {}", package.version)) {
            problems.push(format!("the change log has nothing on {name} {}", package.version));
        }
    }
    let lock = Path::new("Cargo.lock");
    if output(&mut cargo("metadata --locked --format-version 1")).is_err() {
        problems.push(format!("{} is not up to date", lock.display()));
    }
    Ok(problems)
}
