//! Counting instructions: a program starts itself under valgrind, and gets those of each piece that it runs by [`counted`].

use std::process::{Command, Stdio};

/// The name under which valgrind knows [`counted`].
const COUNTED: &str = "convex_mgmt_count::counted";

/// Settings of glibc; other C libraries do not read them.
const NO_REPEATED_INSTRUCTIONS: &str =
    "glibc.cpu.x86_rep_movsb_threshold=0x7fffffff:glibc.cpu.x86_rep_stosb_threshold=0x7fffffff";

/// Runs a piece of work. Under [`instructions`] its instructions are counted, and nothing else is.
// It must stay a function of its own, with a name that has no type in it: valgrind looks for it.
#[inline(never)]
pub fn counted(work: &mut dyn FnMut()) {
    work();
    // Without it the last call might become a jump, and this function would never be left.
    std::hint::black_box(());
}

/// Starts this program again with these arguments, under valgrind: the instructions of each [`counted`] in it, in order.
///
/// The program has to keep silent on its standard output, where valgrind reports.
///
/// # Errors
/// A text that says why there are no numbers: valgrind is missing, or the program failed.
pub fn instructions(arguments: &[&str]) -> Result<Vec<u64>, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program is not found: {error}"))?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind", "--callgrind-out-file=/dev/stdout", "--combine-dumps=yes"]);
    valgrind.args(["--dump-line=no", &format!("--toggle-collect={COUNTED}"), &format!("--dump-after={COUNTED}")]);
    // Of the C library's one instruction that copies or fills a large piece, valgrind counts each byte. It does not use it then.
    valgrind.env("GLIBC_TUNABLES", NO_REPEATED_INSTRUCTIONS);
    let output = valgrind.arg(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("valgrind cannot be started: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the program ended with {} under valgrind: {said}", output.status));
    }
    let report = String::from_utf8_lossy(&output.stdout);
    let mut counts = Vec::new();
    for total in report.lines().filter_map(|line| line.strip_prefix("totals: ")) {
        counts.push(total.trim().parse().map_err(|_| format!("valgrind counts `{total}`"))?);
    }
    // The last one is of what came after the last piece.
    if counts.pop() != Some(0) || counts.is_empty() {
        return Err("valgrind found nothing that is counted".to_owned());
    }
    Ok(counts)
}
