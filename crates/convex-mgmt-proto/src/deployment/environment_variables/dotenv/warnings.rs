//! [`DotenvWarning`]: an assignment whose author may expect another value.

use std::fmt;

use thiserror::Error;

use super::reader::{self, Assignment};
use crate::types::environment::is_name;

/// A variable that the Convex command line tool reads in one way, and that a person may have meant in another. Holds no value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {name} {kind}")]
#[non_exhaustive]
pub struct DotenvWarning {
    /// The number of the line that the assignment begins in, from 1.
    pub line: u32,
    /// The name of the variable: letters, digits, `_`, `.` and `-`.
    pub name: String,
    /// What may be meant otherwise.
    pub kind: DotenvWarningKind,
}

/// What in an assignment may be meant otherwise than it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DotenvWarningKind {
    /// The value begins with a quote that does not end it, because the quote is not closed or because something follows it. The
    /// quote is part of the value.
    QuoteKept,
    /// The value is not in quotes, and ends before a `#` that follows it directly, such as in `abc#def`.
    CutOff,
    /// The value is in quotes and holds an escape sequence that is not replaced, such as `\"`, `\\`, `\t` or `\$`.
    BackslashKept,
    /// The name, the `=` and the value are not all in one line.
    OverLines,
    /// The value has several lines, and one of them looks like another variable: a quote may be missing.
    HoldsAssignment,
    /// The variable was set before, in an earlier line. The later value is kept.
    SetAgain,
}

impl fmt::Display for DotenvWarningKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QuoteKept => "begins with a quote that does not end the value: the quote is part of it",
            Self::CutOff => "ends before a `#`: put the value in quotes if `#` belongs to it",
            Self::BackslashKept => "keeps a backslash: only `\\n` and `\\r` in double quotes are replaced",
            Self::OverLines => "is not in one line with its `=` and its value",
            Self::HoldsAssignment => "holds a line that looks like another variable: a quote may be missing",
            Self::SetAgain => "was set before: only the last value counts",
        })
    }
}

/// The warnings about one assignment.
pub(super) fn of<'a>(assignment: &'a Assignment<'a>) -> impl Iterator<Item = DotenvWarning> + 'a {
    let Assignment { line, name, .. } = *assignment;
    KINDS.iter().filter(|(_, applies)| applies(assignment)).map(move |(kind, _)| DotenvWarning {
        line,
        name: name.to_owned(),
        kind: *kind,
    })
}

type Applies = fn(&Assignment<'_>) -> bool;

const KINDS: [(DotenvWarningKind, Applies); 5] = [
    (DotenvWarningKind::OverLines, |one| one.before.contains('\n')),
    (DotenvWarningKind::QuoteKept, |one| one.written.starts_with(reader::is_quote) && one.quote().is_none()),
    (DotenvWarningKind::BackslashKept, keeps_a_backslash),
    (DotenvWarningKind::CutOff, is_cut_off),
    (DotenvWarningKind::HoldsAssignment, |one| one.written.lines().skip(1).any(looks_like_an_assignment)),
];

fn keeps_a_backslash(one: &Assignment<'_>) -> bool {
    let Some(quote) = one.quote() else { return false };
    // Without the quotes around it: a backslash before the last one is the value's last character.
    let inner = one.written.get(1..one.written.len() - 1).unwrap_or_default();
    inner.as_bytes().windows(2).any(|pair| match pair {
        [b'\\', next] => char::from(*next) == quote || quote == '"' && matches!(next, b'\\' | b't' | b'$'),
        _ => false,
    })
}

/// Whether a `#` ends the value with no white space before it, as people write it before a comment.
fn is_cut_off(one: &Assignment<'_>) -> bool {
    let empty_before_a_comment = one.written.is_empty() && one.before.ends_with(reader::is_space);
    one.quote().is_none() && one.after.starts_with('#') && !empty_before_a_comment
}

/// Whether a line is `NAME=...` as people write it. A last line of Base64 may end with `=`, but has nothing behind that.
fn looks_like_an_assignment(line: &str) -> bool {
    let line = line.trim_start();
    let Some((name, value)) = reader::after_export(line).unwrap_or(line).split_once('=') else { return false };
    is_name(name.trim_end()) && !value.trim_matches('=').trim().is_empty()
}
