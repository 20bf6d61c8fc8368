//! The first words of the docs of public items.

use super::source::{Kind, Problem, Token, Tree, comments, is_published, tokens, without_tests};

/// Words that begin a question or a clause. Docs begin with a noun phrase or a verb in the third person.
const CLAUSES: [&str; 6] = ["What", "How", "Where", "When", "Who", "Why"];

/// Accepted for items of type `bool` only.
const WHETHER: &str = "Whether";

/// Finds docs of public items in the published crates that begin with a clause.
///
/// Public are items with `pub`, the variants of a `pub enum` and their fields, and the items of a `pub trait`. The names in a
/// macro call count too, and so do the docs of modules (`//!`).
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let published = tree.sources().filter(|file| is_published(&file.name));
    published.flat_map(|file| begins(&file.name, &without_tests(&tokens(&file.text)))).collect()
}

fn begins(file: &str, tokens: &[Token<'_>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for comment in comments(tokens).into_iter().filter(|one| one.kind != Kind::Comment) {
        let Some((line, text)) = comment.lines.iter().find(|(_, text)| !text.trim().is_empty()) else { continue };
        let first = text.trim_start().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let item = item_after(&tokens[comment.next..]);
        let is_wrong = CLAUSES.contains(&first) || (first == WHETHER && !is_bool(item));
        if is_wrong && (comment.kind == Kind::InnerDoc || is_public(item, &around(&tokens[..comment.next]))) {
            let instead = if first == WHETHER {
                "name what the item is; for a `bool` begin with \"`true` if ..\" or \"Returns `true` if ..\""
            } else {
                "begin with a noun phrase or a verb: \"The ..\", \"Returns ..\", \"Sets ..\""
            };
            problems.push(Problem::new(file, *line, format!("the docs begin with \"{first}\": {instead}")));
        }
    }
    problems
}

/// The tokens of an item from its visibility on, without attributes and comments above it.
fn item_after<'a, 'b>(mut tokens: &'b [Token<'a>]) -> &'b [Token<'a>] {
    loop {
        match tokens {
            [comment, rest @ ..] if comment.is_comment() => tokens = rest,
            [hash, open, rest @ ..] if hash.is("#") && open.is("[") => {
                let mut depth = 1_usize;
                let end = rest.iter().position(|token| {
                    depth = if token.is("[") {
                        depth + 1
                    } else if token.is("]") {
                        depth - 1
                    } else {
                        depth
                    };
                    depth == 0
                });
                tokens = end.and_then(|end| rest.get(end + 1..)).unwrap_or_default();
            }
            _ => return tokens,
        }
    }
}

/// The owner of the innermost braces around an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Around {
    /// `pub enum`, `pub trait`, or a macro call.
    Public,
    /// Anything else, the file included.
    Plain,
}

