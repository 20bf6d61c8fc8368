//! `cargo xtask ci`: all checks of CI except the test command of the README, which `.ci/run` calls after it.

use std::process::Command;
use std::time::Instant;

use crate::published::{api, bench, deps};
use crate::shell::{cargo, output, root, run, target, tool};
use crate::{Failure, dotenv, operations, spec, tidy, wasm};

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
    ("wasm", wasm::run_checks),
    // The tests use what it installs.
    ("dotenv", || dotenv::run(false)),
    ("features", features),
    ("a new operation", operations::new_operation::check),
    ("tests with features of serde_json", || {
        let mut tests = cargo("test --quiet --locked --manifest-path tests/features/Cargo.toml --target-dir");
        run(tests.arg(target()?))
    }),
    ("cargo deny", deny),
    ("build of the benchmarks", || benchmark(&format!("--no-run --bench {}", BENCHES.join(" --bench ")))),
    ("instructions of a request", bench::check),
    ("bounds of a webhook", || benchmark("--bench webhook -- --check")),
    ("bounds of the mirror", || {
        benchmark("--bench sqlite -- --check")?;
        benchmark("--bench postgres -- --check")
    }),
    ("growth of work", || benchmark("--bench growth -- --check")),
];

/// The benchmarks that check bounds.
const BENCHES: [&str; 4] = ["growth", "postgres", "sqlite", "webhook"];

/// Builds or runs benchmarks. All packages are selected for each, because the features of other crates follow from the selection.
fn benchmark(arguments: &str) -> Result<(), Failure> {
    let packages = "--package convex-mgmt-fuzz --package convex-mgmt-mirror";
    run(&mut cargo(&format!("bench --quiet --no-default-features {packages} {arguments}")))
}

/// Runs all steps, or those from the step `first` on. Stops at the first that fails.
pub(crate) fn run_steps(first: Option<&str>) -> Result<(), Failure> {
    run_each(from(STEPS, first)?)
}

/// Returns the steps from the step with this name on.
fn from<'a>(steps: &'a [Step], first: Option<&str>) -> Result<&'a [Step], Failure> {
    let Some(first) = first else { return Ok(steps) };
    let at = steps.iter().position(|(name, _)| *name == first);
    let names = || steps.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    at.and_then(|at| steps.get(at..)).ok_or_else(|| format!("unknown step `{first}`: use one of {}", names()).into())
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

/// Features of `convex-mgmt` that only add items. They are tested together, and without `hyper`.
const ITEMS: [&str; 4] = ["dotenv", "serde-all", "tracing", "webhook"];

/// Compiles the published crates without features, and with each feature alone. Tests `convex-mgmt` so, with the sets in
/// [`TOGETHER`], and with all of [`ITEMS`] instead of each.
fn features() -> Result<(), Failure> {
    for name in deps::PUBLISHED {
        for features in alone(name)? {
            println!("{name} with {features:?}");
            let clippy = format!("clippy --quiet --package {name} --no-default-features --features={features}");
            run(cargo(&clippy).args(["--", "--deny", "warnings"]))?;
        }
    }
    let test = |arguments: &str| {
        println!("test {arguments}");
        run(&mut cargo(&format!("test --quiet --no-default-features {arguments}")))
    };
    let mut sets = alone("convex-mgmt")?;
    sets.retain(|feature| !ITEMS.contains(&feature.as_str()));
    sets.push(ITEMS.join(","));
    for features in sets.iter().map(String::as_str).chain(TOGETHER.iter().copied()) {
        test(&format!("--package convex-mgmt --test features --features={features}"))?;
    }
    test("--package convex-mgmt-fake --test any_runtime --test deployment --test management")?;
    // `convex-mgmt` has no feature for TLS without a provider. It is selected too, for the same features of other crates.
    test("--package convex-mgmt --package convex-mgmt-hyper --lib --features=convex-mgmt-hyper/tls")
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

    #[test]
    fn begins_at_the_step_with_a_name() {
        let steps: [Step; 2] = [("first", || Err("a".into())), ("second", || Ok(()))];
        assert_eq!(from(&steps, None).unwrap().len(), 2);
        assert!(run_each(from(&steps, Some("second")).unwrap()).is_ok());
        assert_eq!(
            from(&steps, Some("third")).unwrap_err().to_string(),
            "unknown step `third`: use one of first, second"
        );
    }
}
