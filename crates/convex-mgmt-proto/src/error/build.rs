//! [`BuildError`] and [`Violations`]: why a request was not built. Nothing was sent then.

use std::fmt;

use thiserror::Error;

use super::code::ErrorCode;
use crate::types::Printable;

/// Why a request was not built. Names the field and the rule, never a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Values that the server would refuse, all of them. The operation says how to switch the check off.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// A path value that would not address what it names.
    #[error("the path value `{field}` {rule}")]
    PathValue {
        /// The name of the path value.
        field: &'static str,
        /// What it has to be.
        rule: &'static str,
    },
    /// The request's body is larger than the server reads.
    #[error("the body of {operation} has {length} bytes, of which the server reads {limit} at most")]
    BodyTooLarge {
        /// The operation's id.
        operation: &'static str,
        /// The body's length in bytes.
        length: usize,
        /// The largest length in bytes.
        limit: usize,
    },
    /// The request's URL cannot be written, because a value makes it too long.
    #[error("the URL of {operation} is too long")]
    Url {
        /// The operation's id.
        operation: &'static str,
    },
    /// The operation writes other path or query values than it declares: a defect of the operation.
    #[error("{operation} does not write the path and query values that it declares")]
    Template {
        /// The operation's id.
        operation: &'static str,
    },
    /// The operation's body has no JSON form: a defect of the operation.
    #[error("the body of {operation} has no JSON form")]
    Json {
        /// The operation's id.
        operation: &'static str,
    },
}

/// One value that the server would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Which field of the request, such as `changes[3].name`, with the name of what it is about where that helps.
    pub field: String,
    /// The code with which the server would refuse it.
    pub code: ErrorCode,
    /// The rule, with its numbers.
    pub rule: String,
}

impl Violation {
    /// Names a field, the server's code for it, and the rule.
    pub fn new(field: impl Into<String>, code: ErrorCode, rule: impl Into<String>) -> Self {
        Self { field: field.into(), code, rule: rule.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (field, rule, code) = (Printable(&self.field), Printable(&self.rule), self.code.as_str());
        write!(f, "{field}: {rule} ({})", Printable(code))
    }
}

/// All values of one request that the server would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Turns a list of problems into a result: none is success.
    ///
    /// # Errors
    /// The problems, if there are any.
    pub fn none_of(problems: Vec<Violation>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self(problems)) }
    }

    /// The problems, in the order of the fields.
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
                write!(f, "{} problems", all.len())?;
                all.iter().try_for_each(|problem| write!(f, "; {problem}"))
            }
        }
    }
}

impl std::error::Error for Violations {}
