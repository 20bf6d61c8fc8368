//! Leftovers of merges and editors.

use super::source::{File, Problem, Tree};

/// Finds conflict markers in all text files, and trailing white space in Rust and Markdown.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    tree.files.iter().flat_map(|file| markers(file).chain(trailing(file)).collect::<Vec<_>>()).collect()
}

/// The conflict markers of git. A line of `=` is one only beside the others, because Markdown underlines headings with it.
fn markers(file: &File) -> impl Iterator<Item = Problem> + '_ {
    let is_outer = |line: &str| {
        ["<", ">", "|"]
            .iter()
            .any(|mark| line.strip_prefix(&mark.repeat(7)).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
    };
    let has_outer = file.text.lines().any(|line| is_outer(line) && !line.starts_with('|'));
    let is_marker = move |line: &str| has_outer && (is_outer(line) || line.trim_end() == "=".repeat(7));
    let lines = file.text.lines().enumerate().filter(move |(_, line)| is_marker(line));
    lines.map(|(at, _)| Problem::new(&file.name, at + 1, "a conflict marker of git: finish the merge"))
}

/// Lines that end with white space.
fn trailing(file: &File) -> impl Iterator<Item = Problem> + '_ {
    let is_checked = file.name.ends_with(".rs") || file.name.ends_with(".md");
    let lines =
        file.text.lines().enumerate().filter(move |(_, line)| is_checked && line.ends_with(char::is_whitespace));
    lines.map(|(at, _)| Problem::new(&file.name, at + 1, "white space at the end of the line: delete it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(name, text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn finds_the_markers_of_a_conflict() {
        let conflict = format!("a\n{} HEAD\nb\n{}\nc\n{} d\n", "<".repeat(7), "=".repeat(7), ">".repeat(7));
        for name in ["a.toml", "b.rs", "c.md", "LICENSE-MIT"] {
            let problems = found(name, &conflict);
            assert_eq!(problems.len(), 3, "{problems:?}");
            assert!(problems[1].starts_with(&format!("{name}:4: ")), "{problems:?}");
        }
        assert_eq!(found("a.md", &format!("a\n{}\n", "=".repeat(7))), [""; 0]);
        assert_eq!(found("a.md", &format!("| {} |\n a {}\n", "<".repeat(7), ">".repeat(7))), [""; 0]);
    }

    #[test]
    fn finds_trailing_white_space() {
        for name in ["a.rs", "b.md"] {
            assert_eq!(found(name, "a\nb \nc\t\nd\r\n").len(), 2, "{name}");
        }
        assert_eq!(found("a.txt", "a \n"), [""; 0]);
    }
}
