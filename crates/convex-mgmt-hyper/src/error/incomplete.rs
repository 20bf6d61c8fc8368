//! [`Incomplete`]: the failure of several steps, with what they created before.

use std::error::Error as StdError;
use std::fmt;

use super::call::Error;

/// The failure of a function with several steps. It keeps what was created before, because the API returns secrets once.
///
/// `Display` is one line, and `Debug` shows no secret.
#[derive(Debug)]
#[non_exhaustive]
pub struct Incomplete<T> {
    /// The object that was created before the failure. `None` if nothing is known to be created.
    ///
    /// If the creation itself has an unknown outcome, [`Error::verify_with`] of `error` names the operation that shows it.
    pub created: Option<T>,
    /// The error of the step that failed.
    pub error: Error,
}

impl<T> Incomplete<T> {
    /// Creates the value.
    pub fn new(created: Option<T>, error: Error) -> Self {
        Self { created, error }
    }
}

/// The error of a step before the creation.
impl<T> From<Error> for Incomplete<T> {
    fn from(error: Error) -> Self {
        Self::new(None, error)
    }
}

impl<T> fmt::Display for Incomplete<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)?;
        match &self.created {
            Some(_) => f.write_str("; `Incomplete::created` has what was created: keep it, or delete it"),
            None => Ok(()),
        }
    }
}

impl<T: fmt::Debug> StdError for Incomplete<T> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The text of the error is part of this error's own.
        self.error.source()
    }
}
