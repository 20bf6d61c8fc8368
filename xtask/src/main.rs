//! `cargo xtask`: the one vocabulary for CI and chores.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

mod api;
mod ci;
mod deps;
mod dotenv;
mod fuzz;
mod mutants;
mod shell;
mod spec;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci                    everything that guards the project
  spec [--dir DIR] [--allow-missing]
                        hold the operations and their bodies against the OpenAPI documents in DIR, or in the folder
                        that CONVEX_MGMT_OPENAPI names; without documents it fails, unless told --allow-missing
  fuzz [--seconds N] [TARGET]
                        give one fuzz target, or each, to libFuzzer for N seconds, 30 if not told
  mutants [FILE...]     break the published crates in one small way after the other with cargo-mutants, and list the
                        changes that no test notices; in these files, or in the lines that differ from the branch
                        `main`. It builds cargo-mutants when it is missing, and takes minutes per file. Not part of ci
  dotenv [--write]      compare the table that the reader of .env text is tested with to npm's dotenv, which is installed
                        where it is missing; with --write, write the table
  deps                  hold the dependency trees against their bounds
  api                   hold the crates of others in public signatures against the lists of what is allowed
  tidy [CHECK...]       check the files against the project's rules: all of them, or files, folders, cycles, words,
                        docs_begin, sentences, leftovers, operations, promises, versions
";

/// What went wrong, for a person.
type Failure = Box<dyn std::error::Error>;

enum Command {
    Help,
    Ci,
    Spec { dir: Option<PathBuf>, allow_missing: bool },
    Fuzz { target: Option<String>, seconds: u32 },
    Mutants { files: Vec<String> },
    Dotenv { write: bool },
    Deps,
    Api,
    Tidy { checks: Vec<String> },
}

fn main() -> ExitCode {
    let command = match command() {
        Ok(command) => command,
        Err(error) => {
            eprintln!("xtask: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let result = match command {
        Command::Help => {
            print!("{USAGE}");
            Ok(())
        }
        Command::Ci => ci::run_steps(),
        Command::Spec { dir, allow_missing } => spec::run(dir, allow_missing),
        Command::Fuzz { target, seconds } => fuzz::run(target.as_deref(), seconds),
        Command::Mutants { files } => mutants::run(&files),
        Command::Dotenv { write } => dotenv::run(write),
        Command::Deps => deps::run(),
        Command::Api => api::check(),
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
    let (mut targets, mut seconds, mut write) = (Vec::new(), None, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("dir") => dir = Some(parser.value()?.into()),
            Long("allow-missing") => allow_missing = true,
            Long("write") => write = true,
            Long("seconds") => seconds = Some(parser.value()?.parse()?),
            Value(value) if name.is_none() => name = Some(value.string()?),
            Value(value) if matches!(name.as_deref(), Some("fuzz" | "mutants" | "tidy")) => {
                targets.push(value.string()?)
            }
            other => return Err(other.unexpected()),
        }
    }
    let name = name.ok_or("the command is missing")?;
    if name != "spec" && (dir.is_some() || allow_missing) {
        return Err("--dir and --allow-missing belong to `spec`".into());
    }
    if name != "dotenv" && write {
        return Err("--write belongs to `dotenv`".into());
    }
    if name != "fuzz" && seconds.is_some() {
        return Err("--seconds belongs to `fuzz`".into());
    }
    if name == "fuzz" && targets.len() > 1 {
        return Err("`fuzz` takes one target, or none for each".into());
    }
    Ok(match name.as_str() {
        "ci" => Command::Ci,
        "spec" => Command::Spec { dir, allow_missing },
        "fuzz" => Command::Fuzz { target: targets.pop(), seconds: seconds.unwrap_or(30) },
        "mutants" => Command::Mutants { files: targets },
        "dotenv" => Command::Dotenv { write },
        "deps" => Command::Deps,
        "api" => Command::Api,
        "tidy" => Command::Tidy { checks: targets },
        _ => return Err(format!("unknown command `{name}`").into()),
    })
}
