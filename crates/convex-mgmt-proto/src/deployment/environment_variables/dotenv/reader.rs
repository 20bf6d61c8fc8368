//! The grammar of `.env` text: an iterator over its statements, in the order of the file.
//!
//! It reads the same values as npm's `dotenv` 16.6.1. That package applies one regular expression repeatedly, and its
//! backtracking is part of the dialect. The expression decides three things:
//!
//! * A statement begins at a line, after any white space.
//! * It ends with white space up to the end of a line, or with a comment.
//! * If a value can be read in several ways, the expression has an order of preference.
//!
//! This reader inspects each byte a bounded number of times.

use std::iter;

/// One statement of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statement<'a> {
    /// A variable and its value.
    Assignment(Assignment<'a>),
    /// A line that is not an assignment. `dotenv` skips it.
    Malformed {
        /// The number of the line, from 1.
        line: u32,
        /// The rest of the line, from its first character that is not white space.
        text: &'a str,
    },
}

/// A variable and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Assignment<'a> {
    /// The number of the line in which the assignment begins, from 1.
    pub(super) line: u32,
    /// The name of the variable.
    pub(super) name: &'a str,
    /// The text before the value: `export`, the name, `=`, and white space.
    pub(super) before: &'a str,
    /// The value as it is written, with its quotes and without surrounding white space.
    pub(super) written: &'a str,
    /// The text after the value, including white space.
    pub(super) after: &'a str,
}

impl<'a> Assignment<'a> {
    /// Returns the quote with which the value begins and ends, if any.
    pub(super) fn quote(&self) -> Option<char> {
        let quote = self.written.chars().next().filter(|first| is_quote(*first))?;
        (self.written.len() > 1 && self.written.ends_with(quote)).then_some(quote)
    }

    /// Returns the value without its outer quotes. Replaces `\n` and `\r` by line ends if it begins with a double quote.
    pub(super) fn value(&self) -> String {
        let expanded = self.written.starts_with('"');
        // The capacity always suffices: a reallocation would leave a part of the value in freed memory.
        let mut value = String::with_capacity(self.written.len());
        for piece in pieces_between_quotes(self.written) {
            if expanded { push_expanded(&mut value, piece) } else { value.push_str(piece) }
        }
        value
    }
}

/// Iterates over the statements of a text. The text must not contain `\r`: lines end with `\n`.
pub(super) fn statements(text: &str) -> impl Iterator<Item = Statement<'_>> {
    let mut rest = text;
    // The line in which `counted` begins.
    let (mut line, mut counted) = (1, text);
    iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(is_space);
            if rest.is_empty() {
                return None;
            }
            let (read, _) = counted.split_at(counted.len() - rest.len());
            line += read.bytes().filter(|byte| *byte == b'\n').count() as u32;
            counted = rest;
            if let Some((assignment, after)) = assignment(rest, line) {
                rest = after;
                return Some(Statement::Assignment(assignment));
            }
            let (text, after) = rest.split_at(rest.find(is_line_end).unwrap_or(rest.len()));
            rest = after;
            if !text.starts_with('#') {
                return Some(Statement::Malformed { line, text });
            }
        }
    })
}

/// Returns the assignment at the start of a text, and the rest of the text.
fn assignment(text: &str, line: u32) -> Option<(Assignment<'_>, &str)> {
    // `export` may be a name, too.
    let exported = after_export(text).and_then(name_and_rest);
    let (name, rest) = exported.or_else(|| name_and_rest(text))?;
    let quoted = rest.trim_start_matches(is_space);
    let (written, after) = match length_in_quotes(quoted) {
        Some(length) => quoted.split_at(length),
        None => rest.split_at(rest.find(['#', '\n']).unwrap_or(rest.len())),
    };
    let written = written.trim_start_matches(is_space);
    let (before, value_and_rest) = text.split_at(text.len() - after.len() - written.len());
    let (written, after) = value_and_rest.split_at(written.trim_end_matches(is_space).len());
    // Empty lines may precede the comment.
    let rest = after.trim_start_matches(is_space);
    let rest = if rest.starts_with('#') { rest.trim_start_matches(|c| !is_line_end(c)) } else { rest };
    Some((Assignment { line, name, before, written, after }, rest))
}

