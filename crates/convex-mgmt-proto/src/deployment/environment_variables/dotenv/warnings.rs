//! What in an assignment may be meant otherwise than it is read.

use super::reader::{self, Assignment};
use super::{DotenvWarning, DotenvWarningKind};
use crate::types::environment::is_name;

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
