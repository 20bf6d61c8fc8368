//! The paths that the code of one module names.

use crate::tidy::source::{Kind, Token};

/// A path as it is in the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// The names, with `crate`, `self` and `super` at the beginning. `$crate` is `crate`.
    pub(super) names: Vec<String>,
    pub(super) line: usize,
}

/// A name that a `use` declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) path: Written,
    /// The last name, or the one after `as`; `*` for everything.
    pub(super) name: String,
    /// `true` for `pub use`, with any visibility.
    pub(super) is_reexport: bool,
    /// `true` if the path begins with `::`.
    pub(super) is_foreign: bool,
}

/// A declaration of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Child<'a> {
    pub(super) name: String,
    /// The content of `mod name { .. }`.
    pub(super) inline: Option<Vec<Token<'a>>>,
}

/// The declarations and paths of a module.
#[derive(Debug, Default)]
pub(super) struct Code<'a> {
    pub(super) imports: Vec<Import>,
    pub(super) paths: Vec<Written>,
    pub(super) children: Vec<Child<'a>>,
    /// The names of items, at any depth.
    pub(super) items: Vec<String>,
}

/// Reads tokens without comments and without code for tests.
pub(super) fn read<'a>(tokens: &[Token<'a>]) -> Code<'a> {
    let (mut code, mut at) = (Code::default(), 0);
    while let Some(token) = tokens.get(at) {
        let after = &tokens[at + 1..];
        if token.is("mod") && after.first().is_some_and(|name| name.kind == Kind::Ident) {
            let inline =
                after.get(1).filter(|open| open.is("{")).map(|_| &after[2..after.len().min(1 + group(&after[1..]))]);
            code.children.push(Child { name: after[0].text.to_owned(), inline: inline.map(<[_]>::to_vec) });
            at += 2 + inline.map_or(0, |inline| inline.len() + 1);
        } else if token.is("use") && !after.first().is_some_and(|next| next.is("<")) {
            let end = after.iter().position(|token| token.is(";")).unwrap_or(after.len());
            let is_foreign = after.first().is_some_and(|colon| colon.is(":"));
            let is_reexport = is_public(&tokens[..at]);
            Imports { is_reexport, is_foreign, found: &mut code.imports }.branch(&[], &after[..end]);
            at += end + 1;
        } else if token.is("pub") && after.first().is_some_and(|open| open.is("(")) {
            at += 1 + group(after);
        } else if token.kind == Kind::Ident {
            if is_item(token) && after.first().is_some_and(|name| name.kind == Kind::Ident) {
                code.items.push(after[0].text.to_owned());
            } else if token.is("macro_rules") && after.len() > 1 {
                code.items.push(after[1].text.to_owned());
            }
            let names = path(&tokens[at..]);
            let length = names.len() * 3 - 2;
            if names.len() > 1 && !continues(&tokens[..at]) {
                code.paths.push(Written { names, line: token.line });
            }
            at += length;
        } else {
            at += 1;
        }
    }
    code
}

/// Returns `true` if the next token continues a path or a method call. `..` begins a new expression.
fn continues(before: &[Token<'_>]) -> bool {
    match before {
        [.., one, two] if two.is(".") => !one.is("."),
        [.., one, two] => one.is(":") && two.is(":"),
        _ => false,
    }
}

fn is_item(token: &Token<'_>) -> bool {
    ["fn", "struct", "enum", "trait", "const", "static", "type", "union"].iter().any(|word| token.is(word))
}

/// Returns `true` if the tokens end with `pub` or `pub(..)`.
fn is_public(before: &[Token<'_>]) -> bool {
    match before {
        [.., last] if last.is("pub") => true,
        [rest @ .., last] if last.is(")") => {
            rest.iter().rposition(|token| token.is("(")).is_some_and(|open| open > 0 && rest[open - 1].is("pub"))
        }
        _ => false,
    }
}

/// The number of tokens of the group at the beginning, with its brackets.
fn group(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if ["(", "{", "["].iter().any(|open| token.is(open)) {
            depth += 1;
        } else if [")", "}", "]"].iter().any(|close| token.is(close)) {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + 1;
            }
        }
    }
    tokens.len()
}

