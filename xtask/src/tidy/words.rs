//! Banned words and phrases, and the plain term for each.

use super::source::{Kind, Paragraph, Problem, Token, Tree, comments, paragraphs, plain, tokens};

/// The banned phrases in lower case, and the advice for each.
const BANNED: [(&str, &str); 19] = [
    ("is told", "name who acts: \"the caller passes\", \"the server returns\""),
    ("tells", "write \"shows\", \"returns\" or \"contains\""),
    ("goes over", "write \"exceeds\" or \"is sent over\""),
    ("held against", "write \"compared with\" or \"checked against\""),
    ("stands", "write \"is\", \"follows\" or \"means\""),
    ("of so many", "write the number or \"up to\""),
    ("under way", "write \"in flight\" or \"in progress\""),
    ("none of", "write \"not a\", or \"no\" before the noun"),
    ("gives back", "write \"returns\""),
    ("what may have been done", "write \"what may have taken effect\""),
    ("told apart", "write \"distinguished\""),
    ("comes to nothing", "write \"has no effect\" or \"fails\""),
    ("is there as wanted", "write \"matches the desired state\""),
    ("dice", "write \"jitter\" or \"random number\""),
    ("look at", "write \"check\", \"inspect\" or \"call\""),
    ("the one that", "repeat the noun"),
    ("so that none", "write what happens, without the negation"),
    ("of which", "begin a sentence of its own"),
    ("to which", "begin a sentence of its own"),
];

/// Inputs of the fuzz targets are data.
const EXEMPT: &str = "tests/fuzz/corpus/";

/// Finds banned phrases in doc comments, comments, Markdown, `#[error("..")]` texts and the names of tests. Code spans and code
/// blocks are exempt. So are the string literals of this file.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.sources().filter(|file| !file.name.starts_with(EXEMPT)) {
        let tokens = tokens(&file.text);
        let mut prose: Vec<Paragraph> = comments(&tokens).into_iter().flat_map(|one| paragraphs(one.lines)).collect();
        prose.extend(messages(&tokens));
        prose.extend(names_of_tests(&tokens));
        problems.extend(prose.iter().flat_map(|one| banned(&file.name, one)));
    }
    for page in tree.pages().filter(|file| !file.name.starts_with(EXEMPT)) {
        let prose = paragraphs(page.text.lines().enumerate().map(|(at, line)| (at + 1, line)));
        problems.extend(prose.iter().flat_map(|one| banned(&page.name, one)));
    }
    problems
}

fn banned(file: &str, paragraph: &Paragraph) -> Vec<Problem> {
    let text = paragraph.text.to_ascii_lowercase();
    let mut problems = Vec::new();
    for (phrase, instead) in BANNED {
        for offset in places(&text, phrase) {
            let line = paragraph.line_at(offset);
            problems.push(Problem::new(file, line, format!("\"{phrase}\" is banned: {instead}")));
        }
    }
    problems
}

/// The offsets of a phrase in a text. Its words may be on different lines.
fn places(text: &str, phrase: &str) -> Vec<usize> {
    let mut words = phrase.split(' ');
    let first = words.next().unwrap_or_default();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let starts = text.match_indices(first).map(|(at, _)| at).filter(|at| !text[..*at].ends_with(is_word));
    let matches = |start: &usize| {
        let mut rest = &text[start + first.len()..];
        for word in words.clone() {
            let Some(after) = rest.trim_start().strip_prefix(word) else { return false };
            if !rest.starts_with(char::is_whitespace) {
                return false;
            }
            rest = after;
        }
        !rest.starts_with(is_word)
    };
    starts.filter(matches).collect()
}

/// The texts of `#[error("..")]`.
fn messages(tokens: &[Token<'_>]) -> Vec<Paragraph> {
    let is_message = |five: &&[Token<'_>]| {
        ["#", "[", "error", "("].iter().zip(*five).all(|(text, token)| token.is(text)) && five[4].kind == Kind::Str
    };
    let lines =
        |text: Token<'_>| paragraphs(text.text.lines().enumerate().map(move |(at, line)| (text.line + at, line)));
    tokens.windows(5).filter(is_message).flat_map(|five| lines(five[4])).collect()
}

/// The names of the functions with an attribute such as `#[test]` or `#[tokio::test(..)]`, with blanks for `_`.
fn names_of_tests(tokens: &[Token<'_>]) -> Vec<Paragraph> {
    let mut names = Vec::new();
    for (at, three) in tokens.windows(3).enumerate() {
        let is_attribute = three[0].is("[") || three[0].is(":");
        if is_attribute && three[1].is("test") && (three[2].is("]") || three[2].is("(")) {
            let mut after = tokens[at..].iter().skip_while(|token| !token.is("fn"));
            names.extend(after.nth(1).map(|name| plain(name.line, &name.text.replace('_', " "))));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(name, text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn finds_each_phrase_in_each_kind_of_text() {
        for (phrase, _) in BANNED {
            for text in [
                format!("/// A {phrase} b."),
                format!("//! {phrase}"),
                format!("x; // {phrase}"),
                format!("#[error(\"a {phrase} b: {{c}}\")]"),
                format!("#[tokio::test(a)] async fn a_{}_b() {{}}", phrase.replace(' ', "_")),
                format!("#[test]\nfn {}() {{}}", phrase.replace(' ', "_")),
            ] {
                assert_eq!(found("a.rs", &text).len(), 1, "{text}");
            }
            assert_eq!(found("a.md", &format!("* A {}\n", phrase.to_uppercase())).len(), 1, "{phrase}");
        }
    }

    #[test]
    fn finds_a_phrase_across_lines() {
        let problems = found("a.rs", "\n/// b none\n/// of c");
        assert!(problems.len() == 1 && problems[0].starts_with("a.rs:2: \"none of\""), "{problems:?}");
    }

    #[test]
    fn accepts_code_longer_words_and_recorded_inputs() {
        assert_eq!(
            found("a.rs", "/// `dice` and\n/// ```\n/// tells\n/// ```\n#[error(\"a `dice`\")] let dice = \"tells\";"),
            [""; 0]
        );
        assert_eq!(found("a.md", "It understands dices, nonetheless. None, of course. [a](tells)"), [""; 0]);
        assert_eq!(found("a.rs", "#[cfg(test)] fn dice() {} fn test() {} fn tells() {}"), [""; 0]);
        assert_eq!(found("tests/fuzz/corpus/a.md", "dice"), [""; 0]);
    }
}
