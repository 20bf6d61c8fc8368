//! `cargo xtask fuzz`: libFuzzer on the targets of `tests/fuzz`, with the corpus there as its seeds.

use std::fs;
use std::process::Command;

use crate::Failure;
use crate::shell::{self, cargo, output, root};

/// The version of cargo-fuzz that is used. It is built into the target folder where it is missing.
const CARGO_FUZZ: &str = "0.13.2";

/// The longest input in bytes.
const LONGEST: usize = 8192;
/// After how many seconds one input counts as a hang.
const HANG: usize = 10;

/// Runs one target, or each, for so many seconds. What it finds goes below `target/fuzz`: new inputs to `corpus`, those that
/// fail to `failures`.
pub(crate) fn run(seconds: u64, target: Option<&str>) -> Result<(), Failure> {
    let targets = targets()?;
    if let Some(unknown) = target.filter(|name| !targets.iter().any(|known| known == name)) {
        return Err(format!("there is no target {unknown}; there are {}", targets.join(", ")).into());
    }
    let program = cargo_fuzz()?;
    for name in targets.iter().filter(|name| target.is_none_or(|wanted| wanted == name.as_str())) {
        println!("== {name}");
        let (finds, failures) = (folder("corpus", name)?, folder("failures", name)?);
        let mut fuzz = Command::new(&program);
        // The code has no unsafe block, so the sanitizers, which need a nightly toolchain, would have nothing to find.
        fuzz.args(["fuzz", "run", "--fuzz-dir", "tests/fuzz/libfuzzer", "--target-dir", "target/fuzz/build"]);
        fuzz.args(["--sanitizer", "none", name, &finds, &format!("tests/fuzz/corpus/{name}"), "--"]);
        fuzz.arg(format!("-max_total_time={seconds}")).arg(format!("-artifact_prefix={failures}/"));
        fuzz.arg(format!("-max_len={LONGEST}")).arg(format!("-timeout={HANG}"));
        fuzz.args(["-dict=tests/fuzz/words.dict", "-print_final_stats=1", "-verbosity=0"]);
        shell::run(fuzz.current_dir(root()))?;
    }
    Ok(())
}

/// The targets: the folders of the corpus.
fn targets() -> Result<Vec<String>, Failure> {
    let entries = fs::read_dir(root().join("tests/fuzz/corpus"))?;
    let mut names: Vec<String> =
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<Result<_, Failure>>()?;
    names.sort_unstable();
    Ok(names)
}

/// A folder below `target/fuzz`, relative to the root.
fn folder(what: &str, target: &str) -> Result<String, Failure> {
    let name = format!("target/fuzz/{what}/{target}");
    fs::create_dir_all(root().join(&name))?;
    Ok(name)
}

fn cargo_fuzz() -> Result<std::path::PathBuf, Failure> {
    let tools = root().join("target/tools");
    let program = tools.join("bin/cargo-fuzz");
    let wanted = format!("cargo-fuzz {CARGO_FUZZ}");
    let there = output(Command::new(&program).arg("--version")).unwrap_or_default();
    if there.trim() != wanted {
        println!("building {wanted}");
        let install = format!("install --quiet --locked cargo-fuzz --version {CARGO_FUZZ} --force --root");
        shell::run(cargo(&install).arg(&tools))?;
    }
    Ok(program)
}