/// The owner of the innermost open braces at the end of the tokens. The braces of a variant belong to the owner of its enum's.
fn around(tokens: &[Token<'_>]) -> Around {
    let (mut open, mut header) = (Vec::new(), 0);
    for (at, token) in tokens.iter().enumerate() {
        if token.is("{") {
            let mut kind = kind_of(&tokens[header..at]);
            let header = &tokens[header..at];
            if kind == Around::Plain && open.last() == Some(&Around::Public) && is_variant(header) {
                kind = Around::Public;
            }
            open.push(kind);
        } else if token.is("}") {
            open.pop();
        }
        if ["{", "}", ";"].iter().any(|end| token.is(end)) || (token.is(",") && !open.is_empty()) {
            header = at + 1;
        }
    }
    open.last().copied().unwrap_or(Around::Plain)
}

/// The owner of braces, by the tokens before them.
fn kind_of(header: &[Token<'_>]) -> Around {
    let header = item_after(header);
    let is_open_type = header.first().is_some_and(|first| first.is("pub"))
        && !header.get(1).is_some_and(|second| second.is("("))
        && header.iter().any(|token| token.is("enum") || token.is("trait"));
    let is_macro_call = matches!(header, [.., name, bang] if name.kind == Kind::Ident && bang.is("!"))
        && !header.iter().any(|token| token.is("macro_rules") || token.is("let") || token.is("="));
    if is_open_type || is_macro_call { Around::Public } else { Around::Plain }
}

/// Returns `true` for the name of a variant before its fields.
fn is_variant(header: &[Token<'_>]) -> bool {
    matches!(item_after(header), [name] if name.text.starts_with(char::is_uppercase))
}

/// Returns `true` if an item is public by itself or by what surrounds it.
fn is_public(item: &[Token<'_>], around: &Around) -> bool {
    const KEYWORDS: [&str; 10] = ["async", "const", "enum", "fn", "mod", "static", "struct", "trait", "type", "unsafe"];
    match item {
        [first, second, ..] if first.is("pub") => !second.is("("),
        [first, ..] if first.kind == Kind::Ident && *around == Around::Public => {
            // A trait's items are public. Types in a macro call without `pub` are private.
            !first.is("impl") && (!KEYWORDS.iter().any(|word| first.is(word)) || is_associated(item))
        }
        _ => false,
    }
}

/// Returns `true` for functions, constants and types, which a trait can declare.
fn is_associated(item: &[Token<'_>]) -> bool {
    ["fn", "const", "type", "async", "unsafe"].iter().any(|word| item.first().is_some_and(|first| first.is(word)))
}

/// Returns `true` for a field or a constant of type `bool`, and for a function that returns one.
fn is_bool(item: &[Token<'_>]) -> bool {
    let (mut depth, mut end) = (0_usize, item.len());
    for (at, token) in item.iter().enumerate() {
        if ["(", "[", "<"].iter().any(|open| token.is(open)) {
            depth += 1;
        } else if [")", "]", ">"].iter().any(|close| token.is(close)) && !(at > 0 && item[at - 1].is("-")) {
            if depth == 0 {
                end = at;
                break;
            }
            depth -= 1;
        } else if depth == 0 && ["{", "}", ";", ",", "=", "where"].iter().any(|close| token.is(close)) {
            end = at;
            break;
        }
    }
    match &item[..end] {
        [.., minus, arrow, last] if minus.is("-") && arrow.is(">") => last.is("bool"),
        [rest @ .., colon, last] if colon.is(":") => last.is("bool") && !rest.iter().any(|token| token.is("fn")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        check(&Tree::of(&[("crates/a/src/b.rs", text)])).len()
    }

    #[test]
    fn finds_clauses_before_each_kind_of_public_item() {
        for item in [
            "pub fn a() {}",
            "#[must_use]\n#[a(b = [c])]\npub const fn a() -> bool {}",
            "pub struct A;",
            "pub enum A {}",
            "pub trait A {}",
            "pub const A: u8 = 1;",
            "pub type A = u8;",
            "pub mod a;",
        ] {
            for word in CLAUSES {
                assert_eq!(count(&format!("/// {word} a b.\n{item}")), 1, "{word} {item}");
            }
            assert_eq!(count(&format!("/// Whatever a.\n{item}")), 0, "{item}");
            assert_eq!(count(&format!("/// The a.\n///\n/// What b.\n{item}")), 0, "{item}");
        }
        assert_eq!(count("//! What lives here."), 1);
    }

    #[test]
    fn finds_clauses_inside_public_types() {
        assert_eq!(count("pub struct A {\n/// How a.\npub a: u8,\n/// How b.\nb: u8 }"), 1);
        assert_eq!(
            count("pub enum A {\n/// How a.\nA,\n/// How b.\nB {\n/// How c.\nc: u8 },\n/// How d.\nD(u8) }"),
            4
        );
        assert_eq!(count("pub trait A: B {\n/// How a.\nfn a() {}\n/// How b.\nconst B: u8; }"), 2);
        assert_eq!(count("operation! {\n/// How a.\nA => () }"), 1);
        assert_eq!(count("open_enum! {\n/// How a.\npub enum A {\n/// How b.\nB = \"b\" } }"), 2);
    }

    #[test]
    fn accepts_private_items_and_tests() {
        assert_eq!(count("/// How a.\nfn a() {}"), 0);
        assert_eq!(count("/// How a.\npub(crate) fn a() {}"), 0);
        assert_eq!(count("enum A {\n/// How a.\nA }"), 0);
        assert_eq!(count("impl A {\n/// How a.\nfn a() {} }"), 0);
        assert_eq!(count("#[cfg(test)]\nmod tests {\n/// How a.\npub fn a() {} }"), 0);
        assert_eq!(check(&Tree::of(&[("tests/a/src/b.rs", "/// How a.\npub fn a() {}")])).len(), 0);
    }

    #[test]
    fn accepts_whether_for_bools_only() {
        for item in [
            "pub fn a(&self, b: u8) -> bool {",
            "pub fn a(b: fn(u8) -> u8) -> bool;",
            "pub fn a<B: C<D>>(b: B) -> bool where B: E {",
            "pub const A: bool = true;",
            "pub a: bool,",
        ] {
            assert_eq!(count(&format!("/// Whether a.\n{item}")), 0, "{item}");
        }
        for item in [
            "pub fn a(b: bool) -> u8 {",
            "pub fn a(b: bool) {",
            "pub fn a() -> Option<bool> {",
            "pub a: Option<bool>,",
            "pub struct A;",
        ] {
            assert_eq!(count(&format!("/// Whether a.\n{item}")), 1, "{item}");
        }
    }
}
