//! The generated parts of the docs: the machine with its versions, and the tables. The README's sentence about the small GET.

use std::fs;
use std::process::Command;

use cargo_metadata::MetadataCommand;

use super::counts::{Counts, valgrind};
use super::{figures, rows};
use crate::Failure;
use crate::shell::{output, root};

/// The page, below the project's root.
const PAGE: &str = "docs/performance.md";

/// The generated part lies between these lines.
const MARKERS: [&str; 2] = [
    "<!-- Written by `cargo xtask bench --write`. -->\n",
    "<!-- The end of what `cargo xtask bench --write` writes. -->\n",
];

/// The crates whose versions affect the counts.
const CRATES: [&str; 10] =
    ["bytes", "http", "http-body-util", "hyper", "hyper-util", "reqwest", "rustls", "serde", "serde_json", "tokio"];

/// Writes the generated part of the page.
pub(super) fn write(counts: &Counts) -> Result<(), Failure> {
    let path = root().join(PAGE);
    let text = fs::read_to_string(&path).map_err(|error| format!("{PAGE}: {error}"))?;
    let generated = format!("\n{}\n{}\n", machine()?, rows::tables(counts)?);
    fs::write(path, replaced(&text, &generated)?)?;
    println!("wrote {PAGE}");
    check()
}

/// Replaces the part between the markers.
fn replaced(text: &str, generated: &str) -> Result<String, Failure> {
    let [begin, end] = MARKERS;
    let parts = text.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let (before, after) = parts.ok_or_else(|| format!("{PAGE} has no line {begin}or none {end}"))?;
    Ok([before, begin, generated, end, after].concat())
}

/// Fails if the README states other numbers for the small GET than the committed figures.
pub(super) fn check() -> Result<(), Failure> {
    let small = figures::committed("small")?;
    let sentence = format!(
        "A small GET on a pooled connection takes {:.0} allocations, and {:.3} times the instructions of bare hyper-util \
         with serde_json",
        small.allocations, small.instructions
    );
    let readme = fs::read_to_string(root().join("README.md"))?.split_whitespace().collect::<Vec<_>>().join(" ");
    if readme.contains(&sentence) {
        Ok(())
    } else {
        Err(format!("README.md has other figures: write \"{sentence}\"").into())
    }
}

/// Describes the machine and the versions.
fn machine() -> Result<String, Failure> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("an unknown processor");
    let first_line = |program: &str, argument: &str| -> Result<String, Failure> {
        Ok(output(Command::new(program).arg(argument))?.lines().next().unwrap_or_default().to_owned())
    };
    let (kernel, libc) = (output(Command::new("uname").args(["-s", "-r", "-m"]))?, first_line("ldd", "--version")?);
    let metadata = MetadataCommand::new().current_dir(root()).exec()?;
    let packages = metadata.packages.iter().filter(|package| CRATES.contains(&package.name.as_str()));
    let versions: Vec<_> = packages.map(|package| format!("{} {}", package.name, package.version)).collect();
    Ok(format!(
        "* Processor: {}\n* Kernel: {}\n* C library: {libc}\n* Compiler: {}, profile `bench`\n* Counter: {}\n* Crates: {}\n",
        cpu.trim_start_matches([' ', '\t', ':']),
        kernel.trim(),
        first_line("rustc", "--version")?,
        valgrind()?.trim(),
        versions.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_what_lies_between_the_markers() {
        let [begin, end] = MARKERS;
        let page = |part: &str| format!("# Title\n{begin}{part}{end}The rest\n");
        assert_eq!(replaced(&page("old\n"), "new\n").unwrap(), page("new\n"));
        assert!(replaced("# Title\n", "new\n").is_err() && replaced(&page("").replace(end, ""), "new\n").is_err());
    }
}
