//! What a failed exchange says: whether anything was sent, and which layer failed.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use convex_mgmt_proto::Sent;

use super::pool::Unopened;
use super::progress::Progress;
use crate::error::TransportError;

/// There is no connection.
pub(super) fn unopened(why: Arc<Unopened>) -> TransportError {
    let is_tls = is_tls(&**why.reason());
    match &*why {
        Unopened::Broken(_) => TransportError::broken(Sent::No, NotOpened(why)),
        Unopened::Connect(_) if is_tls => TransportError::tls(NotOpened(why)),
        Unopened::Connect(_) => TransportError::connect(NotOpened(why)),
    }
}

/// The connection gave the request back, and so has sent nothing of it.
pub(super) fn unsent(error: hyper::Error) -> TransportError {
    TransportError::broken(Sent::No, error)
}

/// The exchange broke after a connection had taken the request.
pub(super) fn broken(error: hyper::Error, is_http2: bool, progress: &Progress) -> TransportError {
    // A server does not process a request before its end, and the connection has not even asked for that.
    let unfinished = is_http2 && !progress.is_taken();
    if unfinished || is_unprocessed(&error) {
        return TransportError::unprocessed(error);
    }
    TransportError::broken(Sent::Maybe, error)
}

/// Whether the server says that it did not process the request: it refused the stream, or closes the connection and names a
/// stream before this one as the last that it processes (RFC 9113, 8.7). h2 fails only streams behind that one with `GOAWAY`.
#[cfg(feature = "http2")]
fn is_unprocessed(error: &(dyn StdError + 'static)) -> bool {
    let h2 = causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>());
    h2.is_some_and(|h2| {
        h2.is_remote() && (h2.is_go_away() || (h2.is_reset() && h2.reason() == Some(h2::Reason::REFUSED_STREAM)))
    })
}

#[cfg(not(feature = "http2"))]
fn is_unprocessed(_error: &(dyn StdError + 'static)) -> bool {
    false
}

/// Whether TLS itself refused, rather than the network below it.
#[cfg(feature = "tls")]
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<rustls::Error>())
}

#[cfg(not(feature = "tls"))]
fn is_tls(_error: &(dyn StdError + 'static)) -> bool {
    false
}

/// An error and what it wraps. hyper wraps a reason more than once, and an `io::Error` leaves the error it wraps out of its
/// `source()`.
#[cfg(any(feature = "http2", feature = "tls"))]
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        }
    })
}

/// A connection was not opened, for all calls that waited for it.
#[derive(Debug)]
struct NotOpened(Arc<Unopened>);

impl fmt::Display for NotOpened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection was opened")
    }
}

impl StdError for NotOpened {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&**self.0.reason())
    }
}
