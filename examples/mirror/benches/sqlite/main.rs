//! Benchmark of the mirror in SQLite: its speed beside a loop of plain inserts, and its memory for few and many pages.
//!
//! `cargo bench -p convex-mgmt-mirror --bench sqlite` prints both; `-- --check` fails when a bound is exceeded. The memory is that of a
//! process of its own, which is measured on Linux only.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

mod memory;
mod speed;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    let check = match words[..] {
        ["mirror", url, database] => return memory::mirror(url, database),
        [] => false,
        ["--check"] => true,
        _ => return ExitCode::from(2),
    };
    let within = [speed::compare(), memory::compare()];
    if check && within.contains(&false) {
        eprintln!("a bound is exceeded");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Returns the path of a new database, whose files are deleted.
fn database(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("convex-mgmt-mirror-bench-{}-{name}.db", std::process::id()));
    remove(&path);
    path
}

/// Deletes a database.
fn remove(path: &std::path::Path) {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}
