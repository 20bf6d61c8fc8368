//! The size of the glue that users copy.

/// The files of `src` that users copy.
const GLUE: [(&str, &str); 7] = [
    ("blocking", include_str!("../src/blocking.rs")),
    ("fetch", include_str!("../src/fetch.rs")),
    ("in_process", include_str!("../src/in_process.rs")),
    ("local", include_str!("../src/local.rs")),
    ("reqwest", include_str!("../src/reqwest.rs")),
    ("smol", include_str!("../src/smol.rs")),
    ("unix_socket", include_str!("../src/unix_socket.rs")),
];

/// The number of lines of code, without comments, blank lines and `use`.
fn lines_of_code(text: &str) -> usize {
    let mut is_in_use = false;
    let is_code = |line: &&str| {
        is_in_use |= line.starts_with("use ");
        let is_code = !is_in_use && !line.is_empty() && !line.starts_with("//");
        is_in_use &= !line.ends_with(';');
        is_code
    };
    text.lines().map(str::trim).filter(is_code).count()
}

#[test]
fn each_transport_has_at_most_40_lines_of_code() {
    assert_eq!(lines_of_code("//! x\nuse a::{\n    b,\n};\n\nuse c;\nfn f() {\n    // why\n    g();\n}\n"), 3);
    for (name, text) in GLUE {
        let lines = lines_of_code(text);
        assert!((10..=40).contains(&lines), "{name} has {lines} lines of code");
    }
}

#[test]
fn each_module_is_part_of_the_table() {
    let front = include_str!("../src/lib.rs");
    let modules = front.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    assert_eq!(modules.collect::<Vec<_>>(), GLUE.map(|(name, _)| name));
    for (name, text) in GLUE {
        assert!(front.contains(&format!("//! | `{name}` |")), "{name}");
        let uses_others = GLUE.iter().any(|(other, _)| text.contains(&format!("crate::{other}")));
        assert!(!uses_others, "{name} depends on another file");
    }
}
