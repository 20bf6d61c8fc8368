//! [`ProxyRefusal`]: the reason why a proxy rejects a connection.

use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;

/// The reason why a proxy rejects a connection to the endpoint's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyRefusal {
    /// It requires a user name and password, or rejects those in its URL. They are not sent again.
    Credentials,
    /// An HTTP proxy rejected `CONNECT` with this status.
    Status(StatusCode),
    /// A SOCKS 5 proxy rejected the connection with this reply code. RFC 1928, section 6, lists them.
    Reply(u8),
    /// It does not speak the protocol that its URL names, or the head of its response exceeds 8 KiB or 100 headers.
    Protocol,
}

impl ProxyRefusal {
    /// Returns `true` if a retry may succeed.
    pub(super) fn is_transient(self) -> bool {
        match self {
            Self::Status(status) => {
                status.is_server_error()
                    || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
            }
            // General failure; network or host unreachable; connection refused; TTL expired.
            Self::Reply(code) => matches!(code, 1 | 3..=6),
            Self::Credentials | Self::Protocol => false,
        }
    }
}

impl fmt::Display for ProxyRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credentials => {
                f.write_str("the proxy requires a user name and password, or rejects those in its URL")
            }
            Self::Status(status) => write!(f, "the proxy rejected the connection with status {status}"),
            Self::Reply(code) => write!(f, "the proxy rejected the connection with SOCKS reply {code}"),
            Self::Protocol => f.write_str("the proxy does not speak the protocol that its URL names"),
        }
    }
}

impl StdError for ProxyRefusal {}
