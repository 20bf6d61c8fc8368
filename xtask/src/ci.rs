//! `cargo xtask ci`: everything that CI runs beside the test command of the README.

use std::process::Command;
use std::time::Instant;

use crate::shell::{cargo, output, root, run, tool};
use crate::{Failure, api, deps, spec, tidy};

/// The version of cargo-deny that is used.
const CARGO_DENY: &str = "0.20.2";

type Step = (&'static str, fn() -> Result<(), Failure>);

const STEPS: &[Step] = &[
    ("format", || run(&mut cargo("fmt --all --check"))),
    ("tidy", tidy::run),
    ("clippy", || run(&mut cargo("clippy --quiet --workspace --all-targets --all-features -- --deny warnings"))),
    ("features", features),
    ("docs", || {
        let mut docs = cargo("doc --quiet --workspace --all-features --no-deps --document-private-items");
        run(docs.env("RUSTDOCFLAGS", "--deny warnings"))
    }),
    ("tests with all features", || run(&mut cargo("test --quiet --workspace --all-features"))),
    ("tests with features of serde_json", || {
        run(&mut cargo("test --quiet --manifest-path tests/features/Cargo.toml --target-dir target"))
    }),
    ("dependencies", deps::run),
    ("cargo deny", deny),
    ("public api", api::check),
    // Whoever has the documents says so; nobody is asked to have them.
    ("spec", || spec::run(None, std::env::var_os(spec::FOLDER).is_none())),
    ("bounds of a call", || {
        run(&mut cargo("bench --quiet --package convex-mgmt-suite --bench send_overhead -- --check"))
    }),
    ("bounds of a data sync", || {
        run(&mut cargo("bench --quiet --package convex-mgmt-suite --bench data_sync -- --check"))
    }),
    ("growth of work", || run(&mut cargo("bench --quiet --package convex-mgmt-fuzz --bench growth -- --check"))),
];

pub(crate) fn run_steps() -> Result<(), Failure> {
    let started = Instant::now();
    for (name, step) in STEPS {
        println!("== {name}");
        let step_started = Instant::now();
        step().map_err(|error| format!("{name}: {error}"))?;
        println!("== {name}: done in {:.0} s", step_started.elapsed().as_secs_f64());
    }
    println!("== everything: done in {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Every feature of every published crate alone, and none.
fn features() -> Result<(), Failure> {
    for name in deps::PUBLISHED {
        let package = deps::package(name)?;
        let alone = package.features.keys().filter(|feature| *feature != "default").map(String::as_str);
        for feature in std::iter::once("").chain(alone) {
            println!("{name} with {}", if feature.is_empty() { "no feature" } else { feature });
            let arguments = format!("clippy --quiet --package {name} --no-default-features --features=");
            let mut clippy = cargo(&arguments);
            if !feature.is_empty() {
                clippy.arg("--features").arg(feature);
            }
            run(clippy.args(["--", "--deny", "warnings"]))?;
        }
    }
    Ok(())
}

/// Licences, duplicate versions and sources; and known weaknesses, where their database can be fetched.
fn deny() -> Result<(), Failure> {
    let program = tool("cargo-deny", CARGO_DENY)?;
    let mut check = Command::new(&program);
    check.args(["--all-features", "--locked", "check", "bans", "licenses", "sources"]);
    match output(Command::new(&program).args(["fetch", "db"]).current_dir(root())) {
        Ok(_) => {
            check.arg("advisories");
        }
        Err(_) => println!("SKIPPED: the database of advisories cannot be fetched, so nothing is held against it"),
    }
    run(check.current_dir(root()))
}
