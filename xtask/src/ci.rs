//! `cargo xtask ci`: everything that CI runs beside the test command of the README.

use std::process::Command;
use std::time::Instant;

use crate::shell::{cargo, output, root, run, target, tool};
use crate::{Failure, api, deps, dotenv, spec, tidy};

/// The version of cargo-deny that is used.
const CARGO_DENY: &str = "0.20.2";

type Step = (&'static str, fn() -> Result<(), Failure>);

/// What takes the least time comes first, so that a run that fails does so soon.
const STEPS: &[Step] = &[
    ("format", || run(&mut cargo("fmt --all --check"))),
    ("tidy", || tidy::run(&[])),
    ("dependencies", deps::run),
    ("clippy", || run(&mut cargo("clippy --quiet --workspace --all-targets --all-features -- --deny warnings"))),
    ("docs", || {
        let mut docs = cargo("doc --quiet --workspace --all-features --no-deps --document-private-items");
        run(docs.env("RUSTDOCFLAGS", "--deny warnings"))
    }),
    ("public api", api::check),
    ("features", features),
    // Before the tests, which use what it installs.
    ("dotenv", || dotenv::run(false)),
    ("tests with all features", || run(&mut cargo("test --quiet --workspace --all-features"))),
    ("tests with features of serde_json", || {
        let mut tests = cargo("test --quiet --locked --manifest-path tests/features/Cargo.toml --target-dir");
        run(tests.arg(target()?))
    }),
    // Whoever has the documents says so; nobody is asked to have them.
    ("spec", || spec::run(None, std::env::var_os(spec::FOLDER).is_none())),
    ("cargo deny", deny),
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

/// Features of `convex-mgmt` that change what another one does, where both are on.
const TOGETHER: &[&str] =
    &["native-roots,http2,proxy", "tls-ring,native-roots", "tls-ring,http2,proxy", "tls-ring,tls-aws-lc"];

/// Compiles every published crate with each feature alone, and with none. Tests what `convex-mgmt` can do then.
fn features() -> Result<(), Failure> {
    for name in deps::PUBLISHED {
        for features in alone(name)? {
            println!("{name} with {features:?}");
            let clippy = format!("clippy --quiet --package {name} --no-default-features --features={features}");
            run(cargo(&clippy).args(["--", "--deny", "warnings"]))?;
        }
    }
    let test = |arguments: String| {
        println!("test {arguments}");
        run(&mut cargo(&format!("test --quiet --no-default-features {arguments}")))
    };
    for features in alone("convex-mgmt")?.into_iter().chain(TOGETHER.iter().map(ToString::to_string)) {
        test(format!("--package convex-mgmt --test features --features={features}"))?;
    }
    // Which `convex-mgmt` does not have alone.
    test("--package convex-mgmt-hyper --lib --features=tls".to_owned())
}

/// No feature, and each alone.
fn alone(name: &str) -> Result<Vec<String>, Failure> {
    let features = deps::package(name)?.features.into_keys().filter(|feature| feature != "default");
    Ok(std::iter::once(String::new()).chain(features).collect())
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
