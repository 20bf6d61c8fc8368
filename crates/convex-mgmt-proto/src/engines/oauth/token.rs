//! The response of the token endpoint, and [`TokenError`].

use std::fmt;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;
use thiserror::Error;

use super::codes::{TokenErrorCode, is_code};
use super::scope::Scope;
use crate::auth::{AccessToken, AccessTokenKind};
use crate::error::ErrorCode;
use crate::response::decode::object;
use crate::types::{Printable, Secret};

/// A success (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Success {
    access_token: Secret,
    token_type: String,
}

/// An error (RFC 6749, section 5.2), or an error of the Management API.
#[derive(Deserialize)]
struct Failure {
    error: Option<String>,
    error_description: Option<Secret>,
    code: Option<ErrorCode>,
}

/// Reads the response.
pub(super) fn read(scope: Scope, response: &Response<Bytes>) -> Result<AccessToken, TokenError> {
    let (status, body) = (response.status(), response.body());
    // A page with a success status comes from a proxy or a sign-in portal. It does not show that a token exists.
    if status == StatusCode::OK && body.trim_ascii_start().starts_with(b"{") {
        return success(scope, body).map_err(|problem| TokenError::UnreadableToken { problem });
    }
    let failure = object::<Failure>(body).ok();
    let (error, description, code) = match failure {
        Some(failure) => (failure.error, failure.error_description, failure.code),
        None => (None, None, None),
    };
    // Only the status of a client error proves that no token was issued. 408 means that the server did not get the request in time.
    let is_rejection = status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT;
    match error.filter(|error| is_rejection && is_code(error)) {
        Some(error) => Err(TokenError::Rejected(TokenRejection { status, code: error.into(), description })),
        None => Err(TokenError::UnexpectedResponse { status, code }),
    }
}

fn success(scope: Scope, body: &Bytes) -> Result<AccessToken, &'static str> {
    let success: Success = object(body).map_err(|_| "the body is not a token response")?;
    if !success.token_type.eq_ignore_ascii_case("bearer") {
        return Err("the token's type is not `bearer`");
    }
    let token = AccessToken::parse(success.access_token.expose())
        .map_err(|_| "the text of the token is not an access token")?;
    match token.kind() {
        AccessTokenKind::OAuthTeam | AccessTokenKind::OAuthProject => Ok(token),
        _ => {
            let kind = match scope {
                Scope::Team => AccessTokenKind::OAuthTeam,
                Scope::Project => AccessTokenKind::OAuthProject,
            };
            token.declared(kind).map_err(|_| "the token is not one of an OAuth application")
        }
    }
}

/// An exchange without a token. After any of these errors the user starts over with a new authorization. The errors contain neither the
/// token nor anything that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The server rejected the exchange. No token was issued.
    #[error(transparent)]
    Rejected(TokenRejection),
    /// The response is neither a token nor an OAuth error, for example the page of a proxy. The outcome is unknown.
    #[error("the response with status {}{} is not an OAuth response, so the outcome is unknown: start the authorization over",
        .status.as_u16(), Code(.code.as_ref()))]
    UnexpectedResponse {
        /// The status.
        status: StatusCode,
        /// The code, if the body is an error of the Management API.
        code: Option<ErrorCode>,
    },
    /// The server issued a token that cannot be read. It may remain valid.
    #[error("the server issued a token, but {problem}: start the authorization over")]
    UnreadableToken {
        /// The reason.
        problem: &'static str,
    },
}

impl TokenError {
    /// Returns `true` if the server may have issued a token that nobody has.
    pub fn is_outcome_unknown(&self) -> bool {
        !matches!(self, Self::Rejected(_))
    }

    /// Returns the OAuth error code, if the server rejected the exchange.
    pub fn code(&self) -> Option<&TokenErrorCode> {
        match self {
            Self::Rejected(rejection) => Some(&rejection.code),
            _ => None,
        }
    }
}

/// The code of an error of the Management API, if there is one.
struct Code<'a>(Option<&'a ErrorCode>);

impl fmt::Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |code| write!(f, " and code {}", Printable(code.as_str())))
    }
}

/// The OAuth error of a token response (RFC 6749, section 5.2).
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRejection {
    status: StatusCode,
    code: TokenErrorCode,
    description: Option<Secret>,
}

impl TokenRejection {
    /// Returns the status of the response.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the error code.
    pub fn code(&self) -> &TokenErrorCode {
        &self.code
    }

    /// Returns the server's explanation for a developer. It is not part of `Display` or `Debug`, because it may repeat what was sent.
    pub fn description(&self) -> Option<&str> {
        self.description.as_ref().map(Secret::expose)
    }
}

impl fmt::Debug for TokenRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRejection").field("status", &self.status).field("code", &self.code).finish_non_exhaustive()
    }
}

impl fmt::Display for TokenRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server rejected the exchange of the code: {}", self.code)?;
        self.code.remedy().map_or(Ok(()), |remedy| write!(f, "; {remedy}"))
    }
}

impl std::error::Error for TokenRejection {}
