//! `cargo xtask mutants`: runs cargo-mutants on the published crates. It changes a copy of the code in one small place at a time,
//! and lists the changes that no test detects.

use std::fs;
use std::process::Command;

use crate::Failure;
use crate::published::deps::PUBLISHED;
use crate::shell::{output, root, run as run_to_end, target, tool};

/// The version of cargo-mutants to run.
const CARGO_MUTANTS: &str = "27.1.0";

/// The packages whose tests run for a crate: its own, and those that use it over sockets. For `-proto` only its own tests run,
/// because they take seconds per change.
fn tests_of(name: &str) -> &'static [&'static str] {
    match name {
        "convex-mgmt-proto" => &["convex-mgmt-proto"],
        "convex-mgmt-fake" => &["convex-mgmt-fake"],
        "convex-mgmt-hyper" => &["convex-mgmt-hyper", "convex-mgmt-suite"],
        _ => &["convex-mgmt", "convex-mgmt-suite"],
    }
}

/// Changes these files, or the lines that differ from `main` if no file is named.
pub(crate) fn run(files: &[String]) -> Result<(), Failure> {
    let changes = if files.is_empty() { Some(changes()?) } else { None };
    let crates = match &changes {
        Some(changes) => touched(changes),
        None => crates_of(files)?,
    };
    if crates.is_empty() {
        return Err("no source file of a published crate differs from `main`: name the files to change".into());
    }
    let program = tool("cargo-mutants", CARGO_MUTANTS)?;
    let folder = target()?.join("mutants");
    fs::create_dir_all(&folder)?;
    let diff = folder.join("changes.diff");
    let mut survived = Vec::new();
    for name in crates {
        println!("== {name}");
        let mut mutants = Command::new(&program);
        mutants.current_dir(root()).args(["mutants", "--all-features", "--no-shuffle", "--package", name]);
        mutants.arg("--output").arg(folder.join(name));
        for tests in tests_of(name) {
            mutants.args(["--test-package", tests]);
        }
        if let Some(changes) = &changes {
            fs::write(&diff, changes)?;
            mutants.arg("--in-diff").arg(&diff);
        }
        for file in files {
            mutants.args(["--file", file]);
        }
        fs::create_dir_all(folder.join(name))?;
        if let Err(error) = run_to_end(&mut mutants) {
            survived
                .push(format!("{name}: {error}; the lists are in {}", folder.join(name).join("mutants.out").display()));
        }
    }
    if survived.is_empty() { Ok(()) } else { Err(survived.join("\n").into()) }
}

/// The folder of a crate's sources.
fn sources_of(name: &str) -> String {
    format!("crates/{name}/src/")
}

/// The crates of these files.
fn crates_of(files: &[String]) -> Result<Vec<&'static str>, Failure> {
    for file in files {
        if !PUBLISHED.iter().any(|name| file.starts_with(&sources_of(name))) {
            return Err(format!(
                "{file} is not a source file of a published crate, such as crates/convex-mgmt-proto/src/engines/retry/mod.rs"
            )
            .into());
        }
        if !root().join(file).is_file() {
            return Err(format!("{file} does not exist").into());
        }
    }
    let is_named = |name: &&str| files.iter().any(|file| file.starts_with(&sources_of(name)));
    Ok(PUBLISHED.iter().copied().filter(is_named).collect())
}

/// The diff of the published crates since the branch left `main`, uncommitted changes included. It does not contain files that git
/// does not track.
fn changes() -> Result<String, Failure> {
    let mut diff = Command::new("git");
    diff.current_dir(root()).args(["diff", "--no-color", "--no-ext-diff", "--src-prefix=a/", "--dst-prefix=b/"]);
    diff.args(["--merge-base", "main", "--"]);
    let sources = PUBLISHED.iter().map(|name| sources_of(name));
    output(diff.args(sources))
}

/// The crates that a diff changes.
fn touched(diff: &str) -> Vec<&'static str> {
    let is_touched = |name: &&str| {
        let file = format!("+++ b/{}", sources_of(name));
        diff.lines().any(|line| line.starts_with(&file))
    };
    PUBLISHED.iter().copied().filter(is_touched).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_the_crates_whose_files_are_named_or_differ() {
        let file = |name: &str| name.to_owned();
        let named =
            [file("crates/convex-mgmt-hyper/src/lib.rs"), file("crates/convex-mgmt-proto/src/engines/retry/mod.rs")];
        assert_eq!(crates_of(&named).unwrap(), ["convex-mgmt-proto", "convex-mgmt-hyper"]);
        for bad in ["xtask/src/main.rs", "crates/convex-mgmt-proto/src/nothing.rs", "crates/convex-mgmt-proto/src/"] {
            assert!(crates_of(&[file(bad)]).is_err(), "{bad}");
        }
        let diff = "--- a/crates/convex-mgmt/src/lib.rs\n+++ b/crates/convex-mgmt/src/lib.rs\n@@ -1 +1 @@\n-a\n+b\n";
        assert_eq!(touched(diff), ["convex-mgmt"]);
        assert_eq!(touched(""), [""; 0]);
    }
}
