//! Circles in small crates.

use super::check;
use crate::tidy::source::Tree;

/// The circles of a crate with these files below `crates/x/src`, without the places.
fn circles(files: &[(&str, &str)]) -> Vec<String> {
    problems(files)
        .into_iter()
        .map(|text| text.split("circle in ").nth(1).unwrap().split(';').next().unwrap().to_owned())
        .collect()
}

fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let names: Vec<String> = files.iter().map(|(name, _)| format!("crates/x/src/{name}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(files.iter().map(|(_, text)| *text)).collect();
    check(&Tree::of(&files)).iter().map(ToString::to_string).collect()
}

/// The circles of the modules `a`, which has this code, and `b`, which uses `a`.
fn with_a(code: &str) -> Vec<String> {
    circles(&[
        ("lib.rs", "mod a; mod b; pub use b::B; pub use b::C as D;"),
        ("a.rs", code),
        ("b.rs", "use crate::a::A;"),
    ])
}

#[test]
fn finds_a_circle_of_siblings_however_it_is_written() {
    for code in [
        "use crate::b::B;",
        "use super::b::B;",
        "use super::{\n    c,\n    b::{C, B},\n};",
        "use crate::b;",
        "use crate::b::*;",
        "fn f() { crate::b::f() }",
        "fn f() -> super::b::B {}",
        "macro_rules! m { () => { $crate::b::n!() } }",
        "fn f() { use crate::b as c; c::f() }",
        "pub use crate::b::B;",
        "use crate::B;",
        "use crate::{D};",
        "fn f() { crate::B::new() }",
        "mod c { fn f() { super::super::b::f() } }",
    ] {
        assert_eq!(with_a(code), ["crates/x/src: a -> b -> a"], "{code}");
    }
}

#[test]
fn accepts_comments_strings_tests_and_other_crates() {
    for code in [
        "// crate::b::B",
        "/// [`crate::b::B`]\nstruct A;",
        "const A: &str = \"crate::b\";",
        "#[cfg(test)] mod tests { use crate::b::B; }",
        "#[cfg(test)] use crate::b::B;",
        "use b::B;",
        "use ::b::B;",
        "use crate::a::A; use super::a::C;",
        "pub(in crate::b) struct A;",
    ] {
        assert_eq!(with_a(code), [""; 0], "{code}");
    }
}

#[test]
fn names_the_line_of_each_use() {
    let problems = problems(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "\nuse crate::b::B;"),
        ("b.rs", "\n\nuse crate::c::C;"),
        ("c/mod.rs", "pub mod d;"),
        ("c/d.rs", "fn f() { crate::a::f() }"),
    ]);
    assert_eq!(problems.len(), 1);
    let head = "crates/x/src/a.rs:2: circle in crates/x/src: a -> b -> c -> a; ";
    assert!(problems[0].starts_with(head), "{problems:?}");
    for arrow in ["a -> b: crates/x/src/a.rs:2", "b -> c: crates/x/src/b.rs:3", "c -> a: crates/x/src/c/d.rs:1"] {
        assert!(problems[0].contains(arrow), "{problems:?}");
    }
}

#[test]
fn checks_each_folder_on_its_own() {
    let circle = ["crates/x/src/a: b -> c -> b"];
    let files = |front: &'static str| {
        [
            ("lib.rs", "mod a;"),
            (front, "mod b; mod c; pub use b::B;"),
            ("a/b.rs", "use super::c::C;"),
            ("a/c.rs", "use crate::a::B;"),
        ]
    };
    assert_eq!(circles(&files("a/mod.rs")), circle);
    assert_eq!(circles(&files("a.rs")), circle);
}

#[test]
fn a_front_door_is_part_of_a_circle_if_it_defines_and_uses() {
    let with = |front: &str, b: &str| circles(&[("lib.rs", "mod a;"), ("a/mod.rs", front), ("a/b.rs", b)]);
    let circle = ["crates/x/src/a: b -> mod.rs -> b"];
    assert_eq!(with("mod b; use b::B; struct A;", "use super::A;"), circle);
    assert_eq!(with("mod b; struct A(b::B);", "fn f() { super::A::new() }"), circle);
    assert_eq!(with("mod b; struct A(b::B);", "use super::*;"), circle);
    // It only re-exports, or it only defines.
    assert_eq!(with("mod b; pub use b::B; struct A;", "use super::A;"), [""; 0]);
    assert_eq!(with("mod b; use b::B; struct A;", "struct B; fn f() { super::B::new() }"), [""; 0]);
    assert_eq!(with("mod b; use b::B; use std::fmt;", "use super::fmt;"), [""; 0]);
}

#[test]
fn an_inline_module_is_part_of_its_file() {
    let sealed = "mod sealed { impl Sealed for super::A {} pub trait Sealed {} } pub struct A; use sealed::Sealed;";
    assert_eq!(circles(&[("lib.rs", "mod a;"), ("a.rs", sealed)]), [""; 0]);
    assert_eq!(circles(&[("lib.rs", sealed)]), [""; 0]);
    assert_eq!(with_a("mod c { pub struct A(crate::b::B); } pub use c::A;"), ["crates/x/src: a -> b -> a"]);
}

#[test]
fn follows_re_exports_to_the_module_that_defines_an_item() {
    let with = |front: &str, c: &str| {
        circles(&[("lib.rs", front), ("a.rs", "use crate::A;"), ("b.rs", "pub struct A;"), ("c.rs", c)])
    };
    // `a` uses `b`, and not the front door.
    assert_eq!(with("mod a; mod b; pub use b::*; fn f() { a::f() }", ""), [""; 0]);
    assert_eq!(with("mod a; mod b; pub use b::*; fn f() { a::f() } struct A;", ""), ["crates/x/src: a -> lib.rs -> a"]);
    // A re-export of a sibling is a use of the sibling.
    assert_eq!(
        with("mod a; mod b; mod c; pub use c::A;", "pub use crate::b::A; use crate::a::f;"),
        ["crates/x/src: a -> c -> a"]
    );
}

#[test]
fn checks_the_crates_of_the_workspace() {
    for folder in ["crates/x", "tests/suite", "tests/fuzz", "xtask"] {
        for root in ["lib", "main"] {
            let names = [format!("{folder}/src/{root}.rs"), format!("{folder}/src/a.rs"), format!("{folder}/src/b.rs")];
            let texts = ["mod a; mod b;", "use crate::b::B;", "use crate::a::A;"];
            let files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(texts).collect();
            assert_eq!(check(&Tree::of(&files)).len(), 1, "{folder} {root}");
        }
    }
    assert_eq!(check(&Tree::of(&[("tests/count/src/lib.rs", "")])), []);
}
