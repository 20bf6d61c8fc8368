//! Running other programs from the project's root.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::MetadataCommand;

use crate::Failure;

/// The project's root. Cargo names this package's folder in a variable when it runs a program; without cargo, the folder that
/// the program was built in counts.
pub(crate) fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The folder that cargo builds into, which a variable or a setting of the user's may name.
pub(crate) fn target() -> Result<PathBuf, Failure> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec()?;
    Ok(metadata.target_directory.into())
}

/// A cargo command in the project's root.
pub(crate) fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split_whitespace()).current_dir(root());
    command
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}

/// Runs a command to its end, and gives what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// A program of cargo's registry, in this version. It is built into the target folder where it is missing.
pub(crate) fn tool(name: &str, version: &str) -> Result<PathBuf, Failure> {
    let tools = target()?.join("tools");
    let program = tools.join("bin").join(name);
    let wanted = format!("{name} {version}");
    // As cargo calls it: not every one knows its version without its name among the arguments.
    let subcommand = name.strip_prefix("cargo-");
    if output(Command::new(&program).args(subcommand).arg("--version")).unwrap_or_default().trim() != wanted {
        println!("building {wanted}");
        let install = format!("install --quiet --locked {name} --version {version} --force --root");
        run(cargo(&install).arg(&tools))?;
    }
    Ok(program)
}
