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
    let (mut files, mut sources) = (0, String::new());
    for name in listed.lines().filter(|name| name.ends_with(".rs")) {
        // A file that was deleted but not yet committed is still listed.
        let Ok(text) = fs::read_to_string(root().join(name)) else { continue };
        files += 1;
        problems.extend(problems_of(name, &text));
        sources.push_str(&text);
    }
    let promises = fs::read_to_string(root().join(PROMISES))?;
    problems.extend(unkept(&promises, listed.lines().collect::<Vec<_>>().as_slice(), &sources));
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
    problems.extend(undocumented(name, text));
    if text.contains(concat!("#[", "ignore")) || text.contains(concat!("thread", "::sleep(")) {
        problems.push(format!("{name} ignores a test or sleeps"));
    }
    problems
}

/// What the doc comment of an operation has to say.
const TOLD: [(&str, &[&str]); 5] = [
    ("its credential", &["* Credential:"]),
    ("what repeating it does", &["* Repeating it", "* It is not repeated"]),
    ("what comes back", &["* Gives", "* Success has no content"]),
    ("which codes to expect", &["* Codes:"]),
    ("an example", &["```"]),
];

/// What is missing in the doc comments of the operations of a file of `-proto`.
fn undocumented(name: &str, text: &str) -> Vec<String> {
    if !name.starts_with("crates/convex-mgmt-proto/src/") {
        return Vec::new();
    }
    let operations = text.split("\nimpl Operation for ").skip(1).filter_map(|rest| rest.split(' ').next());
    let missing = |operation: &str| {
        let documented = doc_of(operation, text);
        let missing = TOLD.iter().filter(|(_, texts)| !texts.iter().any(|text| documented.contains(text)));
        missing.map(|(what, _)| format!("{name}: {operation} does not say {what}")).collect::<Vec<_>>()
    };
    operations.flat_map(missing).collect()
}

/// The doc comment above the place where a type is declared, by itself or by a macro.
fn doc_of(item: &str, text: &str) -> String {
    let declares = |line: &str| {
        let rest = line.trim_start().strip_prefix("pub struct ").unwrap_or(line.trim_start());
        rest.strip_prefix(item).is_some_and(|rest| rest.starts_with([' ', ':', '<', '(']))
    };
    let lines: Vec<&str> = text.lines().collect();
    let above = lines.iter().position(|line| declares(line)).map_or(&[][..], |at| &lines[..at]);
    let comment = above.iter().rev().map(|line| line.trim_start());
    comment.skip_while(|line| line.starts_with("#[")).take_while(|line| line.starts_with("///")).collect()
}

/// The page that says which test holds which promise.
const PROMISES: &str = "docs/reliability.md";

/// Tests and files that the page of promises names and that are not there.
fn unkept(promises: &str, files: &[&str], sources: &str) -> Vec<String> {
    let named = promises.split('`').skip(1).step_by(2);
    let missing = named.filter(|name| {
        if name.ends_with(".rs") {
            return !name.contains('*')
                && !files.iter().any(|file| *file == *name || file.ends_with(&format!("/{name}")));
        }
        let is_test =
            name.matches('_').count() > 2 && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        is_test && !sources.contains(&format!("fn {name}("))
    });
    missing.map(|name| format!("{PROMISES} names `{name}`, which is not there")).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "crates/convex-mgmt-proto/src/x.rs";

    #[test]
    fn promises_name_what_is_there() {
        let files = ["tests/suite/tests/a.rs", "b/c.rs"];
        let sources = "fn what_is_there_is_there() {}";
        let check = |page: &str| unkept(page, &files, sources).len();
        assert_eq!(
            check("| x | `a.rs`, `what_is_there_is_there`; `b/c.rs` and `Reply::already_deleted`, `tests/fuzz` |"),
            0
        );
        assert_eq!(check("`d.rs` `a_test_that_is_not` `a_test_of_http2`"), 3);
    }

    #[test]
    fn an_operation_says_all_there_is_to_say() {
        let whole = "//! x\n/// * Credential: a\n/// * Repeating it is safe.\n/// * Gives b.\n/// * Codes: c\n/// ```\n#[derive(Debug)]\npub struct Get {}\n\nimpl Operation for Get {}\n";
        assert_eq!(undocumented(NAME, whole), [""; 0]);
        for line in ["* Credential: a", "* Repeating it is safe.", "* Gives b.", "* Codes: c", "```"] {
            assert_eq!(undocumented(NAME, &whole.replace(line, "")).len(), 1, "{line}");
        }
        assert_eq!(undocumented(NAME, "//! x\nimpl Operation for Get {}\n").len(), TOLD.len());
    }
}
