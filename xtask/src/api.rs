//! `cargo xtask api`: whose types are in our public signatures. A crate that is not listed here is a promise that was made
//! by accident: its next major version would become ours. And whether a type that holds a secret can be written by accident.

use std::collections::BTreeSet;

use crate::Failure;
use crate::shell::{cargo, run, target};

/// Our crates, and the crates whose items they may show.
const ALLOWED: [(&str, &[&str]); 2] = [
    ("convex-mgmt-proto", &["bytes", "http", "serde", "serde_core"]),
    // pin-project-lite shows in the `Unpin` impls that it writes, where nobody can depend on it.
    (
        "convex-mgmt-hyper",
        &["bytes", "convex_mgmt_proto", "http", "pin_project_lite", "tokio", "tower", "tower_layer", "tower_service"],
    ),
];

pub(crate) fn check() -> Result<(), Failure> {
    for (package, allowed) in ALLOWED {
        let items = items(package, "--all-features", false)?;
        let foreign: BTreeSet<&str> = items.iter().flat_map(|item| crates_in(item)).collect();
        let name = package.replace('-', "_");
        let foreign: Vec<&str> =
            foreign.into_iter().filter(|one| !["alloc", "core", "std", name.as_str()].contains(one)).collect();
        println!("{package}: {} public items, which show {foreign:?}", items.len());
        if let Some(surprise) = foreign.iter().find(|one| !allowed.contains(one)) {
            let item = items.iter().find(|item| crates_in(item).any(|one| one == *surprise));
            return Err(format!("{package} shows {surprise}: {}", item.map_or("", String::as_str)).into());
        }
    }
    let items = items("convex-mgmt-proto", "--no-default-features", true)?;
    let holders = holders(&items);
    println!("convex-mgmt-proto: {} types hold secrets", holders.len());
    if !holders.iter().any(|holder| *holder == "UpdateEnvironmentVariables") {
        return Err(format!("types that hold secrets are not found any more: {holders:?}").into());
    }
    let written: BTreeSet<&str> =
        items.iter().filter_map(|item| written(item)).filter(|name| holders.contains(name)).collect();
    if written.is_empty() {
        return Ok(());
    }
    Err(format!("these hold secrets and can be written without the feature `serde-all`: {written:?}").into())
}

/// The public items of a package, with what is derived if that is asked for.
fn items(package: &str, features: &str, derived: bool) -> Result<Vec<String>, Failure> {
    let arguments = format!("rustdoc --quiet --locked --package {package} {features} --lib --");
    let mut rustdoc = cargo(&arguments);
    // The JSON form is not stable; the variable lets a stable toolchain write it all the same.
    run(rustdoc.args(["-Z", "unstable-options", "--output-format", "json"]).env("RUSTC_BOOTSTRAP", "1"))?;
    let json = target()?.join("doc").join(package.replace('-', "_")).with_extension("json");
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(!derived)
        .build()?;
    let items: Vec<String> = api.items().map(ToString::to_string).collect();
    if items.is_empty() { Err(format!("{package} has no public item").into()) } else { Ok(items) }
}

/// The names of the types that hold a secret: in a field or a variant, as what a method shows, or in a type that holds one.
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

/// The type that an item belongs to, and what the item shows of it: the type of a field, the content of a variant, or what a
/// method without other arguments gives by reference.
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
    // A field of a variant belongs to the enum, which is named first.
    types_in(path).next().map(|holder| (holder, shown))
}

/// The name of the type that an item says to implement `Serialize`.
fn written(item: &str) -> Option<&str> {
    let (before, after) = item.split_once("Serialize for ")?;
    if before.starts_with("impl") { types_in(after).next() } else { None }
}

/// The names of types in a path or a type.
fn types_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with(|first: char| first.is_ascii_uppercase()))
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

    #[test]
    fn what_holds_a_secret_is_found_through_what_holds_it() {
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
    fn what_can_be_written_is_found() {
        assert_eq!(written("impl serde_core::ser::Serialize for c::d::New"), Some("New"));
        assert_eq!(
            written("impl<T: serde_core::ser::Serialize> serde_core::ser::Serialize for c::Patch<T>"),
            Some("Patch")
        );
        assert_eq!(written("pub fn c::serialize<S: serde_core::ser::Serialize>(s: S)"), None);
    }
}
