//! `cargo xtask wasm`: checks that the published crates compile for wasm32-unknown-unknown, for users with their own transport.

use std::process::Command;

use crate::Failure;
use crate::published::deps::package;
use crate::published::tree::tree;
use crate::shell::{cargo, output, root, run};

const TARGET: &str = "wasm32-unknown-unknown";

/// The crates that compile there.
const PACKAGES: [&str; 3] = ["convex-mgmt-proto", "convex-mgmt-hyper", "convex-mgmt"];

/// The features that need an operating system. Each other feature has to compile.
const NEED_SYSTEM: [&str; 10] =
    ["default", "http2", "hyper", "native-roots", "oauth-random", "proxy", "tls", "tls-aws-lc", "tls-ring", "tokio"];

/// Crates that need an operating system. Some of them compile, and fail in the browser.
const ABSENT: [&str; 10] = [
    "aws-lc-sys",
    "getrandom",
    "hyper",
    "hyper-rustls",
    "hyper-util",
    "mio",
    "ring",
    "rustls",
    "rustls-native-certs",
    "socket2",
];

/// Compiles the crates without features, and with those that need no operating system. Prints `SKIPPED` without the target.
pub(crate) fn run_checks() -> Result<(), Failure> {
    for name in PACKAGES {
        let build = format!("--target {TARGET} --package {name} --no-default-features --features={}", portable(name)?);
        if let Some(found) = absent(tree(&build)?.iter().map(String::as_str)) {
            return Err(format!("{name} depends on {found}: `cargo tree {build} --invert {found}` shows why").into());
        }
    }
    if !installed()? {
        println!("SKIPPED: the target {TARGET} is not installed: rustup target add {TARGET}");
        return Ok(());
    }
    let packages = format!("--package {}", PACKAGES.join(" --package "));
    let features = PACKAGES.iter().map(|name| portable(name)).collect::<Result<Vec<_>, _>>()?.join(",");
    for features in ["", features.as_str()] {
        println!("{} with {features:?}", PACKAGES.join(", "));
        let check =
            format!("check --quiet --locked --target {TARGET} --lib --no-default-features --features={features}");
        run(&mut cargo(&format!("{check} {packages}")))?;
    }
    Ok(())
}

/// The features that need no operating system.
fn portable(name: &str) -> Result<String, Failure> {
    let features = package(name)?.features.into_keys();
    Ok(features.filter(|feature| !NEED_SYSTEM.contains(&feature.as_str())).collect::<Vec<_>>().join(","))
}

/// The first crate of a tree that needs an operating system. Each crate is written as `name version`.
fn absent<'a>(mut crates: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    crates.find_map(|one| ABSENT.into_iter().find(|absent| one.split(' ').next() == Some(absent)))
}

/// Whether the toolchain has the standard library for the target.
fn installed() -> Result<bool, Failure> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let folder = output(rustc.args(["--print", "target-libdir", "--target", TARGET]).current_dir(root()))?;
    Ok(std::path::Path::new(folder.trim()).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_crate_that_needs_an_operating_system() {
        assert_eq!(absent(["http v1.5.0", "hyper v1.9.0"].into_iter()), Some("hyper"));
        assert_eq!(absent(["http v1.5.0", "convex-mgmt-hyper v0.1.0", "tokio v1.49.0"].into_iter()), None);
    }

    #[test]
    fn leaves_the_features_that_need_an_operating_system_out() {
        let portable = portable("convex-mgmt").unwrap();
        let portable: Vec<&str> = portable.split(',').collect();
        assert!(portable.contains(&"dotenv") && portable.contains(&"webhook"), "{portable:?}");
        assert!(NEED_SYSTEM.iter().all(|feature| !portable.contains(feature)), "{portable:?}");
    }
}
