//! The redirect back to the application: its query, and [`CallbackError`].

use std::fmt;

use thiserror::Error;

use super::codes::{AuthorizationErrorCode, is_code};
use super::form::{decode, pairs};
use crate::types::Secret;

/// The longest query of a redirect that is read, in bytes.
pub const MAX_QUERY: usize = 8192;

/// The parameters of a redirect.
#[derive(Debug)]
pub(super) struct Redirect {
    pub(super) state: Option<Secret>,
    /// The code, or the reason why there is none. It counts only if the state is right.
    pub(super) result: Result<Secret, CallbackError>,
}

/// Reads the query of a redirect.
pub(super) fn read(query: &str) -> Result<Redirect, CallbackError> {
    if query.len() > MAX_QUERY {
        return Err(CallbackError::TooLong { limit: MAX_QUERY });
    }
    let names = ["state", "code", "error", "error_description"];
    let mut values = [const { None }; 4];
    for (name, value) in pairs(query.strip_prefix('?').unwrap_or(query)) {
        let name = decode(name).ok_or(CallbackError::Malformed)?;
        let Some((known, slot)) = names.iter().zip(&mut values).find(|(known, _)| **known == name.expose()) else {
            continue;
        };
        if slot.is_some() {
            return Err(CallbackError::Repeated { parameter: known });
        }
        *slot = Some(decode(value).ok_or(CallbackError::Malformed)?);
    }
    let [state, code, error, description] = values;
    let result = match (error, code) {
        (Some(error), _) if is_code(error.expose()) => {
            Err(CallbackError::Rejected(AuthorizationError { code: error.expose().into(), description }))
        }
        (Some(_), _) => Err(CallbackError::Malformed),
        // RFC 6749, appendix A.11.
        (None, Some(code)) if !code.is_empty() && code.expose().bytes().all(|byte| (b' '..=b'~').contains(&byte)) => {
            Ok(code)
        }
        (None, Some(_)) => Err(CallbackError::Malformed),
        (None, None) => Err(CallbackError::NoCode),
    };
    Ok(Redirect { state, result })
}

/// A redirect that leads to no token. It contains no part of the query but an error code.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// The query is longer than [`MAX_QUERY`].
    #[error("the query of the redirect exceeds {limit} bytes: start the authorization over")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The query cannot be decoded, or the code or error has invalid characters.
    #[error("the query of the redirect is malformed: start the authorization over")]
    Malformed,
    /// A parameter occurs twice.
    #[error("the query of the redirect has `{parameter}` twice: start the authorization over")]
    Repeated {
        /// The name of the parameter.
        parameter: &'static str,
    },
    /// The query has no state.
    #[error("the query of the redirect has no `state`: start the authorization over")]
    NoState,
    /// The state belongs to another authorization: an attack, an old page, or a second authorization in the same session.
    #[error("the `state` of the redirect belongs to another authorization: start over in the same browser")]
    WrongState,
    /// The user denied the access, or Convex rejected the request.
    #[error(transparent)]
    Rejected(AuthorizationError),
    /// The query has neither a code nor an error.
    #[error("the query of the redirect has neither a `code` nor an `error`: start the authorization over")]
    NoCode,
}

impl CallbackError {
    /// Returns `true` if the user denied the access.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Rejected(error) if error.code == AuthorizationErrorCode::AccessDenied)
    }
}

/// The error on a redirect (RFC 6749, section 4.1.2.1).
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationError {
    code: AuthorizationErrorCode,
    description: Option<Secret>,
}

impl AuthorizationError {
    /// Returns the error code.
    pub fn code(&self) -> &AuthorizationErrorCode {
        &self.code
    }

    /// Returns the server's explanation for a developer. It is not part of `Display` or `Debug`, because it may repeat what was sent. Escape it
    /// before it becomes part of a page.
    pub fn description(&self) -> Option<&str> {
        self.description.as_ref().map(Secret::expose)
    }
}

impl fmt::Debug for AuthorizationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationError").field("code", &self.code).finish_non_exhaustive()
    }
}

impl fmt::Display for AuthorizationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no access was granted: {}", self.code)?;
        self.code.remedy().map_or(Ok(()), |remedy| write!(f, "; {remedy}"))
    }
}

impl std::error::Error for AuthorizationError {}
