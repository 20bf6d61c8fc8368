//! What a failed exchange says: whether anything was sent, and which layer failed.

use std::error::Error as StdError;

use convex_mgmt_proto::Sent;

use crate::builder::ConfigError;
use crate::error::{ProxyRefusal, TransportError};

pub(super) fn unsent_or_broken(error: hyper_util::client::legacy::Error) -> TransportError {
    if !error.is_connect() {
        return TransportError::broken(Sent::Maybe, error);
    }
    if let Some(refusal) = find::<ProxyRefusal>(&error) {
        return TransportError::proxy(*refusal);
    }
    if is_tls(&error) { TransportError::tls(error) } else { TransportError::connect(error) }
}

/// Whether TLS itself refused, or this build has none, rather than the network below it.
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "tls")]
    if find::<rustls::Error>(error).is_some() {
        return true;
    }
    find::<ConfigError>(error).is_some()
}

/// The first error of this type among an error and its sources. hyper wraps the reason more than once, and an `io::Error` leaves
/// the error it wraps out of its `source()`.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
