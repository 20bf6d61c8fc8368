//! [`BuildError`] and [`Violations`]: the errors of a request that was not built. Nothing was sent.

use std::fmt;

use thiserror::Error;

use super::code::ErrorCode;
use crate::types::Printable;

/// An error of a request that was not built. It names the field and the rule, and never a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// All values that the server would reject. [`Operation::unchecked`](crate::Operation::unchecked) disables this check.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// A path value that would change the path.
    #[error("the path value `{field}` {rule}")]
    PathValue {
        /// The name of the path value.
        field: &'static str,
        /// The rule that the value breaks.
        rule: &'static str,
    },
    /// The request's body is larger than the server accepts.
    #[error("the body of {operation} has {length} bytes; the server accepts at most {limit}")]
    BodyTooLarge {
        /// The operation's id.
        operation: &'static str,
        /// The body's length in bytes.
        length: usize,
        /// The largest length in bytes.
        limit: usize,
    },
    /// A value makes the request's URL too long.
    #[error("the URL of {operation} is too long")]
    Url {
        /// The operation's id.
        operation: &'static str,
    },
    /// The operation writes other path or query values than it declares. This is a bug in the operation.
    #[error("{operation} does not write the path and query values that it declares")]
    Template {
        /// The operation's id.
        operation: &'static str,
    },
    /// The operation's body cannot be written as JSON. This is a bug in the operation.
    #[error("the body of {operation} cannot be written as JSON")]
    Json {
        /// The operation's id.
        operation: &'static str,
    },
}

/// A value that the server would reject.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The path of the field in the request, such as `changes[3].name`, with the name of the item where that helps.
    pub field: String,
    /// The code that the server would return. `None` if no source names it, which is usual for the Management API.
    pub code: Option<ErrorCode>,
    /// The rule, with its limits.
    pub rule: String,
}

impl Violation {
    /// Creates a violation from a field, the server's code if it is known, and the rule.
    pub fn new(field: impl Into<String>, code: impl Into<Option<ErrorCode>>, rule: impl Into<String>) -> Self {
        Self { field: field.into(), code: code.into(), rule: rule.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Printable(&self.field), Printable(&self.rule))?;
        match &self.code {
            Some(code) => write!(f, " ({})", Printable(code.as_str())),
            None => Ok(()),
        }
    }
}

/// All values of a request that the server would reject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Converts a list of violations into a result. An empty list is a success.
    ///
    /// # Errors
    /// The violations, if there are any.
    pub fn err_if_any(violations: Vec<Violation>) -> Result<(), Self> {
        if violations.is_empty() { Ok(()) } else { Err(Self(violations)) }
    }

    /// Returns the violations in the order of the fields.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0[..] {
            [one] => write!(f, "{one}"),
            all => {
                write!(f, "{} violations", all.len())?;
                all.iter().try_for_each(|violation| write!(f, "; {violation}"))
            }
        }
    }
}

impl std::error::Error for Violations {}
