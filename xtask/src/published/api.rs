//! `cargo xtask api`: checks which other crates the public signatures name, and which types with secrets can be serialized.
//! A major version of a crate in a public signature is a breaking change here too, so each is listed.

use std::collections::BTreeSet;

use crate::Failure;
use crate::shell::{cargo, run, target};

/// Published crates, and the other crates that their public signatures may name.
const ALLOWED: [(&str, &[&str]); 3] = [
    ("convex-mgmt-proto", &["bytes", "http", "serde", "serde_core"]),
    (
        "convex-mgmt-fake",
        // The last two only with the feature `conformance`.
        &[
            "bytes",
            "http",
            "serde",
            "serde_core",
            "serde_json",
            "tower_service",
            "convex_mgmt_hyper",
            "convex_mgmt_proto",
        ],
    ),
    // The `Unpin` impls that pin-project-lite generates name it. Users cannot depend on that.
    (
        "convex-mgmt-hyper",
        &[
            "bytes",
            "convex_mgmt_proto",
            "futures_core",
            "http",
            "pin_project_lite",
            "tokio",
            "tower",
            "tower_layer",
            "tower_service",
        ],
    ),
];

/// Checks the public items of the published crates.
pub(crate) fn check() -> Result<(), Failure> {
    for (package, allowed) in ALLOWED {
        let items = items(package, &format!("--features={}", public_features(package)?), false)?;
        let foreign: BTreeSet<&str> = items.iter().flat_map(|item| crates_in(item)).collect();
        let name = package.replace('-', "_");
        let foreign: Vec<&str> =
            foreign.into_iter().filter(|one| !["alloc", "core", "std", "str", name.as_str()].contains(one)).collect();
        println!("{package}: {} public items, which name {foreign:?}", items.len());
        if let Some(surprise) = foreign.iter().find(|one| !allowed.contains(one)) {
            let item = items.iter().find(|item| crates_in(item).any(|one| one == *surprise));
            return Err(format!(
                "a public item of {package} names the crate {surprise}: {}",
                item.map_or("", String::as_str)
            )
            .into());
        }
    }
    let items = items("convex-mgmt-proto", "--no-default-features", true)?;
    let holders = holders(&items);
    println!("convex-mgmt-proto: {} types hold secrets", holders.len());
    if !holders.iter().any(|holder| *holder == "UpdateEnvironmentVariables") {
        return Err(format!(
            "the search for types with secrets is broken: it misses `UpdateEnvironmentVariables` in {holders:?}"
        )
        .into());
    }
    let serializable: BTreeSet<&str> =
        items.iter().filter_map(|item| serialized(item)).filter(|name| holders.contains(name)).collect();
    if serializable.is_empty() {
        return Ok(());
    }
    Err(format!("types with secrets implement `Serialize` without the feature `serde-all`: {serializable:?}").into())
}

/// The features of a package, without the one for this project's tests.
fn public_features(package: &str) -> Result<String, Failure> {
    let features = crate::published::deps::package(package)?.features.into_keys();
    Ok(features.filter(|feature| feature != "samples").collect::<Vec<_>>().join(","))
}

/// The public items of a package. `derived` includes derived impls.
fn items(package: &str, features: &str, derived: bool) -> Result<Vec<String>, Failure> {
    let arguments = format!("rustdoc --quiet --locked --package {package} {features} --lib --");
    let mut rustdoc = cargo(&arguments);
    // The JSON output is unstable; the variable enables it on a stable toolchain.
    run(rustdoc.args(["-Z", "unstable-options", "--output-format", "json"]).env("RUSTC_BOOTSTRAP", "1"))?;
    let json = target()?.join("doc").join(package.replace('-', "_")).with_extension("json");
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(!derived)
        .build()?;
    let items: Vec<String> = api.items().map(ToString::to_string).collect();
    if items.is_empty() { Err(format!("rustdoc lists no public item of {package}").into()) } else { Ok(items) }
}

/// The names of the types with a secret: in a field, in a variant, behind a method, or in a type that has one.
fn holders(items: &[String]) -> BTreeSet<&str> {
    let mut holders = BTreeSet::from(["Secret"]);
    loop {
        let before = holders.len();
        for item in items {
            if let Some((holder, held)) = held(item)
                && types_in(held).any(|name| holders.contains(name))
            {
                holders.insert(holder);
            }
        }
        if holders.len() == before {
            return holders;
        }
    }
}

/// The type that an item belongs to, and the type of its value. The value is a field, the content of a variant, or the reference
/// that a method without other arguments returns.
fn held(item: &str) -> Option<(&str, &str)> {
    let item = item.strip_prefix("pub ")?;
    let (path, shown) = match item.strip_prefix("fn ") {
        Some(method) => {
            let (path, signature) = method.split_once('(')?;
            let (arguments, shown) = signature.split_once(") -> ")?;
            (path, Some(shown).filter(|shown| arguments.starts_with("&self") && shown.contains('&'))?)
        }
        None => item.split_once(": ").or_else(|| item.split_once('('))?,
    };
    // A field of a variant belongs to the enum, which comes first in the path.
    types_in(path).next().map(|holder| (holder, shown))
}

/// The name of the type, if the item is an impl of `Serialize`.
fn serialized(item: &str) -> Option<&str> {
    let (before, after) = item.split_once("Serialize for ")?;
    if before.starts_with("impl") { types_in(after).next() } else { None }
}

/// The names of types in a path or a type.
fn types_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with(|first: char| first.is_ascii_uppercase()))
}

/// The crates that an item names: the first segments of its paths.
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
    fn finds_crates_in_signatures() {
        let item = "pub fn a_b::C<A>::d(self, core::option::Option<http::Uri>) -> <L as tower_layer::Layer>::Service";
        assert_eq!(crates_in(item).collect::<Vec<_>>(), ["a_b", "core", "http", "tower_layer"]);
    }

    #[test]
    fn finds_types_with_secrets_through_other_types() {
        let items = [
            "pub c::New::key: convex_mgmt_proto::Secret",
            "pub c::Choice::Set::value: convex_mgmt_proto::Secret",
            "pub c::Either::Left(c::New)",
            "pub c::Update::changes: alloc::vec::Vec<c::Either>",
            "pub fn c::Map::get(&self, name: &str) -> core::option::Option<&convex_mgmt_proto::Secret>",
            "pub fn c::Key::parse(text: &str) -> c::New",
            "pub c::Plain::name: alloc::string::String",
        ]
        .map(str::to_owned);
        let holders = holders(&items);
        for name in ["New", "Choice", "Either", "Update", "Map"] {
            assert!(holders.contains(name), "{name}: {holders:?}");
        }
        assert!(!holders.contains("Key") && !holders.contains("Plain"), "{holders:?}");
    }

    #[test]
    fn finds_types_that_can_be_serialized() {
        assert_eq!(serialized("impl serde_core::ser::Serialize for c::d::New"), Some("New"));
        assert_eq!(
            serialized("impl<T: serde_core::ser::Serialize> serde_core::ser::Serialize for c::Patch<T>"),
            Some("Patch")
        );
        assert_eq!(serialized("pub fn c::serialize<S: serde_core::ser::Serialize>(s: S)"), None);
    }
}
