//! The tokens of a Rust file. Comments are tokens too, because most checks read them.

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier or a keyword, without `r#`.
    Ident,
    /// One character of punctuation.
    Punct,
    /// A string literal. The text is its source between the quotes.
    Str,
    /// A number, a character or a lifetime.
    Other,
    /// `///` or `/** */`.
    OuterDoc,
    /// `//!` or `/*! */`.
    InnerDoc,
    /// Any other comment.
    Comment,
}

/// A token, with the line on which it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    /// The content: without the quotes of a string, and without the marks of a comment.
    pub(crate) text: &'a str,
    /// Counts from 1.
    pub(crate) line: usize,
    /// `true` if only white space precedes the token on its line.
    pub(crate) is_first: bool,
}

impl Token<'_> {
    /// Returns `true` if the token is this identifier, keyword or character of punctuation.
    pub(crate) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Ident | Kind::Punct) && self.text == text
    }

    /// Returns `true` for comments of all kinds.
    pub(crate) fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::OuterDoc | Kind::InnerDoc | Kind::Comment)
    }
}

/// Splits Rust source into tokens. For text that is not Rust the tokens are arbitrary.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest, mut line, mut is_first) = (Vec::new(), source, 1, true);
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            if first == '\n' {
                (line, is_first) = (line + 1, true);
            }
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (kind, text, length) = next(rest, first);
        tokens.push(Token { kind, text, line, is_first });
        line += rest[..length].matches('\n').count();
        is_first = false;
        rest = &rest[length..];
    }
    tokens
}

