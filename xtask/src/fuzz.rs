//! `cargo xtask fuzz`: the fuzz targets under libFuzzer, for a bounded time. What is found goes into the target folder.

use std::process::Command;

use crate::Failure;
use crate::shell::{self, root, tool};

/// The version of cargo-fuzz that is used.
const CARGO_FUZZ: &str = "0.13.2";

/// The longest input in bytes. Whether an input is too much work is a question of its size: the step "growth of work" of
/// `cargo xtask ci` counts that. With this limit nothing that grows as its input does comes near the time below.
const LONGEST: u32 = 65_536;

/// After how many seconds one input is given up: only a backstop, for what never ends. It finds no slow input by itself.
const GIVEN_UP: u32 = 60;

pub(crate) fn run(target: Option<&str>, seconds: u32) -> Result<(), Failure> {
    let program = tool("cargo-fuzz", CARGO_FUZZ)?;
    let build = shell::target()?;
    let corpus = root().join("tests/fuzz/corpus");
    let mut targets: Vec<String> = std::fs::read_dir(&corpus)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, Failure>>()?;
    targets.sort_unstable();
    if let Some(target) = target {
        if !targets.iter().any(|one| one == target) {
            return Err(format!("no target is called {target}, but {}", targets.join(", ")).into());
        }
        targets.retain(|one| one == target);
    }
    for target in targets {
        let found = build.join("fuzz").join(&target);
        std::fs::create_dir_all(&found)?;
        println!("== {target}: {seconds} s");
        let mut fuzz = Command::new(&program);
        fuzz.current_dir(root()).args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir", "tests/fuzz/libfuzzer"]);
        fuzz.arg("--target-dir").arg(build.join("libfuzzer")).arg(&target);
        // New inputs go into the first folder; the second one is read.
        fuzz.arg(&found).arg(corpus.join(&target)).arg("--");
        fuzz.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={LONGEST}"));
        fuzz.arg(format!("-timeout={GIVEN_UP}")).arg("-print_final_stats=1");
        fuzz.arg(format!("-dict={}", root().join("tests/fuzz/words.dict").display()));
        fuzz.arg(format!("-artifact_prefix={}/", found.display()));
        shell::run(&mut fuzz)?;
    }
    Ok(())
}
