//! `cargo xtask deps`: how many crates an integrator gets, and which he must not get.

use std::collections::BTreeSet;

use cargo_metadata::{MetadataCommand, Package};

use crate::Failure;
use crate::shell::{cargo, output, root};

/// The crates that are published.
pub(crate) const PUBLISHED: [&str; 3] = ["convex-mgmt-proto", "convex-mgmt-hyper", "convex-mgmt"];

/// Trees and their bounds: the name for people, what is asked of cargo, and how many crates there may be, our own included.
const BOUNDS: [(&str, &str, usize); 3] = [
    ("convex-mgmt-proto", "--package convex-mgmt-proto", 20),
    ("convex-mgmt without TLS", "--package convex-mgmt --no-default-features", 45),
    ("convex-mgmt with TLS on ring", "--package convex-mgmt", 64),
];

/// What an integrator with another transport must not get by way of the types.
const NOT_IN_PROTO: [&str; 6] = ["tokio", "hyper", "hyper-util", "tower", "rustls", "futures-util"];

pub(crate) fn run() -> Result<(), Failure> {
    let mut problems = Vec::new();
    for (name, arguments, bound) in BOUNDS {
        let crates = tree(arguments)?;
        println!("{name}: {} crates, at most {bound}", crates.len());
        if crates.len() > bound {
            problems.push(format!("{name} has {} crates, at most {bound} are allowed", crates.len()));
        }
        let names: BTreeSet<&str> = crates.iter().filter_map(|one| one.split(' ').next()).collect();
        if names.len() != crates.len() {
            problems.push(format!("{name} has a crate in two versions: {crates:?}"));
        }
        if name == "convex-mgmt-proto" {
            problems
                .extend(NOT_IN_PROTO.iter().filter(|one| names.contains(*one)).map(|one| format!("{name} has {one}")));
        }
    }
    problems.extend(too_new()?);
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

/// The crates of a tree, each as `name version`.
fn tree(arguments: &str) -> Result<BTreeSet<String>, Failure> {
    let command = format!("tree --locked --edges normal --prefix none --no-dedupe --format {{p}} {arguments}");
    let text = output(&mut cargo(&command))?;
    let crates = text.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?))
    });
    Ok(crates.collect())
}

/// Dependencies of the published crates that need a newer Rust than we promise. The promise itself can be tested only with
/// that toolchain; clippy holds our own code against it by the standard library's version marks.
fn too_new() -> Result<Vec<String>, Failure> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec()?;
    let promised = package("convex-mgmt")?.rust_version.ok_or("convex-mgmt promises no Rust version")?;
    let shipped = tree("--package convex-mgmt --all-features")?;
    let newer = metadata.packages.iter().filter(|package| {
        shipped.contains(&format!("{} v{}", package.name, package.version))
            && package.rust_version.as_ref().is_some_and(|needed| *needed > promised)
    });
    Ok(newer.map(|package| format!("{} needs a newer Rust than {promised}", package.name)).collect())
}

/// A package of the workspace.
pub(crate) fn package(name: &str) -> Result<Package, Failure> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec()?;
    let found = metadata.packages.into_iter().find(|package| package.name.as_str() == name);
    found.ok_or_else(|| format!("there is no package {name}").into())
}
