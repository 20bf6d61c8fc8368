//! The code in `docs/transports.md` is the code of this crate.

use convex_mgmt_fake::conformance::Check;

const GUIDE: &str = include_str!("../../../docs/transports.md");

#[test]
fn the_guide_contains_each_transport() {
    for text in [
        include_str!("../src/blocking.rs"),
        include_str!("../src/fetch.rs"),
        include_str!("../src/in_process.rs"),
        include_str!("../src/local.rs"),
        include_str!("../src/reqwest.rs"),
        include_str!("../src/smol.rs"),
        include_str!("../src/unix_socket.rs"),
    ] {
        let name = text.lines().next().unwrap();
        assert!(GUIDE.contains(&format!("```rust,ignore\n{text}```\n")), "{name}");
    }
}

#[test]
fn the_guide_contains_the_use_of_the_blocking_client() {
    let here = include_str!("blocking.rs");
    let (_, rest) = here.split_once("// As in docs/transports.md: begin\n").unwrap();
    let (code, _) = rest.split_once("// As in docs/transports.md: end").unwrap();
    assert!(GUIDE.contains(code));
}

#[test]
fn the_guide_counts_the_checks_of_the_conformance_run() {
    assert!(GUIDE.contains(&format!("checks the rules of this page with {} checks", Check::ALL.len())));
}
