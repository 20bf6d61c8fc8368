//! `cargo xtask ci`: all checks of CI except the test command of the README.

use std::process::Command;
use std::time::Instant;

use crate::published::{api, deps};
use crate::shell::{cargo, output, root, run, target, tool};
use crate::{Failure, dotenv, operations, spec, tidy};

/// The version of cargo-deny to run.
const CARGO_DENY: &str = "0.20.2";

type Step = (&'static str, fn() -> Result<(), Failure>);

/// The steps by name, cheap ones first, so that a run fails early.
const STEPS: &[Step] = &[
    ("format", || run(&mut cargo("fmt --all --check"))),
    ("tidy", || tidy::run(&[])),
    ("operations page", operations::docs::check),
    ("dependencies", deps::run),
    // Without the variable nobody expects documents.
    ("spec", || spec::run(None, std::env::var_os(spec::FOLDER).is_none(), false)),
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
    ("a new operation", operations::new_operation::check),
    ("tests with features of serde_json", || {
        let mut tests = cargo("test --quiet --locked --manifest-path tests/features/Cargo.toml --target-dir");
        run(tests.arg(target()?))
    }),
    ("cargo deny", deny),
    ("bounds of a call", || {
        run(&mut cargo("bench --quiet --package convex-mgmt-suite --bench send_overhead -- --check"))
    }),
    ("bounds of a data sync", || {
        run(&mut cargo("bench --quiet --package convex-mgmt-suite --bench data_sync -- --check"))
    }),
    ("bounds of a webhook", || run(&mut cargo("bench --quiet --package convex-mgmt-suite --bench webhook -- --check"))),
    ("bounds of the mirror", || {
        run(&mut cargo("bench --quiet --package convex-mgmt-mirror --bench sqlite -- --check"))?;
        run(&mut cargo("bench --quiet --package convex-mgmt-mirror --bench postgres -- --check"))
    }),
    ("growth of work", || run(&mut cargo("bench --quiet --package convex-mgmt-fuzz --bench growth -- --check"))),
];

/// Runs all steps, and stops at the first that fails.
pub(crate) fn run_steps() -> Result<(), Failure> {
    run_each(STEPS)
}

/// Prints the time of each step. The error begins with the name of the step.
fn run_each(steps: &[Step]) -> Result<(), Failure> {
    let started = Instant::now();
    for (at, (name, step)) in steps.iter().enumerate() {
        println!("== {name} (step {} of {})", at + 1, steps.len());
        let step_started = Instant::now();
        let result = step();
        let seconds = step_started.elapsed().as_secs_f64();
        if let Err(error) = result {
            println!("== {name}: FAILED after {seconds:.1} s");
            return Err(format!("the step `{name}` failed: {error}").into());
        }
        println!("== {name}: passed in {seconds:.1} s");
    }
    println!("== all {} steps passed in {:.0} s", steps.len(), started.elapsed().as_secs_f64());
    Ok(())
}

/// Sets of features of `convex-mgmt` that affect each other.
const TOGETHER: &[&str] =
    &["native-roots,http2,proxy", "tls-ring,native-roots", "tls-ring,http2,proxy", "tls-ring,tls-aws-lc"];

/// Compiles the crates below `convex-mgmt` without features, and with each feature alone. Tests `convex-mgmt` so, and with the
/// sets in [`TOGETHER`].
fn features() -> Result<(), Failure> {
    for name in deps::PUBLISHED.into_iter().filter(|name| *name != "convex-mgmt") {
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
    test("--package convex-mgmt-fake --test any_runtime --test deployment --test management".to_owned())?;
    // `convex-mgmt` has no feature for TLS without a provider.
    test("--package convex-mgmt-hyper --lib --features=tls".to_owned())
}

/// The arguments for no feature, and for each feature alone.
fn alone(name: &str) -> Result<Vec<String>, Failure> {
    let features = deps::package(name)?.features.into_keys().filter(|feature| feature != "default");
    Ok(std::iter::once(String::new()).chain(features).collect())
}

/// Checks licenses, duplicate versions and sources, and known vulnerabilities if their database can be fetched.
fn deny() -> Result<(), Failure> {
    let program = tool("cargo-deny", CARGO_DENY)?;
    let mut check = Command::new(&program);
    check.args(["--all-features", "--locked", "check", "bans", "licenses", "sources"]);
    match output(Command::new(&program).args(["fetch", "db"]).current_dir(root())) {
        Ok(_) => {
            check.arg("advisories");
        }
        Err(_) => println!("SKIPPED: the advisory database cannot be fetched, so vulnerabilities were not checked"),
    }
    run(check.current_dir(root()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_the_first_step_that_fails_and_names_it() {
        assert!(run_each(&[("first", || Ok(())), ("second", || Ok(()))]).is_ok());
        let error = run_each(&[("first", || Ok(())), ("second", || Err("a".into())), ("third", || Err("b".into()))]);
        assert_eq!(error.unwrap_err().to_string(), "the step `second` failed: a");
    }
}