/// The names of the path at the beginning.
fn path(mut tokens: &[Token<'_>]) -> Vec<String> {
    let mut names = Vec::new();
    while let [name, rest @ ..] = tokens
        && name.kind == Kind::Ident
    {
        names.push(name.text.to_owned());
        match rest {
            [one, two, rest @ ..] if one.is(":") && two.is(":") => tokens = rest,
            _ => break,
        }
    }
    names
}

/// Reads the tree of one `use`.
struct Imports<'a> {
    is_reexport: bool,
    is_foreign: bool,
    found: &'a mut Vec<Import>,
}

impl Imports<'_> {
    /// Reads one branch, up to a comma or the end of its group. Returns the tokens after it.
    fn branch<'a, 'b>(&mut self, before: &[String], mut tokens: &'b [Token<'a>]) -> &'b [Token<'a>] {
        let (mut names, mut last) = (before.to_vec(), None);
        while let [token, rest @ ..] = tokens {
            if token.is(",") || token.is("}") {
                break;
            }
            tokens = rest;
            if token.is("{") {
                loop {
                    tokens = self.branch(&names, tokens);
                    let Some((end, rest)) = tokens.split_first() else { return tokens };
                    tokens = rest;
                    if end.is("}") {
                        return tokens;
                    }
                }
            } else if token.is("*") {
                last = Some(("*", token.line));
            } else if token.is("as") {
                // The next name replaces this one and is no part of the path.
                if let [alias, rest @ ..] = tokens {
                    (tokens, last) = (rest, Some((alias.text, alias.line)));
                }
            } else if token.kind == Kind::Ident {
                // `self` in a group is the group's own path.
                if token.is("self") && !names.is_empty() {
                    last = Some((before.last().map_or("self", String::as_str), token.line));
                } else {
                    names.push(token.text.to_owned());
                    last = Some((token.text, token.line));
                }
            }
        }
        if let Some((name, line)) = last {
            let (is_reexport, is_foreign) = (self.is_reexport, self.is_foreign);
            let path = Written { names, line };
            self.found.push(Import { path, name: name.to_owned(), is_reexport, is_foreign });
        }
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source::tokens;

    /// Each import as `path as name`, with `pub` before re-exports and `::` before names of crates.
    fn imports(source: &str) -> Vec<String> {
        let line = |import: Import| {
            let visibility = if import.is_reexport { "pub " } else { "" };
            let foreign = if import.is_foreign { "::" } else { "" };
            format!("{visibility}{foreign}{} as {} {}", import.path.names.join("::"), import.name, import.path.line)
        };
        read(&tokens(source)).imports.into_iter().map(line).collect()
    }

    fn paths(source: &str) -> Vec<String> {
        read(&tokens(source)).paths.into_iter().map(|path| path.names.join("::")).collect()
    }

    #[test]
    fn reads_nested_imports_on_several_lines() {
        assert_eq!(
            imports("pub(crate) use crate::{\n  a::{self, b as c,\n  d::*},\n super::e,\n};\nuse ::f::g; pub use h;"),
            [
                "pub crate::a as a 2",
                "pub crate::a::b as c 2",
                "pub crate::a::d as * 3",
                "pub crate::super::e as e 4",
                "::f::g as g 6",
                "pub h as h 6",
            ]
        );
        assert_eq!(imports("fn a() -> impl B + use<'b> { use c::d as _; }"), ["c::d as _ 1"]);
    }

    #[test]
    fn reads_paths_in_code_and_macros() {
        assert_eq!(
            paths("x(super::a::B::<u8>, $crate::c!(), self::d, self.e, &self, Vec::<F>::new(), G { ..crate::h::I })"),
            ["super::a::B", "crate::c", "self::d", "crate::h::I"]
        );
        assert_eq!(paths("pub(in crate::a) b: <C as D>::e::F, ::g::h, macro_rules"), [""; 0]);
    }

    #[test]
    fn reads_children_and_items() {
        let tokens = tokens("pub mod a; mod b { mod c; use d::e; } struct F; macro_rules! g { () => {} } fn h() {}");
        let code = read(&tokens);
        let children: Vec<_> = code.children.iter().map(|one| (one.name.as_str(), one.inline.is_some())).collect();
        assert_eq!(children, [("a", false), ("b", true)]);
        assert!(code.imports.is_empty() && code.items.iter().map(String::as_str).eq(["F", "g", "h"]), "{code:?}");
    }
}
