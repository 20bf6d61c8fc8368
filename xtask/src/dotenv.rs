//! `cargo xtask dotenv`: installs npm's `dotenv`, which the reader of `.env` text is compared with, and checks that the table of
//! its readings is up to date.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Failure;
use crate::shell::{output, root};

/// The version that the Convex command line tool reads with.
const VERSION: &str = "16.6.1";

/// The readings of `inputs.js`, which tests of convex-mgmt-proto compare with their own.
const TABLE: &str = "tests/dotenv/table.json";

/// Installs `dotenv` where it is missing, and compares the table with it, or writes the table. Without node or a registry of
/// npm nothing is compared. Where `dotenv` is installed, tests of convex-mgmt-proto also compare random texts with it.
pub(crate) fn run(write: bool) -> Result<(), Failure> {
    let folder = root().join(format!("target/dotenv-{VERSION}"));
    if let Err(why) = install(&folder) {
        println!("SKIPPED: dotenv cannot be installed, so the reader of .env text was not compared with it: {why}");
        return if write { Err("there is nothing to write".into()) } else { Ok(()) };
    }
    let printed = output(Command::new("node").arg(root().join("tests/dotenv/oracle.js")).arg(&folder).arg("table"))?;
    let table = root().join(TABLE);
    if write {
        fs::write(&table, &printed)?;
    } else if fs::read_to_string(&table)? != printed {
        return Err(
            format!("{TABLE} is not what dotenv {VERSION} reads: `cargo xtask dotenv --write` writes it").into()
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
