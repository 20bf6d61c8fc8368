//! [`ExchangeError`]: an exchange without a token.

use convex_mgmt_proto::Sent;
use convex_mgmt_proto::oauth::{TokenError, TokenErrorCode};
use thiserror::Error;

use crate::error::TransportError;

/// An exchange of a code that returned no token. After any of these errors the user starts over with a new authorization.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The server did not receive the request, or did not execute it. No token was issued.
    #[error("the code was not exchanged: start the authorization over")]
    NotExchanged(#[source] TransportError),
    /// The response was lost. The server may have issued a token that nobody has, and the code may be used up.
    #[error(
        "the response to the exchange of the code was lost, so the outcome is unknown: start the authorization over"
    )]
    Lost(#[source] TransportError),
    /// The response contains no token.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl ExchangeError {
    /// Sorts the failure of a transport.
    pub(super) fn from_transport(error: TransportError) -> Self {
        if error.sent() == Sent::No || !error.maybe_applied() { Self::NotExchanged(error) } else { Self::Lost(error) }
    }

    /// Returns `true` if the server may have issued a token that nobody has.
    pub fn is_outcome_unknown(&self) -> bool {
        match self {
            Self::NotExchanged(_) => false,
            Self::Lost(_) => true,
            Self::Token(error) => error.is_outcome_unknown(),
        }
    }

    /// Returns the OAuth error code, if the server rejected the exchange.
    pub fn code(&self) -> Option<&TokenErrorCode> {
        match self {
            Self::Token(error) => error.code(),
            _ => None,
        }
    }
}
