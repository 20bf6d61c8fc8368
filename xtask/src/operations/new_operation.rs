//! `cargo xtask new-operation`: adds the made-up operation of `docs/adding-an-operation.md` to a copy of the project, and runs
//! the checks that cover every operation there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::published::deps::package;
use crate::shell::{cargo, output, project_files, root, run, target};

/// The page with the diff.
const PAGE: &str = "docs/adding-an-operation.md";

/// The places that a new operation may touch, each once.
const PLACES: [(&str, &str); 3] = [
    ("the operation", "crates/convex-mgmt-proto/src/deployment/"),
    ("the registry", "crates/convex-mgmt-proto/src/operation/registry.rs"),
    ("the handler of the fake", "crates/convex-mgmt-fake/src/deployment/"),
];

/// The tests that cover every operation: of convex-mgmt-proto, of the suite, and of the fuzz targets.
const COVERING: [&str; 3] = ["--test bad_input", "--test operations", "--test targets replies"];

/// Runs the check.
pub(crate) fn check() -> Result<(), Failure> {
    let page = fs::read_to_string(root().join(PAGE)).map_err(|error| format!("{PAGE}: {error}"))?;
    let diffs = diffs(&page);
    places(&diffs)?;
    let copy = target()?.join("new-operation");
    mirror(&copy)?;
    // The handler comes last: without it the end-to-end test has to name the operation.
    let (handler, rest): (Vec<_>, Vec<_>) = diffs.into_iter().partition(|diff| diff.file.starts_with(PLACES[2].1));
    apply(&copy, &rest)?;
    let test = |arguments: &str| {
        // With the features of the whole workspace, so that other crates are not compiled again.
        let mut test = cargo(&format!("test --quiet --workspace {arguments}"));
        test.current_dir(&copy).env("CARGO_TARGET_DIR", target().unwrap_or_default());
        // `cargo run` sets it for this program, and it would lead to the wrong project.
        test.env_remove("CARGO_MANIFEST_DIR");
        // The published documents do not have the made-up operation.
        test.env_remove(crate::spec::FOLDER);
        test
    };
    println!("without a handler in the fake");
    let found = test(COVERING[1]).output()?;
    let printed = String::from_utf8_lossy(&found.stdout).into_owned() + &String::from_utf8_lossy(&found.stderr);
    if found.status.success() || !printed.contains("the fake has no handler") {
        return Err(format!("no test names the missing handler of the fake: {printed}").into());
    }
    apply(&copy, &handler)?;
    for arguments in COVERING {
        println!("test {arguments}");
        run(&mut test(arguments))?;
    }
    Ok(())
}

/// The diff of one file.
#[derive(Debug)]
struct Diff {
    file: String,
    text: String,
}

/// The code blocks of the page that are diffs. Their fences have four backticks, because docs in a diff have three.
fn diffs(page: &str) -> Vec<Diff> {
    let blocks = page.split("````diff\n").skip(1).filter_map(|rest| rest.split("````").next());
    let diff = |block: &str| {
        let file = block.lines().find_map(|line| line.strip_prefix("+++ b/")).unwrap_or_default();
        Diff { file: file.to_owned(), text: block.to_owned() }
    };
    blocks.map(diff).collect()
}

/// Fails unless the diffs change each place once, and nothing else.
fn places(diffs: &[Diff]) -> Result<(), Failure> {
    for (what, folder) in PLACES {
        let count = diffs.iter().filter(|diff| diff.file.starts_with(folder)).count();
        if count != 1 {
            return Err(format!("{PAGE} changes {what} ({folder}) {count} times instead of once").into());
        }
    }
    if diffs.len() == PLACES.len() { Ok(()) } else { Err(format!("{PAGE} has {} diffs", diffs.len()).into()) }
}

/// Copies the files that are part of the project. Leaves files that have not changed, so that they are not compiled again.
///
/// The packages of the copy get another version. Cargo names its artifacts by the version and by the place within the workspace, so
/// the copy would otherwise overwrite those of the project in the shared target folder.
fn mirror(copy: &Path) -> Result<(), Failure> {
    let version = package("convex-mgmt")?.version.to_string();
    for name in project_files()? {
        let (from, to) = (root().join(&name), copy.join(&name));
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        // A link to a folder; links to files are copied as files.
        if from.is_dir() {
            drop(fs::remove_file(&to));
            #[cfg(unix)]
            std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?;
            continue;
        }
        let mut content = fs::read(&from)?;
        if name == "Cargo.toml" {
            content = String::from_utf8(content)?.replace(&version, &format!("{version}-copy")).into_bytes();
        }
        if !fs::read(&to).is_ok_and(|old| old == content) {
            fs::write(&to, content)?;
        }
    }
    Ok(())
}

/// Applies diffs in the copy. It may lie in a folder of a repository, which `git apply` has to ignore.
fn apply(copy: &Path, diffs: &[Diff]) -> Result<(), Failure> {
    for Diff { file, text } in diffs {
        let patch: PathBuf = copy.join("new-operation.diff");
        fs::write(&patch, text)?;
        let mut apply = Command::new("git");
        apply.args(["apply", "--recount"]).arg(&patch).current_dir(copy).env("GIT_CEILING_DIRECTORIES", copy);
        apply.env("GIT_DIR", copy.join(".none"));
        output(&mut apply).map_err(|error| format!("the diff of {file} in {PAGE} does not apply: {error}"))?;
        fs::remove_file(patch)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_changes_each_place_once() {
        let page = fs::read_to_string(root().join(PAGE)).unwrap();
        places(&diffs(&page)).unwrap();
    }

    #[test]
    fn finds_a_place_too_many_or_too_few() {
        let diff = |file: &str| format!("````diff\n--- a/{file}\n+++ b/{file}\n@@\n+x\n````\n");
        let [operation, registry, fake] = PLACES.map(|(_, folder)| diff(&format!("{folder}x.rs").replace(".rsx", "")));
        assert!(places(&diffs(&format!("{operation}{registry}{fake}"))).is_ok());
        assert!(places(&diffs(&format!("{operation}{fake}"))).is_err());
        assert!(places(&diffs(&format!("{operation}{registry}{fake}{fake}"))).is_err());
        assert!(places(&diffs(&format!("{operation}{registry}{fake}{}", diff("README.md")))).is_err());
    }
}
