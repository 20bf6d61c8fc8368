//! `cargo xtask`: the commands of CI and of maintenance.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints its results")]

mod ci;
mod dotenv;
mod failure;
mod fuzz;
mod mutants;
mod operations;
mod published;
mod shell;
mod spec;
mod tidy;
mod wasm;

use std::path::PathBuf;
use std::process::ExitCode;

pub(crate) use failure::Failure;
use lexopt::prelude::*;
use published::{api, bench, cost, deps};

/// The help, without the checks of `tidy` at its end.
const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci [STEP]             run all checks but the tests, cheap ones first, and stop at the first that fails; with the name of a step, such
                        as `clippy`, begin there
  spec [--dir DIR] [--allow-missing]
                        compare the operations and their bodies with the OpenAPI documents in DIR, or in the folder
                        that CONVEX_MGMT_OPENAPI names, and print the form of each nullable property; without documents
                        it fails, except with --allow-missing
  fuzz [--seconds N] [TARGET]
                        run one fuzz target, or each, under libFuzzer for N seconds; the default is 30
  mutants [FILE...]     run cargo-mutants on the published crates: change the code in one small place at a time, and
                        list the changes that no test detects. It changes these files, or the lines that differ from
                        the branch `main`. It builds cargo-mutants if that is missing, and takes minutes per file. It
                        is not part of ci
  bench [--write | --check | --cost]
                        count the instructions and allocations of one request with valgrind, beside bare hyper-util and
                        reqwest, and print the tables of docs/performance.md; with --write, write them, and the figures
                        that --check compares. --check counts the cheap workloads, and fails if one is more than 3%
                        above its figure. --cost is the command `cost`
  dotenv [--write]      compare the expected values in the tests of the .env parser with npm's dotenv, which is installed
                        if it is missing; with --write, write the expected values
  docs                  write the generated pages of docs/: operations, error codes and credentials
  new-operation         add the operation of docs/adding-an-operation.md to a copy of the project, and run the tests
                        that cover every operation there
  cost [--base REVISION]
                        build convex-mgmt-proto, a program with one operation, and the same program over reqwest from scratch,
                        and print the CPU seconds, the sizes and the numbers of crates beside the targets; with a revision,
                        compare them with its costs, and fail if they have grown faster than the number of operations. It is
                        not part of ci
  deps                  check the size and the content of the dependency trees
  api                   check which other crates the public signatures name
  wasm                  check that the published crates compile for wasm32-unknown-unknown, without the features that need
                        an operating system
  tidy [CHECK...]       check the files against the project's rules; the default is all checks:
";

enum Command {
    Help,
    Ci { first: Option<String> },
    Bench { write: bool },
    BenchCheck,
    Cost { base: Option<String> },
    Spec { dir: Option<PathBuf>, allow_missing: bool },
    Fuzz { target: Option<String>, seconds: u32 },
    Mutants { files: Vec<String> },
    Dotenv { write: bool },
    Deps,
    Docs,
    NewOperation,
    Api,
    Wasm,
    Tidy { checks: Vec<String> },
}

fn main() -> ExitCode {
    let command = match command() {
        Ok(command) => command,
        Err(error) => {
            eprintln!("xtask: {error}\n\n{USAGE}{}", tidy::help());
            return ExitCode::from(2);
        }
    };
    let result = match command {
        Command::Help => {
            print!("{USAGE}{}", tidy::help());
            Ok(())
        }
        Command::Ci { first } => ci::run_steps(first.as_deref()),
        Command::Bench { write } => bench::run(write),
        Command::BenchCheck => bench::check(),
        Command::Cost { base } => cost::run_for(base.as_deref()),
        Command::Spec { dir, allow_missing } => spec::run(dir, allow_missing, true),
        Command::Fuzz { target, seconds } => fuzz::run(target.as_deref(), seconds),
        Command::Mutants { files } => mutants::run(&files),
        Command::Dotenv { write } => dotenv::run(write),
        Command::Deps => deps::run(),
        Command::Docs => operations::docs::write(),
        Command::NewOperation => operations::new_operation::check(),
        Command::Api => api::check(),
        Command::Wasm => wasm::run_checks(),
        Command::Tidy { checks } => tidy::run(&checks),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Result<Command, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let (mut name, mut dir, mut allow_missing) = (None, None, false);
    let (mut targets, mut seconds, mut write, mut base) = (Vec::new(), None, false, None);
    let (mut check, mut cost) = (false, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("dir") => dir = Some(parser.value()?.into()),
            Long("allow-missing") => allow_missing = true,
            Long("base") => base = Some(parser.value()?.string()?),
            Long("write") => write = true,
            Long("check") => check = true,
            Long("cost") => cost = true,
            Long("seconds") => seconds = Some(parser.value()?.parse()?),
            Value(value) if name.is_none() => name = Some(value.string()?),
            Value(value) if matches!(name.as_deref(), Some("ci" | "fuzz" | "mutants" | "tidy")) => {
                targets.push(value.string()?)
            }
            other => return Err(other.unexpected()),
        }
    }
    let name = name.ok_or("the command is missing")?;
    if name != "spec" && (dir.is_some() || allow_missing) {
        return Err("--dir and --allow-missing belong to `spec`".into());
    }
    if name != "dotenv" && name != "bench" && write {
        return Err("--write belongs to `bench` and `dotenv`".into());
    }
    if name != "bench" && (check || cost) {
        return Err("--check and --cost belong to `bench`".into());
    }
    if [write, check, cost].into_iter().filter(|flag| *flag).count() > 1 {
        return Err("--write, --check and --cost are alternatives".into());
    }
    if name != "cost" && base.is_some() {
        return Err("--base belongs to `cost`".into());
    }
    if name != "fuzz" && seconds.is_some() {
        return Err("--seconds belongs to `fuzz`".into());
    }
    if name == "fuzz" && targets.len() > 1 {
        return Err("`fuzz` takes at most one target; without a target it runs each".into());
    }
    if name == "ci" && targets.len() > 1 {
        return Err("`ci` takes the name of one step, where it begins: quote a name of several words".into());
    }
    Ok(match name.as_str() {
        "ci" => Command::Ci { first: targets.pop() },
        "bench" if check => Command::BenchCheck,
        "bench" if !cost => Command::Bench { write },
        "bench" | "cost" => Command::Cost { base },
        "spec" => Command::Spec { dir, allow_missing },
        "fuzz" => Command::Fuzz { target: targets.pop(), seconds: seconds.unwrap_or(30) },
        "mutants" => Command::Mutants { files: targets },
        "dotenv" => Command::Dotenv { write },
        "deps" => Command::Deps,
        "docs" => Command::Docs,
        "new-operation" => Command::NewOperation,
        "api" => Command::Api,
        "tidy" => Command::Tidy { checks: targets },
        "wasm" => Command::Wasm,
        _ => return Err(format!("unknown command `{name}`").into()),
    })
}
