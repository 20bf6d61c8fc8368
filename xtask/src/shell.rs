//! Other programs, run in the project's root.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::MetadataCommand;

use crate::Failure;

/// Returns the project's root. `cargo run` sets a variable to this package's folder; a program that is run without cargo uses
/// the folder in which it was built.
pub(crate) fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Returns cargo's target folder, with the user's variables and settings applied.
pub(crate) fn target() -> Result<PathBuf, Failure> {
    // `CARGO_TARGET_DIR` may be relative to the current folder, and `cargo` below runs in the root.
    let metadata = MetadataCommand::new().current_dir(root()).no_deps().exec()?;
    Ok(metadata.target_directory.into())
}

/// Creates a cargo command that runs in the project's root. The arguments are separated by blanks.
pub(crate) fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split_whitespace()).current_dir(root());
    command
}

/// Runs a command. Fails if its exit code is not 0.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}").into()) }
}

/// Runs a command and returns its standard output. Fails with its standard error if its exit code is not 0.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Returns the names of the files that git tracks or would add, relative to the project's root, with `/` between their parts.
pub(crate) fn project_files() -> Result<Vec<String>, Failure> {
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    let listed = output(&mut list)?;
    // git still lists a file that was deleted without a commit.
    Ok(listed.lines().filter(|name| root().join(name).exists()).map(str::to_owned).collect())
}

/// Returns the path of a published program, in this version. Builds it in the target folder if it is missing.
pub(crate) fn tool(name: &str, version: &str) -> Result<PathBuf, Failure> {
    let tools = target()?.join("tools");
    let program = tools.join("bin").join(name);
    let wanted = format!("{name} {version}");
    // Cargo passes the name of the subcommand first, and some programs print their version only with it.
    let subcommand = name.strip_prefix("cargo-");
    if output(Command::new(&program).args(subcommand).arg("--version")).unwrap_or_default().trim() != wanted {
        println!("building {wanted}");
        // Without optimization: building it takes longer than its work.
        let install = format!("install --quiet --locked --profile dev {name} --version {version} --force --root");
        run(cargo(&install).arg(&tools).env("CARGO_PROFILE_DEV_DEBUG", "none"))?;
    }
    Ok(program)
}