/// The token at the beginning of `rest`: its kind, its content and its length with all marks.
fn next(rest: &str, first: char) -> (Kind, &str, usize) {
    if let Some(comment) = rest.strip_prefix("//") {
        let end = comment.find('\n').unwrap_or(comment.len());
        let (kind, marks) = match comment.as_bytes() {
            [b'/', b'/', ..] => (Kind::Comment, 0),
            [b'/', ..] => (Kind::OuterDoc, 1),
            [b'!', ..] => (Kind::InnerDoc, 1),
            _ => (Kind::Comment, 0),
        };
        return (kind, &comment[marks..end], end + 2);
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if let Some(literal) = string(rest) {
        return literal;
    }
    if first == '\'' {
        return character_or_lifetime(rest);
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if is_word(first) {
        let raw = if rest.starts_with("r#") { 2 } else { 0 };
        let end = rest[raw..].find(|c| !is_word(c)).map_or(rest.len(), |end| end + raw);
        let kind = if first.is_ascii_digit() { Kind::Other } else { Kind::Ident };
        return (kind, &rest[raw..end], end);
    }
    (Kind::Punct, &rest[..first.len_utf8()], first.len_utf8())
}

/// A block comment. Blocks nest.
fn block_comment(rest: &str) -> (Kind, &str, usize) {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let here = &rest[at..];
        if here.is_empty() {
            break;
        } else if here.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    let text = rest[2..at].strip_suffix("*/").unwrap_or(&rest[2..at]);
    match text.strip_prefix('!') {
        Some(text) => (Kind::InnerDoc, text, at),
        None => match text.strip_prefix('*').filter(|text| !text.is_empty() && !text.starts_with('*')) {
            Some(text) => (Kind::OuterDoc, text, at),
            None => (Kind::Comment, text, at),
        },
    }
}

/// A string literal: plain, raw, of bytes, or of C.
fn string(rest: &str) -> Option<(Kind, &str, usize)> {
    let after = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    if let Some(raw) = after.strip_prefix('r') {
        let text = raw.trim_start_matches('#');
        let hashes = &raw[..raw.len() - text.len()];
        let text = text.strip_prefix('"')?;
        let close = format!("\"{hashes}");
        let length = text.find(&close).unwrap_or(text.len());
        let end = (rest.len() - text.len() + length + close.len()).min(rest.len());
        return Some((Kind::Str, &text[..length], end));
    }
    let text = after.strip_prefix('"')?;
    let mut escaped = false;
    let length = text.find(|c| {
        let is_end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    });
    let length = length.unwrap_or(text.len());
    Some((Kind::Str, &text[..length], (rest.len() - text.len() + length + 1).min(rest.len())))
}

/// `'a'`, `'\n'` or `'a`.
fn character_or_lifetime(rest: &str) -> (Kind, &str, usize) {
    let mut chars = rest.char_indices().skip(1);
    let (first, second) = (chars.next(), chars.next());
    let end = match (first, second) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let from = at + escaped.len_utf8();
            rest[from..].find('\'').map_or(rest.len(), |end| from + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => rest[1..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(rest.len(), |end| end + 1),
    };
    (Kind::Other, &rest[..end], end)
}

/// Leaves out every item that is compiled for tests only: the one after `#[cfg(test)]` or `#[cfg(all(test, ..))]`.
pub(crate) fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        match end_of_attribute(&tokens[at..]) {
            Some(length) if is_for_tests(&tokens[at..at + length]) => {
                at += length;
                at += end_of_item(&tokens[at..]);
            }
            _ => {
                kept.push(tokens[at]);
                at += 1;
            }
        }
    }
    kept
}

/// The number of tokens of the outer attribute at the beginning, if there is one.
fn end_of_attribute(tokens: &[Token<'_>]) -> Option<usize> {
    if !(tokens.first()?.is("#") && tokens.get(1)?.is("[")) {
        return None;
    }
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if token.is("[") {
            depth += 1;
        } else if token.is("]") {
            depth -= 1;
            if depth == 0 {
                return Some(at + 1);
            }
        }
    }
    None
}

/// Returns `true` for `#[cfg(..)]` that names `test` outside `not(..)`.
fn is_for_tests(attribute: &[Token<'_>]) -> bool {
    attribute.get(2).is_some_and(|name| name.is("cfg"))
        && attribute.windows(3).any(|three| three[2].is("test") && !(three[0].is("not") && three[1].is("(")))
}

/// The number of tokens of the item, field or statement at the beginning, with its attributes and comments.
fn end_of_item(tokens: &[Token<'_>]) -> usize {
    const ITEMS: [&str; 15] = [
        "async",
        "const",
        "enum",
        "extern",
        "fn",
        "impl",
        "macro_rules",
        "mod",
        "pub",
        "static",
        "struct",
        "trait",
        "type",
        "unsafe",
        "use",
    ];
    let mut start = 0;
    while let Some(token) = tokens.get(start) {
        if token.is_comment() {
            start += 1;
        } else if let Some(length) = end_of_attribute(&tokens[start..]) {
            start += length;
        } else {
            break;
        }
    }
    let first = |text: &str| tokens.get(start).is_some_and(|token| token.is(text));
    let (is_item, is_use) = (ITEMS.iter().any(|item| first(item)), first("use"));
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        if ["{", "(", "["].iter().any(|open| token.is(open)) {
            depth += 1;
        } else if ["}", ")", "]"].iter().any(|close| token.is(close)) {
            if depth == 0 {
                return at;
            }
            depth -= 1;
            if depth == 0 && token.is("}") && !is_use {
                return at + 1;
            }
        } else if depth == 0 && (token.is(";") || (token.is(",") && !is_item)) {
            return at + 1;
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<(Kind, &str)> {
        tokens(source).into_iter().map(|token| (token.kind, token.text)).collect()
    }

    #[test]
    fn reads_comments_strings_and_characters_as_one_token_each() {
        assert_eq!(
            texts("/// a \"b\nx(\"// \\\" c\", r#\"d \" e\"#, b'\\'', '\"', 'a') // f"),
            [
                (Kind::OuterDoc, " a \"b"),
                (Kind::Ident, "x"),
                (Kind::Punct, "("),
                (Kind::Str, "// \\\" c"),
                (Kind::Punct, ","),
                (Kind::Str, "d \" e"),
                (Kind::Punct, ","),
                (Kind::Ident, "b"),
                (Kind::Other, "'\\''"),
                (Kind::Punct, ","),
                (Kind::Other, "'\"'"),
                (Kind::Punct, ","),
                (Kind::Other, "'a'"),
                (Kind::Punct, ")"),
                (Kind::Comment, " f"),
            ]
        );
        assert_eq!(texts("&'a str"), [(Kind::Punct, "&"), (Kind::Other, "'a"), (Kind::Ident, "str")]);
        assert_eq!(texts("//! a"), [(Kind::InnerDoc, " a")]);
        assert_eq!(texts("/* a /* b */ c */ r#type"), [(Kind::Comment, " a /* b */ c "), (Kind::Ident, "type")]);
    }

    #[test]
    fn counts_lines_in_strings_and_comments() {
        let lines: Vec<usize> = tokens("a \"\n\n\" b /*\n*/ c\nd").iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 1, 3, 3, 4, 5]);
        assert!(tokens("a\n  b")[1].is_first && !tokens("a b")[1].is_first);
    }

    #[test]
    fn accepts_text_that_is_not_rust() {
        for text in ["\"a", "r#\"a", "/* a", "'", "'\\", "r#", "b'"] {
            let _ = tokens(text);
        }
    }

    #[test]
    fn leaves_out_items_for_tests() {
        let kept =
            |source: &str| without_tests(&tokens(source)).iter().map(|token| token.text).collect::<Vec<_>>().join(" ");
        assert_eq!(kept("a; #[cfg(test)] mod tests { b {} } c"), "a ; c");
        assert_eq!(kept("#[cfg(test)] mod tests; c"), "c");
        assert_eq!(kept("#[cfg(all(test, x))] /// d\n #[e] use a::{b}; c"), "c");
        assert_eq!(kept("#[cfg(test)] fn a(b: [u8; 2]) -> c {} d"), "d");
        assert_eq!(kept("{ #[cfg(test)] a: b, c } d"), "{ c } d");
        assert_eq!(kept("#[cfg(not(test))] a"), "# [ cfg ( not ( test ) ) ] a");
    }
}
