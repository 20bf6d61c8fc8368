//! `cargo xtask fuzz`: runs the fuzz targets under libFuzzer for a limited time. Findings are written to the target folder.

use std::process::Command;

use crate::Failure;
use crate::shell::{self, cargo, root, tool};

/// The version of cargo-fuzz to run.
const CARGO_FUZZ: &str = "0.13.2";

/// Maximum length of an input in bytes. Work that grows linearly with its input stays far below [`TIMEOUT`] at this length. The
/// step "growth of work" of `cargo xtask ci` finds work that grows faster.
const MAX_LENGTH: u32 = 65_536;

/// Timeout of one input in seconds, for endless loops only. It is too long to find slow inputs.
const TIMEOUT: u32 = 60;

/// Fuzzes one target, or each, for this time.
pub(crate) fn run(target: Option<&str>, seconds: u32) -> Result<(), Failure> {
    let program = tool("cargo-fuzz", CARGO_FUZZ)?;
    let build = shell::target()?;
    let start = build.join("fuzz-seeds");
    if start.exists() {
        std::fs::remove_dir_all(&start)?;
    }
    let mut seeds = cargo("run --quiet --package convex-mgmt-fuzz --bin seeds --");
    shell::run(seeds.arg(&start))?;
    let mut targets: Vec<String> = std::fs::read_dir(root().join("tests/fuzz/corpus"))?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, Failure>>()?;
    targets.sort_unstable();
    if let Some(target) = target {
        if !targets.iter().any(|one| one == target) {
            return Err(format!("unknown target `{target}`: the targets are {}", targets.join(", ")).into());
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
        // libFuzzer writes new inputs to the first folder and only reads the second.
        fuzz.arg(&found).arg(start.join(&target)).arg("--");
        fuzz.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={MAX_LENGTH}"));
        fuzz.arg(format!("-timeout={TIMEOUT}")).arg("-print_final_stats=1");
        fuzz.arg(format!("-dict={}", start.join("words.dict").display()));
        fuzz.arg(format!("-artifact_prefix={}/", found.display()));
        shell::run(&mut fuzz)?;
    }
    Ok(())
}
