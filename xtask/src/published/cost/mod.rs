//! `cargo xtask cost`: what the crates cost a program that depends on them, beside the same program over reqwest.

mod cpu;
mod programs;

use std::fs;
use std::path::Path;
use std::process::Command;

use self::programs::Programs;
use super::tree::tree;
use crate::Failure;
use crate::shell::{root, run, target};

/// The list of operations: one line each.
const REGISTRY: &str = "crates/convex-mgmt-proto/src/operation/registry.rs";

/// The operations of the feature `small` of `tests/cost/program.rs`, and the sends of its feature `again`.
const SMALL: usize = 10;
const AGAIN: usize = 10;

/// The costs of one state of the project.
#[derive(Debug)]
struct Costs {
    operations: usize,
    /// CPU seconds of dev builds of `convex-mgmt-proto`: with its dependencies, and alone.
    proto: f64,
    proto_alone: f64,
    /// CPU seconds of building the program with one operation: a dev build, and a release build.
    dev: f64,
    release: f64,
    /// The sizes of the release programs in bytes.
    program: u64,
    with_small: u64,
    with_all: u64,
    with_again: u64,
    /// The functions of `convex-mgmt-hyper` in the first and the last of these programs.
    hyper: u64,
    hyper_with_again: u64,
}

impl Costs {
    /// Builds in a folder that this removes afterwards.
    fn of(project: &Path, folder: &Path) -> Result<Self, Failure> {
        let programs = Programs::write(project, folder.to_owned())?;
        let proto = programs.cold_build("--package proto")?;
        programs.cargo("clean --quiet --package convex-mgmt-proto")?;
        let proto_alone = programs.cargo("build --quiet --package proto")?;
        let dev = programs.cold_build("--package facade")?;
        let release = programs.cold_build("--release --package facade")?;
        let costs = Self {
            operations: operations(project)?,
            proto,
            proto_alone,
            dev,
            release,
            program: programs.size("facade", "")?,
            with_small: programs.size("facade", "small")?,
            with_all: programs.size("facade", "all")?,
            with_again: programs.size("facade", "again")?,
            hyper: programs.code_of("convex_mgmt_hyper", "facade", "")?,
            hyper_with_again: programs.code_of("convex_mgmt_hyper", "facade", "again")?,
        };
        fs::remove_dir_all(folder)?;
        Ok(costs)
    }
}

/// The costs of the program over reqwest: CPU seconds and bytes.
#[derive(Debug)]
struct Twin {
    dev: f64,
    release: f64,
    program: u64,
}

impl Twin {
    fn of(folder: &Path) -> Result<Self, Failure> {
        let programs = Programs::write(&root(), folder.to_owned())?;
        let dev = programs.cold_build("--package reqwest-twin")?;
        let release = programs.cold_build("--release --package reqwest-twin")?;
        let program = programs.size("reqwest-twin", "")?;
        fs::remove_dir_all(folder)?;
        Ok(Self { dev, release, program })
    }
}

/// Prints the costs of the project beside the targets. With an older revision, compares them with its costs, and fails if those of
/// the project have grown faster than the number of operations.
pub(crate) fn run_for(base: Option<&str>) -> Result<(), Failure> {
    let folder = target()?.join("cost");
    let now = Costs::of(&root(), &folder.join("now"))?;
    let twin = Twin::of(&folder.join("reqwest"))?;
    print(&now, &twin)?;
    let Some(base) = base else { return Ok(()) };
    let copy = folder.join("base-sources");
    extract(base, &copy)?;
    let then = Costs::of(&copy, &folder.join("base"))?;
    println!("since {base}: {}", growth(&then, &now)?);
    Ok(())
}

