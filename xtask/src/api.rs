//! `cargo xtask api`: whose types are in our public signatures. A crate that is not listed here is a promise that was made
//! by accident: its next major version would become ours.

use std::collections::BTreeSet;

use crate::Failure;
use crate::shell::{cargo, run, target};

/// Our crates, and the crates whose items they may show.
const ALLOWED: [(&str, &[&str]); 2] = [
    ("convex-mgmt-proto", &["bytes", "http", "serde", "serde_core"]),
    // pin-project-lite shows in the `Unpin` impls that it writes, where nobody can depend on it.
    (
        "convex-mgmt-hyper",
        &["bytes", "convex_mgmt_proto", "http", "pin_project_lite", "tower", "tower_layer", "tower_service"],
    ),
];

pub(crate) fn check() -> Result<(), Failure> {
    for (package, allowed) in ALLOWED {
        let name = package.replace('-', "_");
        let arguments = format!("rustdoc --quiet --locked --package {package} --all-features --lib --");
        let mut rustdoc = cargo(&arguments);
        // The JSON form is not stable; the variable lets a stable toolchain write it all the same.
        run(rustdoc.args(["-Z", "unstable-options", "--output-format", "json"]).env("RUSTC_BOOTSTRAP", "1"))?;
        let json = target()?.join("doc").join(&name).with_extension("json");
        let api = public_api::Builder::from_rustdoc_json(json)
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .omit_auto_derived_impls(true)
            .build()?;
        let items: Vec<String> = api.items().map(ToString::to_string).collect();
        let foreign: BTreeSet<&str> = items.iter().flat_map(|item| crates_in(item)).collect();
        let foreign: Vec<&str> =
            foreign.into_iter().filter(|one| !["alloc", "core", "std", name.as_str()].contains(one)).collect();
        println!("{package}: {} public items, which show {foreign:?}", items.len());
        if let Some(surprise) = foreign.iter().find(|one| !allowed.contains(one)) {
            let item = items.iter().find(|item| crates_in(item).any(|one| one == *surprise));
            return Err(format!("{package} shows {surprise}: {}", item.map_or("", String::as_str)).into());
        }
        if items.is_empty() {
            return Err(format!("{package} has no public item").into());
        }
    }
    Ok(())
}

/// The first words of the paths in an item, which are names of crates.
fn crates_in(item: &str) -> impl Iterator<Item = &str> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    item.split(move |c| !word(c)).filter_map(|path| path.split_once("::")).map(|(first, _)| first).filter(|first| {
        !first.is_empty() && first.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_found_in_signatures() {
        let item = "pub fn a_b::C<A>::d(self, core::option::Option<http::Uri>) -> <L as tower_layer::Layer>::Service";
        assert_eq!(crates_in(item).collect::<Vec<_>>(), ["a_b", "core", "http", "tower_layer"]);
    }
}
