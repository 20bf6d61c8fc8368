//! Long sentences.

use super::source::{Kind, PLACEHOLDER, Paragraph, Problem, Tree, comments, is_published, paragraphs, tokens};

/// Maximum number of words of a sentence. Write sentences of at most 25 words; a few need more.
const MOST_WORDS: usize = 30;

/// Abbreviations whose full stop does not end a sentence.
const ABBREVIATIONS: [&str; 6] = ["e.g.", "i.e.", "cf.", "vs.", "etc.", "no."];

/// Finds long sentences in the doc comments of the published crates, in `docs/`, and in the pages for newcomers.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.sources().filter(|file| is_published(&file.name)) {
        let tokens = tokens(&file.text);
        let docs = comments(&tokens).into_iter().filter(|one| one.kind != Kind::Comment);
        problems.extend(docs.flat_map(|one| paragraphs(one.lines)).flat_map(|one| too_long(&file.name, &one)));
    }
    let is_checked = |name: &str| {
        let last = name.rsplit('/').next();
        name.starts_with("docs/") || matches!(last, Some("README.md" | "CONTRIBUTING.md"))
    };
    for page in tree.pages().filter(|page| is_checked(&page.name)) {
        let prose = paragraphs(page.text.lines().enumerate().map(|(at, line)| (at + 1, line)));
        problems.extend(prose.iter().flat_map(|one| too_long(&page.name, one)));
    }
    problems
}

/// The long sentences of a paragraph.
fn too_long(file: &str, paragraph: &Paragraph) -> Vec<Problem> {
    let (mut problems, mut words, mut start) = (Vec::new(), 0, None);
    let mut finish = |words: &mut usize, start: &mut Option<usize>| {
        if let Some(start) = start.take()
            && *words > MOST_WORDS
        {
            let message = format!("a sentence of {words} words, at most {MOST_WORDS}: split it");
            problems.push(Problem::new(file, paragraph.line_at(start), message));
        }
        *words = 0;
    };
    for (offset, word) in words_of(&paragraph.text) {
        if word.contains(|c: char| c.is_alphanumeric() || c == PLACEHOLDER) {
            words += 1;
            start.get_or_insert(offset);
        }
        let bare = word.trim_end_matches([')', ']', '"', '*', '_', '”']);
        let is_abbreviation = ABBREVIATIONS.contains(&bare.trim_start_matches('(').to_lowercase().as_str());
        if bare.ends_with(['.', '?', '!']) && !is_abbreviation {
            finish(&mut words, &mut start);
        }
    }
    finish(&mut words, &mut start);
    problems
}

/// The words of a text with their offsets. Text in square brackets is part of one word, because it is a link.
fn words_of(text: &str) -> Vec<(usize, &str)> {
    let (mut words, mut start, mut depth) = (Vec::new(), None, 0_usize);
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if !c.is_whitespace() {
            start.get_or_insert(at);
        } else if depth == 0
            && let Some(start) = start.take()
        {
            words.push((start, &text[start..at]));
        }
    }
    words.extend(start.map(|start| (start, &text[start..])));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "crates/a/src/b.rs";

    fn lines(name: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(name, text)])).iter().map(ToString::to_string).collect()
    }

    fn words(number: usize) -> String {
        vec!["word"; number].join(" ")
    }

    #[test]
    fn finds_the_first_word_too_many() {
        for (name, mark) in
            [(SOURCE, "/// "), (SOURCE, "//! "), ("docs/a.md", ""), ("README.md", "* "), ("docs/b.md", "| ")]
        {
            assert_eq!(lines(name, &format!("{mark}{}.", words(MOST_WORDS))), [""; 0], "{name}");
            let problems = lines(name, &format!("{mark}Short. {}.", words(MOST_WORDS + 1)));
            assert_eq!(problems.len(), 1, "{name}");
            assert!(problems[0].contains(":1: a sentence of 31 words"), "{problems:?}");
        }
    }

    #[test]
    fn names_the_line_on_which_the_sentence_begins() {
        let problems = lines(SOURCE, &format!("\n/// Short.\n/// {}\n/// {}\nfn a() {{}}", words(20), words(20)));
        assert!(problems.len() == 1 && problems[0].starts_with("crates/a/src/b.rs:3: "), "{problems:?}");
    }

    #[test]
    fn counts_code_and_links_as_one_word() {
        let text = format!("{} `a b c` [d e f](g) [`h` i].", words(MOST_WORDS - 3));
        assert_eq!(lines("docs/a.md", &text), [""; 0]);
        assert_eq!(lines("docs/a.md", &format!("word {text}")).len(), 1);
    }

    #[test]
    fn an_abbreviation_does_not_end_a_sentence() {
        assert_eq!(lines("docs/a.md", &format!("{} (e.g. {}).", words(20), words(20))).len(), 1);
    }

    #[test]
    fn ends_a_sentence_with_its_item_or_cell() {
        let half = words(20);
        assert_eq!(lines("docs/a.md", &format!("{half}:\n\n* {half}\n* {half}\n\n| {half} | {half} |")), [""; 0]);
        assert_eq!(lines("tests/a/src/b.rs", &format!("/// {half} {half}")), [""; 0]);
        assert_eq!(lines(SOURCE, &format!("// {half} {half}")), [""; 0]);
    }
}
