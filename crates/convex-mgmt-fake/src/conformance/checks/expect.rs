//! The comparisons of expected and observed behaviour.

use std::fmt::Display;

use crate::conformance::caller::Failure;
use crate::conformance::session::{Checked, End};

/// Fails the check unless `holds`.
pub(super) fn ensure(holds: bool, expected: impl Into<String>, found: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(End::Mismatch { expected: expected.into(), found: found() }) }
}

/// Returns the output of a call, or fails the check.
pub(super) fn succeeds<T, E: Failure>(result: Result<T, E>, expected: &str) -> Result<T, End> {
    result.map_err(|error| End::Mismatch { expected: expected.to_owned(), found: describe(&error) })
}

/// Returns the error of a call, or fails the check.
pub(super) fn fails<T, E: Failure>(
    result: Result<T, E>,
    expected: &str,
    found: impl FnOnce(T) -> String,
) -> Result<E, End> {
    match result {
        Ok(output) => Err(End::Mismatch { expected: expected.to_owned(), found: found(output) }),
        Err(error) => Ok(error),
    }
}

/// The facts about an error.
pub(super) fn describe(error: &impl Failure) -> String {
    format!("the error \"{error}\" (sent: {:?}, applied: {:?})", error.sent(), error.applied())
}

/// A number of things.
pub(super) fn count(number: usize, thing: impl Display) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
