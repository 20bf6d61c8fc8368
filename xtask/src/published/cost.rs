//! `cargo xtask cost`: the cost of the operations for a user, as CPU seconds of a build and as the size of a program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::shell::{cargo, output, root, run, target};

/// The crate with the operations.
const CRATE: &str = "convex-mgmt-proto";

/// The list of operations: one line each.
const REGISTRY: &str = "crates/convex-mgmt-proto/src/operation/registry.rs";

/// A program with one operation.
const PROGRAM: &str = "crates/convex-mgmt/examples/pause.rs";

/// The costs of one state of the project.
#[derive(Debug)]
struct Costs {
    operations: usize,
    /// CPU seconds of building the crate with its dependencies, and alone.
    with_dependencies: f64,
    alone: f64,
    /// The size of the program in bytes, optimized and without symbols.
    program: u64,
}

/// Prints the costs of the project. With an older revision, prints its costs too, and fails if those of the project have grown
/// faster than the number of operations.
pub(crate) fn run_for(base: Option<&str>) -> Result<(), Failure> {
    let folder = target()?.join("cost");
    let now = costs(&root(), &folder.join("now"))?;
    println!("{}", line("now", &now));
    let Some(base) = base else { return Ok(()) };
    let copy = folder.join("base-sources");
    extract(base, &copy)?;
    let then = costs(&copy, &folder.join("base"))?;
    println!("{}", line(base, &then));
    println!("growth: {}", growth(&then, &now)?);
    Ok(())
}

fn line(what: &str, costs: &Costs) -> String {
    let Costs { operations, with_dependencies, alone, program } = costs;
    format!(
        "{what}: {operations} operations; {CRATE} builds in {alone:.1} CPU seconds, in {with_dependencies:.1} with its \
         dependencies; a program with one operation has {program} bytes"
    )
}

/// The program may grow by this factor: the code that all operations share grows, too.
const PROGRAM_GROWTH: f64 = 1.05;

/// Describes the growth. Fails if it is more than linear in the number of operations.
fn growth(then: &Costs, now: &Costs) -> Result<String, Failure> {
    let operations = now.operations as f64 / then.operations as f64;
    let (build, program) = (now.alone / then.alone, now.program as f64 / then.program as f64);
    let text = format!("operations x {operations:.2}, CPU seconds x {build:.2}, program x {program:.3}");
    if build > operations {
        return Err(format!("the build grows faster than the number of operations: {text}").into());
    }
    if program > PROGRAM_GROWTH {
        return Err(format!("a program with one operation has grown: {text}").into());
    }
    Ok(text)
}

/// Copies a revision of the project to a folder. A revision without the program gets it.
fn extract(revision: &str, copy: &Path) -> Result<(), Failure> {
    drop(fs::remove_dir_all(copy));
    fs::create_dir_all(copy)?;
    let archive = copy.with_extension("tar");
    let mut git = Command::new("git");
    run(git.args(["archive", "--output"]).arg(&archive).arg(revision).current_dir(root()))?;
    run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(copy))?;
    fs::remove_file(archive)?;
    fs::copy(root().join(PROGRAM), copy.join(PROGRAM))?;
    Ok(())
}

/// Builds in a folder that this removes first.
fn costs(project: &Path, folder: &PathBuf) -> Result<Costs, Failure> {
    drop(fs::remove_dir_all(folder));
    let registry = fs::read_to_string(project.join(REGISTRY))?;
    let is_operation = |line: &&str| {
        let line = line.trim();
        line.ends_with(',') && ["deployment::", "management::"].iter().any(|api| line.starts_with(api))
    };
    let operations = registry.lines().filter(is_operation).count();
    let build = |arguments: &str| {
        let mut build = cargo(arguments);
        build.current_dir(project).env("CARGO_TARGET_DIR", folder).env_remove("CARGO_MANIFEST_DIR");
        build
    };
    let dev = format!("build --quiet --locked --package {CRATE}");
    let with_dependencies = cpu_seconds(build(&dev))?;
    run(&mut build(&format!("clean --quiet --package {CRATE}")))?;
    let alone = cpu_seconds(build(&dev))?;
    let name = Path::new(PROGRAM).file_stem().unwrap_or_default();
    let example = format!("build --quiet --locked --release --package convex-mgmt --example {}", name.display());
    run(build(&example).env("CARGO_PROFILE_RELEASE_STRIP", "true"))?;
    let program = fs::metadata(folder.join("release/examples").join(name))?.len();
    fs::remove_dir_all(folder)?;
    Ok(Costs { operations, with_dependencies, alone, program })
}

/// Runs a command, and returns the CPU time of all its processes in seconds: of the user and of the system. The shell's `times`
/// prints it in its second line.
fn cpu_seconds(command: Command) -> Result<f64, Failure> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$@\" && times", "sh"]).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let printed = output(&mut shell)?;
    let of_children = printed.lines().last().unwrap_or_default();
    seconds(of_children).ok_or_else(|| format!("`times` of the shell printed {printed:?}").into())
}

/// The sum of times such as `1m2.500s 0m0.250s`.
fn seconds(times: &str) -> Option<f64> {
    let time = |text: &str| {
        let (minutes, seconds) = text.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    let all: Option<Vec<f64>> = times.split_whitespace().map(time).collect();
    all.filter(|all| all.len() == 2).map(|all| all.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_shell_are_added() {
        assert_eq!(seconds("1m2.500s 0m0.250s"), Some(62.75));
        assert_eq!(seconds("1m2.500s"), None);
        assert_eq!(seconds(""), None);
    }

    #[test]
    fn growth_is_at_most_linear_and_programs_do_not_grow() {
        let costs = |operations, alone, program| Costs { operations, with_dependencies: 10.0, alone, program };
        let growth = |now| growth(&costs(10, 4.0, 1000), &now);
        assert!(growth(costs(30, 12.0, 1000)).is_ok());
        assert!(growth(costs(30, 12.5, 1000)).unwrap_err().to_string().contains("the build grows"));
        assert!(growth(costs(30, 12.0, 1100)).unwrap_err().to_string().contains("a program"));
    }
}