/// Returns the text after `export` and white space, if the text begins with them.
pub(super) fn after_export(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("export")?;
    rest.starts_with(is_space).then(|| rest.trim_start_matches(is_space))
}

/// Returns the name at the start of a text, and the text after its `=`, or after its `:` and white space.
fn name_and_rest(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_at(text.find(|c| !is_of_name(c)).unwrap_or(text.len()));
    let after_equals = rest.trim_start_matches(is_space).strip_prefix('=');
    let rest = after_equals.or_else(|| rest.strip_prefix(':')?.strip_prefix(is_space))?;
    (!name.is_empty()).then_some((name, rest))
}

/// Returns the length of the quoted text at the start of a text, if only a comment follows it in its line.
///
/// The quoted text may contain its quote after a backslash. Candidates for its end are all quotes up to the first one without a
/// backslash; it ends at the last candidate that can be its end.
fn length_in_quotes(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|first| is_quote(*first))?;
    let mut length = None;
    // `before` includes the opening quote, which is never a backslash.
    for (at, _) in text.match_indices(quote).skip(1) {
        let (before, rest) = text.split_at(at);
        let after = rest.strip_prefix(quote)?;
        if ends_statement(after) {
            length = Some(text.len() - after.len());
        }
        if !before.ends_with('\\') {
            break;
        }
    }
    length
}

/// Returns `true` if a quoted value can end before `after`.
fn ends_statement(after: &str) -> bool {
    let rest = after.trim_start_matches(is_space);
    let (space, _) = after.split_at(after.len() - rest.len());
    rest.is_empty() || rest.starts_with('#') || space.contains(is_line_end)
}

/// Iterates over the pieces of a value without the quotes that are removed: around the whole value, or around some of its lines.
///
/// A value without quotes has several lines if it contains white space that ends a line only in JavaScript.
fn pieces_between_quotes(written: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(written);
    let mut kept = None;
    // Each quote is searched once: it ends no line after the last one that it ends.
    let mut quotes = ['"', '\'', '`'].map(Some);
    iter::from_fn(move || {
        if let Some(piece) = kept.take() {
            return Some(piece);
        }
        let line = rest.take()?;
        let first = line.chars().next();
        let quote = quotes.iter_mut().find(|quote| **quote == first).and_then(Option::take);
        // The longest match: up to the last line that ends with the same quote.
        let inner = quote.and_then(|quote| {
            let inside = line.strip_prefix(quote)?;
            last_at_line_end(inside, quote).map(|end| inside.split_at(end))
        });
        let (inner, after) = match inner {
            Some((inner, after)) => (Some(inner), after.strip_prefix(is_quote).unwrap_or(after)),
            None => (None, line),
        };
        let end = after.char_indices().find(|(_, c)| is_line_end(*c)).map(|(at, c)| at + c.len_utf8());
        let (line, next) = after.split_at(end.unwrap_or(after.len()));
        rest = end.map(|_| next);
        kept = inner.is_some().then_some(line);
        inner.or(Some(line))
    })
}

/// Returns the offset of the last quote that ends a line.
fn last_at_line_end(text: &str, quote: char) -> Option<usize> {
    let mut found =
        text.rmatch_indices(quote).map(|(at, found)| (at, text.get(at + found.len()..).unwrap_or_default()));
    found.find(|(_, after)| after.is_empty() || after.starts_with(is_line_end)).map(|(at, _)| at)
}

/// Appends a text. Replaces `\n` and `\r` by line ends and keeps every other backslash.
fn push_expanded(value: &mut String, text: &str) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        value.push_str(before);
        let (end, length) = match after.bytes().next() {
            Some(b'n') => ('\n', 1),
            Some(b'r') => ('\r', 1),
            _ => ('\\', 0),
        };
        value.push(end);
        (_, rest) = after.split_at(length);
    }
    value.push_str(rest);
}

pub(super) fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`')
}

pub(super) fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// Returns `true` for the characters that end a line in a JavaScript regular expression, for `^`, `$` and `.`.
fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\u{2028}' | '\u{2029}')
}

/// Returns `true` for white space of JavaScript's `\s` and `trim`, which includes the byte order mark but not U+0085.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, '\t'..='\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}')
}
