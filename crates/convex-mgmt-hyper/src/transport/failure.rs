//! What a failed exchange says: whether anything was sent, and which layer failed.

use std::error::Error as StdError;

use convex_mgmt_proto::Sent;

use crate::error::TransportError;

pub(super) fn unsent_or_broken(error: hyper_util::client::legacy::Error) -> TransportError {
    if !error.is_connect() {
        return TransportError::broken(Sent::Maybe, error);
    }
    if is_tls(&error) { TransportError::tls(error) } else { TransportError::connect(error) }
}

/// Whether TLS itself refused, rather than the network below it. hyper wraps the reason more than once, and an `io::Error`
/// leaves the error it wraps out of its `source()`.
#[cfg(feature = "tls")]
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

#[cfg(not(feature = "tls"))]
fn is_tls(_error: &(dyn StdError + 'static)) -> bool {
    false
}
