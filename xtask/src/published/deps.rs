//! `cargo xtask deps`: limits the number of crates in the dependency trees, compares it with the README, and bans some crates.

use std::collections::BTreeSet;

use cargo_metadata::{MetadataCommand, Package};

use super::fake;
use super::tree::tree;
use crate::Failure;
use crate::shell::root;

/// The published crates.
pub(crate) const PUBLISHED: [&str; 4] = ["convex-mgmt-proto", "convex-mgmt-hyper", "convex-mgmt-fake", "convex-mgmt"];

/// Dependency trees: a name, the arguments of `cargo tree`, and the maximum number of crates, our own included.
const TREES: [(&str, &str, usize); 4] = [
    ("convex-mgmt-proto", "--package convex-mgmt-proto", 20),
    ("convex-mgmt-proto with webhook", "--package convex-mgmt-proto --features webhook", 31),
    ("convex-mgmt without TLS", "--package convex-mgmt --no-default-features", 45),
    ("convex-mgmt with TLS on ring", "--package convex-mgmt", 64),
];

/// Crates that `convex-mgmt-proto` must not depend on, for users with their own transport.
const NOT_IN_PROTO: [&str; 6] = ["tokio", "hyper", "hyper-util", "tower", "rustls", "futures-util"];

/// Checks all trees.
pub(crate) fn run() -> Result<(), Failure> {
    let mut problems = Vec::new();
    let mut counts = Vec::new();
    for (name, arguments, bound) in TREES {
        let crates = tree(arguments)?;
        counts.push(crates.len());
        println!("{name}: {} crates, at most {bound}", crates.len());
        if crates.len() > bound {
            problems
                .push(format!("{name} has {} crates, at most {bound}: remove a dependency or a feature", crates.len()));
        }
        let names: BTreeSet<&str> = crates.iter().filter_map(|one| one.split(' ').next()).collect();
        if names.len() != crates.len() {
            problems.push(format!("{name} has a crate in two versions: {crates:?}"));
        }
        if name.starts_with("convex-mgmt-proto") {
            problems.extend(
                NOT_IN_PROTO
                    .iter()
                    .filter(|one| names.contains(*one))
                    .map(|one| format!("{name} depends on {one}: `cargo tree --invert {one}` shows why")),
            );
        }
    }
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    let [proto, webhook, without_tls, with_tls] = counts[..] else { return Err("a tree was not counted".into()) };
    for cell in [format!("| {proto}, with `webhook` {webhook} |"), format!("| {with_tls}, without TLS {without_tls} |")]
    {
        if !readme.contains(&cell) {
            problems.push(format!("README.md has another number of crates: write `{cell}`"));
        }
    }
    problems.extend(fake::problems()?);
    problems.extend(too_new()?);
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

/// Dependencies of the published crates that need a newer Rust than the published crates declare. Only that toolchain can test the
/// declared version. Clippy compares our own code with it, by the versions in the standard library's attributes.
fn too_new() -> Result<Vec<String>, Failure> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec()?;
    let declared = package("convex-mgmt")?.rust_version.ok_or("convex-mgmt declares no Rust version")?;
    let mut shipped = tree("--package convex-mgmt --all-features")?;
    shipped.extend(tree("--package convex-mgmt-fake --all-features")?);
    let newer = metadata.packages.iter().filter(|package| {
        shipped.contains(&format!("{} v{}", package.name, package.version))
            && package.rust_version.as_ref().is_some_and(|needed| *needed > declared)
    });
    Ok(newer.map(|package| format!("{} needs a newer Rust than {declared}", package.name)).collect())
}

/// Returns a package of the workspace.
pub(crate) fn package(name: &str) -> Result<Package, Failure> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec()?;
    let found = metadata.packages.into_iter().find(|package| package.name.as_str() == name);
    found.ok_or_else(|| format!("the workspace has no package `{name}`").into())
}
