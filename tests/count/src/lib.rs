//! Counts instructions for benchmarks: a program starts itself under valgrind, which counts each piece of work in [`counted`].

use std::process::{Command, Stdio};

/// The symbol of [`counted`].
const COUNTED: &str = "convex_mgmt_count::counted";

/// Settings of glibc. Other C libraries ignore them.
const NO_REPEATED_INSTRUCTIONS: &str =
    "glibc.cpu.x86_rep_movsb_threshold=0x7fffffff:glibc.cpu.x86_rep_stosb_threshold=0x7fffffff";

/// Runs a piece of work. [`instructions`] counts its instructions and no others.
// valgrind finds the function by its name, so it has no type parameter and is not inlined.
#[inline(never)]
pub fn counted(work: &mut dyn FnMut()) {
    work();
    // Prevents a tail call, after which valgrind would not see this function return.
    std::hint::black_box(());
}

/// Starts this program again under valgrind with `arguments`, and returns the instructions of each [`counted`], in order.
///
/// The program must not write to its standard output, because valgrind reports there.
///
/// # Errors
/// The reason why there are no numbers: valgrind is missing, or the program failed.
pub fn instructions(arguments: &[&str]) -> Result<Vec<u64>, String> {
    instructions_with(arguments, "")
}

/// As [`instructions`], with further settings of glibc (`GLIBC_TUNABLES`), each with a `:` before it.
///
/// # Errors
/// As for [`instructions`].
pub fn instructions_with(arguments: &[&str], settings: &str) -> Result<Vec<u64>, String> {
    let program = std::env::current_exe().map_err(|error| format!("the program's own file was not found: {error}"))?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind", "--callgrind-out-file=/dev/stdout", "--combine-dumps=yes"]);
    valgrind.args(["--dump-line=no", &format!("--toggle-collect={COUNTED}"), &format!("--dump-after={COUNTED}")]);
    // valgrind counts each byte of the instruction that copies or fills memory. These settings prevent its use.
    valgrind.env("GLIBC_TUNABLES", format!("{NO_REPEATED_INSTRUCTIONS}{settings}"));
    let output = valgrind.arg(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("valgrind could not be started: {error}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the program ended with {} under valgrind: {text}", output.status));
    }
    let report = String::from_utf8_lossy(&output.stdout);
    let mut counts = Vec::new();
    for total in report.lines().filter_map(|line| line.strip_prefix("totals: ")) {
        counts.push(total.trim().parse().map_err(|_| format!("valgrind reported `{total}`, which is not a number"))?);
    }
    // The last total is that of the code after the last piece.
    if counts.pop() != Some(0) || counts.is_empty() {
        return Err("valgrind found no call of `counted`".to_owned());
    }
    Ok(counts)
}
