//! The rules for references, which identify a deployment in its project.
//!
//! The document states them for [`UpdateDeployment`](super::UpdateDeployment). Inferred: they hold for a new deployment, too. A new
//! preview is different: its reference is the identifier, and the server puts `preview/` in front of it. So only the rules for
//! characters and for the maximum length apply to it.

use std::ops::RangeInclusive;

use crate::error::{Violation, Violations};

/// The length of a reference, in characters.
pub const LENGTH: RangeInclusive<usize> = 3..=100;

/// The texts that are no references, because they have another meaning for the Convex command line tool.
pub const RESERVED: &[&str] =
    &["prod", "dev", "cloud", "local", "default", "name", "new", "existing", "deployment", "preview"];

/// The beginning that no reference has.
pub const LOCAL_PREFIX: &str = "local-";

/// Checks a reference, except that it must be unique in the project.
///
/// # Errors
/// All violations, with the field `reference`.
pub fn check(reference: &str) -> Result<(), Violations> {
    Violations::err_if_any(violations(reference).collect())
}

/// Checks the identifier of a new preview.
///
/// # Errors
/// As for [`check`].
pub fn check_preview_identifier(identifier: &str) -> Result<(), Violations> {
    Violations::err_if_any(preview_violations(identifier).collect())
}

/// Returns the violations of a reference.
pub(super) fn violations(reference: &str) -> impl Iterator<Item = Violation> {
    let length = (!LENGTH.contains(&reference.chars().count()))
        .then(|| format!("must have from {} to {} characters", LENGTH.start(), LENGTH.end()));
    let name = is_name(reference)
        .then(|| "must not have the form of a deployment's name, such as `happy-animal-123`".to_owned());
    let local = reference.starts_with(LOCAL_PREFIX).then(|| format!("must not begin with `{LOCAL_PREFIX}`"));
    let reserved =
        RESERVED.contains(&reference).then(|| format!("must not be a reserved word: {}", RESERVED.join(", ")));
    [length, characters(reference), name, local, reserved].into_iter().flatten().map(violation)
}

/// Returns the violations of the identifier of a new preview.
pub(super) fn preview_violations(identifier: &str) -> impl Iterator<Item = Violation> {
    let length = (!(1..=*LENGTH.end()).contains(&identifier.chars().count()))
        .then(|| format!("must have from 1 to {} characters", LENGTH.end()));
    [length, characters(identifier)].into_iter().flatten().map(violation)
}

fn violation(rule: String) -> Violation {
    Violation::new("reference", None, rule)
}

fn characters(reference: &str) -> Option<String> {
    let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'/');
    (!reference.bytes().all(is_good)).then(|| "must consist of lower-case letters, digits, `-` and `/`".to_owned())
}

/// Returns `true` for a text of the form `word-word-number`.
fn is_name(text: &str) -> bool {
    let is_of = |part: Option<&str>, is_good: fn(&u8) -> bool| {
        part.is_some_and(|part| !part.is_empty() && part.as_bytes().iter().all(is_good))
    };
    let mut parts = text.split('-');
    is_of(parts.next(), u8::is_ascii_lowercase)
        && is_of(parts.next(), u8::is_ascii_lowercase)
        && is_of(parts.next(), u8::is_ascii_digit)
        && parts.next().is_none()
}
