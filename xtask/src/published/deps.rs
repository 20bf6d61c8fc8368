//! `cargo xtask deps`: limits the number of crates in the dependency trees, compares it with the docs, and bans some crates.

use std::collections::BTreeSet;

use cargo_metadata::{MetadataCommand, Package};

use super::fake;
use super::tree::tree;
use crate::Failure;
use crate::shell::{cargo, output, root};

/// The published crates.
pub(crate) const PUBLISHED: [&str; 4] = ["convex-mgmt-proto", "convex-mgmt-hyper", "convex-mgmt-fake", "convex-mgmt"];

/// A dependency tree.
struct Tree {
    /// The name, as the first column of the table in [`PAGE`] has it.
    name: &'static str,
    /// The arguments of `cargo tree`.
    arguments: &'static str,
    /// The maximum number of crates, our own included.
    most: usize,
    /// Crates that it must not have.
    banned: &'static [&'static str],
}

/// The page with a table of all trees.
const PAGE: &str = "docs/transports.md";

/// What users with their own transport do without.
const NOT_IN_PROTO: &[&str] = &["tokio", "hyper", "hyper-util", "tower", "rustls", "futures-util"];
const NOT_WITHOUT_HYPER: &[&str] = &["hyper", "hyper-util", "rustls", "futures-util", "mio", "socket2", "getrandom"];

const TREES: &[Tree] = &[
    Tree { name: "`convex-mgmt-proto`", arguments: "--package convex-mgmt-proto", most: 19, banned: NOT_IN_PROTO },
    Tree {
        name: "`convex-mgmt-proto` with `webhook`",
        arguments: "--package convex-mgmt-proto --features webhook",
        most: 30,
        banned: NOT_IN_PROTO,
    },
    Tree {
        name: "`convex-mgmt-proto` with `oauth`",
        arguments: "--package convex-mgmt-proto --features oauth",
        most: 27,
        banned: NOT_IN_PROTO,
    },
    Tree {
        name: "`convex-mgmt`, no features",
        arguments: "--package convex-mgmt --no-default-features",
        most: 27,
        banned: NOT_WITHOUT_HYPER,
    },
    Tree {
        name: "`convex-mgmt` with `tokio`",
        arguments: "--package convex-mgmt --no-default-features --features tokio",
        most: 27,
        banned: NOT_WITHOUT_HYPER,
    },
    Tree {
        name: "`convex-mgmt` with `hyper`",
        arguments: "--package convex-mgmt --no-default-features --features hyper",
        most: 44,
        banned: &["rustls"],
    },
    Tree {
        name: "`convex-mgmt` with `http2`",
        arguments: "--package convex-mgmt --no-default-features --features http2",
        most: 60,
        banned: &["rustls"],
    },
    Tree {
        name: "`convex-mgmt`, default features",
        arguments: "--package convex-mgmt",
        most: 55,
        banned: &["aws-lc-rs"],
    },
    Tree {
        name: "`convex-mgmt` with `tls-aws-lc`",
        arguments: "--package convex-mgmt --no-default-features --features tls-aws-lc",
        most: 64,
        banned: &["ring"],
    },
    Tree {
        name: "`convex-mgmt`, all features",
        arguments: "--package convex-mgmt --all-features",
        most: 90,
        banned: &[],
    },
];

/// Checks all trees.
pub(crate) fn run() -> Result<(), Failure> {
    let page = std::fs::read_to_string(root().join(PAGE))?;
    let mut problems = Vec::new();
    for Tree { name, arguments, most, banned } in TREES {
        let crates = tree(arguments)?;
        let count = crates.len();
        println!("{name}: {count} crates, at most {most}");
        if count > *most {
            problems.push(format!("{name} has {count} crates, at most {most}: remove a dependency or a feature"));
        }
        if !page.contains(&format!("| {name} | {count} |")) {
            problems.push(format!("{PAGE} has another number of crates for {name}: write {count}"));
        }
        let names: BTreeSet<&str> = crates.iter().filter_map(|one| one.split(' ').next()).collect();
        if names.len() != count {
            problems.push(format!("{name} has a crate in two versions: {crates:?}"));
        }
        let found = banned.iter().filter(|one| names.contains(*one));
        problems.extend(found.map(|one| format!("{name} depends on {one}: `cargo tree --invert {one}` shows why")));
    }
    problems.extend(fake::problems()?);
    problems.extend(too_new()?);
    problems.extend(untested()?);
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

/// Crates and features that only `--all-features` selects. The test command of the README selects all, and so CI runs no other.
fn untested() -> Result<Vec<String>, Failure> {
    let tree = "tree --locked --workspace --edges normal,build,dev --prefix none --no-dedupe --format {p}:{f}";
    let selected = output(&mut cargo(tree))?;
    let all = output(&mut cargo(&format!("{tree} --all-features")))?;
    let selected: BTreeSet<&str> = selected.lines().collect();
    let missing: BTreeSet<&str> = all.lines().filter(|line| !selected.contains(line)).collect();
    let advice = "`cargo test --workspace` does not select these features: add them to the defaults of tests/suite:";
    Ok(missing.into_iter().map(|line| format!("{advice} {line}")).collect())
}

/// Returns a package of the workspace.
pub(crate) fn package(name: &str) -> Result<Package, Failure> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec()?;
    let found = metadata.packages.into_iter().find(|package| package.name.as_str() == name);
    found.ok_or_else(|| format!("the workspace has no package `{name}`").into())
}
