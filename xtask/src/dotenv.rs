//! `cargo xtask dotenv`: installs npm's `dotenv`, and compares its results with the table that the tests of the `.env` parser use.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Failure;
use crate::shell::{output, root};

/// The version in the Convex command line tool.
const VERSION: &str = "16.6.1";

/// The results for `inputs.js`, which tests of convex-mgmt-proto compare with their own.
const TABLE: &str = "tests/dotenv/table.json";

/// Installs `dotenv` if it is missing, and compares the table with its results, or writes the table. Without node or the npm
/// registry it prints `SKIPPED`. Tests of convex-mgmt-proto compare random texts with an installed `dotenv`.
pub(crate) fn run(write: bool) -> Result<(), Failure> {
    // Independent of `CARGO_TARGET_DIR`, which the tests cannot read: they look for `dotenv` here.
    let folder = root().join(format!("target/dotenv-{VERSION}"));
    if let Err(why) = install(&folder) {
        println!("SKIPPED: dotenv cannot be installed, so the .env parser was not compared with it: {why}");
        return if write { Err("the table was not written, because dotenv is missing".into()) } else { Ok(()) };
    }
    let printed = output(Command::new("node").arg(root().join("tests/dotenv/oracle.js")).arg(&folder).arg("table"))?;
    let table = root().join(TABLE);
    if write {
        fs::write(&table, &printed)?;
    } else if fs::read_to_string(&table)? != printed {
        return Err(
            format!("{TABLE} differs from the results of dotenv {VERSION}: run `cargo xtask dotenv --write`").into()
        );
    }
    println!("{TABLE}: {} inputs", printed.lines().count().saturating_sub(2));
    Ok(())
}

fn install(folder: &Path) -> Result<(), Failure> {
    output(Command::new("node").arg("--version"))?;
    if !folder.join("node_modules/dotenv").exists() {
        fs::create_dir_all(folder)?;
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        let mut install = Command::new(npm);
        install.args(["install", "--silent", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--prefix"]);
        output(install.arg(folder).arg(format!("dotenv@{VERSION}")))?;
    }
    Ok(())
}
