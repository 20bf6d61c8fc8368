//! The error codes of RFC 6749: those of a redirect and those of a token response.

use crate::types::open::open_enum;

open_enum! {
    /// The `error` of a redirect. Source: RFC 6749, section 4.1.2.1.
    pub enum AuthorizationErrorCode {
        /// The user denied the access.
        AccessDenied = "access_denied",
        /// The request lacks a parameter, or a parameter is invalid or repeated.
        InvalidRequest = "invalid_request",
        /// The scope is invalid.
        InvalidScope = "invalid_scope",
        /// The server failed.
        ServerError = "server_error",
        /// The server is overloaded or in maintenance.
        TemporarilyUnavailable = "temporarily_unavailable",
        /// The application may not ask for codes.
        UnauthorizedClient = "unauthorized_client",
        /// The server does not issue codes.
        UnsupportedResponseType = "unsupported_response_type",
    }
}

impl AuthorizationErrorCode {
    /// Returns the next step after this code: one clause for a person. `None` if there is nothing to add to the code.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::AccessDenied => "the user denied the access",
            Self::InvalidRequest | Self::InvalidScope | Self::UnauthorizedClient | Self::UnsupportedResponseType => {
                "check the client id, the redirect URI and the registration of the application"
            }
            Self::ServerError | Self::TemporarilyUnavailable => "start the authorization over later",
            Self::_Unknown(_) => return None,
        })
    }
}

open_enum! {
    /// The `error` of a token response. Source: RFC 6749, section 5.2.
    pub enum TokenErrorCode {
        /// The client id or the client secret is wrong.
        InvalidClient = "invalid_client",
        /// The code is invalid, expired, used, or another application's, or does not match the redirect URI or the PKCE verifier.
        InvalidGrant = "invalid_grant",
        /// The request lacks a parameter, or a parameter is invalid or repeated.
        InvalidRequest = "invalid_request",
        /// The scope is invalid.
        InvalidScope = "invalid_scope",
        /// The application may not exchange codes.
        UnauthorizedClient = "unauthorized_client",
        /// The server does not exchange codes.
        UnsupportedGrantType = "unsupported_grant_type",
    }
}

impl TokenErrorCode {
    /// Returns the next step after this code: one clause for a person. `None` if there is nothing to add to the code.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::InvalidClient => "check the client id and the client secret",
            Self::InvalidGrant => {
                "the code expired, was used, or belongs to another request: start the authorization over"
            }
            Self::InvalidRequest | Self::InvalidScope | Self::UnauthorizedClient | Self::UnsupportedGrantType => {
                "check the registration of the application"
            }
            Self::_Unknown(_) => return None,
        })
    }
}

/// Returns `true` for the text of an error code: 1 to 64 characters of RFC 6749, appendix A.7, without spaces. Any other text is not shown.
pub(super) fn is_code(text: &str) -> bool {
    let is_valid = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    (1..=64).contains(&text.len()) && text.bytes().all(is_valid)
}