fn print(now: &Costs, twin: &Twin) -> Result<(), Failure> {
    let crates = |arguments: &str| Ok::<_, Failure>(tree(arguments)?.len() as f64);
    let kilobytes =
        |larger: u64, smaller: u64, count: usize| larger.saturating_sub(smaller) as f64 / 1e3 / count as f64;
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let rows = [
        ("crates, `convex-mgmt-proto`", crates("--package convex-mgmt-proto")?, 19.0),
        ("crates, facade without TLS", crates("--package convex-mgmt --no-default-features --features hyper")?, 44.0),
        ("crates, facade with ring", crates("--package convex-mgmt")?, 55.0),
        ("dev build of `convex-mgmt-proto`, CPU s", now.proto, 30.0),
        ("dev build of the facade without TLS / reqwest", now.dev / twin.dev, 0.75),
        ("release build of the facade without TLS / reqwest", now.release / twin.release, 1.0),
        ("program with one operation, MB", megabytes(now.program), 1.5),
        ("each of ten small operations, KB", kilobytes(now.with_small, now.program, SMALL), 15.0),
        ("each of all operations, KB", kilobytes(now.with_all, now.program, now.operations - 1), 15.0),
        (
            "each further `send`, KB of code of `convex-mgmt-hyper`",
            kilobytes(now.hyper_with_again, now.hyper, AGAIN),
            3.0,
        ),
    ];
    println!("| cost | measured | target |\n| --- | --- | --- |");
    for (what, measured, target) in rows {
        let missed = if measured > target { " (missed)" } else { "" };
        println!("| {what} | {measured:.2}{missed} | <= {target} |");
    }
    println!();
    let line = |what, dev, release, program| {
        println!("{what}: {dev:.1} CPU s dev, {release:.1} CPU s release, program {:.2} MB", megabytes(program));
    };
    println!("each further `send` with the code around it: {:.2} KB", kilobytes(now.with_again, now.program, AGAIN));
    line("facade", now.dev, now.release, now.program);
    line("reqwest", twin.dev, twin.release, twin.program);
    Ok(())
}

/// The program may grow by this factor: the code that all operations share grows, too.
const PROGRAM_GROWTH: f64 = 1.05;

/// Describes the growth. Fails if it is more than linear in the number of operations.
fn growth(then: &Costs, now: &Costs) -> Result<String, Failure> {
    let operations = now.operations as f64 / then.operations as f64;
    let (build, program) = (now.proto_alone / then.proto_alone, now.program as f64 / then.program as f64);
    let text = format!("operations x {operations:.2}, CPU seconds x {build:.2}, program x {program:.3}");
    if build > operations {
        return Err(format!("the build grows faster than the number of operations: {text}").into());
    }
    if program > PROGRAM_GROWTH {
        return Err(format!("a program with one operation has grown: {text}").into());
    }
    Ok(text)
}

/// Copies a revision of the project to a folder.
fn extract(revision: &str, copy: &Path) -> Result<(), Failure> {
    drop(fs::remove_dir_all(copy));
    fs::create_dir_all(copy)?;
    let archive = copy.with_extension("tar");
    let mut git = Command::new("git");
    run(git.args(["archive", "--output"]).arg(&archive).arg(revision).current_dir(root()))?;
    run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(copy))?;
    fs::remove_file(archive)?;
    Ok(())
}

/// Counts the operations of a project.
fn operations(project: &Path) -> Result<usize, Failure> {
    let registry = fs::read_to_string(project.join(REGISTRY))?;
    let is_operation = |line: &&str| {
        let line = line.trim();
        line.ends_with(',') && ["deployment::", "management::"].iter().any(|api| line.starts_with(api))
    };
    Ok(registry.lines().filter(is_operation).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_at_most_linear_and_programs_do_not_grow() {
        let costs = |operations, proto_alone, program| Costs {
            operations,
            proto: 10.0,
            proto_alone,
            dev: 20.0,
            release: 30.0,
            program,
            with_small: 2000,
            with_all: 3000,
            with_again: 2000,
            hyper: 500,
            hyper_with_again: 1000,
        };
        let growth = |now| growth(&costs(10, 4.0, 1000), &now);
        assert!(growth(costs(30, 12.0, 1000)).is_ok());
        assert!(growth(costs(30, 12.5, 1000)).unwrap_err().to_string().contains("the build grows"));
        assert!(growth(costs(30, 12.0, 1100)).unwrap_err().to_string().contains("a program"));
    }
}
