//! The tests and files that the page on reliability names.

use super::source::{Problem, Tree};

/// The page that names the test behind each promise.
const PAGE: &str = "docs/reliability.md";

/// Finds names of tests and files on the page that do not exist.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let Some(page) = tree.text(PAGE) else {
        return vec![Problem::new(PAGE, 1, "the page is missing: restore it, or delete this check")];
    };
    let missing = |name: &&str| {
        if name.ends_with(".rs") {
            return !name.contains('*')
                && !tree.names.iter().any(|file| file == name || file.ends_with(&format!("/{name}")));
        }
        let is_test =
            name.matches('_').count() > 2 && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        let function = format!("fn {name}(");
        is_test && !tree.sources().any(|file| file.text.contains(&function))
    };
    let (mut problems, mut line) = (Vec::new(), 1);
    for (at, part) in page.split('`').enumerate() {
        if at % 2 == 1 && missing(&part) {
            problems.push(Problem::new(PAGE, line, format!("`{part}` does not exist: name what replaced it")));
        }
        line += part.matches('\n').count();
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_that_do_not_exist() {
        let found = |page: &str| {
            check(&Tree::of(&[
                ("tests/suite/tests/a.rs", "fn a_test_that_exists() {}"),
                ("b/c.rs", ""),
                ("docs/reliability.md", page),
            ]))
        };
        assert_eq!(
            found("| x | `a.rs`, `a_test_that_exists`; `b/c.rs` and `Reply::already_deleted`, `tests/fuzz` |"),
            []
        );
        let problems = found("\n`d.rs` `a_test_that_does_not` `a_test_of_http2`");
        assert_eq!(problems.len(), 3);
        assert!(problems[0].to_string().starts_with("docs/reliability.md:2: `d.rs`"), "{problems:?}");
        assert_eq!(check(&Tree::of(&[])).len(), 1);
    }
}
