//! Maps the errors of an exchange to [`TransportError`]: the kind of failure, and whether the request was sent.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use convex_mgmt_proto::Sent;
use http::Uri;

use super::pool::Unopened;
use crate::config::ConfigError;
use crate::connect::{TlsAlert, Unresolved};
use crate::error::{ProxyRefusal, TransportError, chain};
use crate::progress::Progress;

/// Returns the error of a call to this URI for which no connection was opened.
pub(super) fn unopened(uri: &Uri, why: Arc<Unopened>) -> TransportError {
    let reason: &(dyn StdError + 'static) = &**why.reason();
    if let Some(refusal) = find::<ProxyRefusal>(reason) {
        return TransportError::proxy(*refusal);
    }
    // The name of a proxy is not a part of the URL.
    let host = uri.host().unwrap_or_default();
    if find::<Unresolved>(reason).is_some_and(|unresolved| unresolved.host().eq_ignore_ascii_case(host)) {
        return TransportError::dns(NotOpened(why));
    }
    let (is_tls, is_not_tls) = (is_tls(reason), is_not_tls(reason));
    match &*why {
        Unopened::Broken(_) => unsent(NotOpened(why)),
        Unopened::Connect(_) if is_not_tls => TransportError::not_tls(NotOpened(why)),
        Unopened::Connect(_) if is_tls => TransportError::tls(NotOpened(why)),
        Unopened::Connect(_) => TransportError::connect(NotOpened(why)),
    }
}

/// Returns the error of an exchange that failed before the connection took the request.
pub(super) fn unsent<E: StdError + Send + Sync + 'static>(error: E) -> TransportError {
    broken(error).unsent()
}

/// Returns the error of an exchange that failed after the connection took the request, and before the head of the response.
pub(super) fn no_response(error: hyper::Error, is_http2: bool, progress: &Progress) -> TransportError {
    // A server does not process a request before its end, and the connection has not requested the end of the body.
    let unfinished = is_http2 && !progress.has_begun();
    if unfinished || is_unprocessed(&error) {
        return TransportError::unprocessed(error);
    }
    broken(error)
}

/// Returns the error of an exchange that failed over an open connection.
pub(super) fn broken<E: StdError + Send + Sync + 'static>(error: E) -> TransportError {
    if find::<TlsAlert>(&error).is_some() {
        return TransportError::unexpected_tls(error);
    }
    // hyper reports a head that is too large only in its text, and h2 does not report it at all.
    let is_bad_head = find::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse);
    if is_bad_head || is_bad_framing(&error) || is_http2_violation(&error) {
        return TransportError::invalid_response(error);
    }
    TransportError::connection(Sent::Maybe, error)
}

/// Returns `true` if the server reports that it did not process the request. It rejected the stream, or it closes the connection
/// and names an earlier stream as the last one that it processes (RFC 9113, section 8.7). h2 fails only later streams with
/// `GOAWAY`.
#[cfg(feature = "http2")]
fn is_unprocessed(error: &(dyn StdError + 'static)) -> bool {
    find::<h2::Error>(error).is_some_and(|h2| {
        let refused = h2.is_reset() && h2.reason() == Some(h2::Reason::REFUSED_STREAM);
        h2.is_remote() && (refused || h2.is_go_away())
    })
}

#[cfg(not(feature = "http2"))]
fn is_unprocessed(_error: &(dyn StdError + 'static)) -> bool {
    false
}

/// Returns `true` if the chunks of a body are malformed. hyper reports that as an IO error, like a connection that fails. The
/// error of hyper has a text; errors of the system have none, and TLS has a type of its own.
fn is_bad_framing(error: &(dyn StdError + 'static)) -> bool {
    let malformed = |error: &io::Error| {
        matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) && error.get_ref().is_some()
    };
    find::<io::Error>(error).is_some_and(malformed) && !is_tls(error)
}

/// Returns `true` if the client detected a protocol violation of the server.
#[cfg(feature = "http2")]
fn is_http2_violation(error: &(dyn StdError + 'static)) -> bool {
    find::<h2::Error>(error).is_some_and(h2::Error::is_library)
}

#[cfg(not(feature = "http2"))]
fn is_http2_violation(_error: &(dyn StdError + 'static)) -> bool {
    false
}

/// Returns `true` if TLS failed or is not built in, and not the network below it.
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "tls")]
    if find::<rustls::Error>(error).is_some() {
        return true;
    }
    find::<ConfigError>(error).is_some()
}

/// Returns `true` if the server's bytes in the handshake are not TLS records.
#[cfg(feature = "tls")]
fn is_not_tls(error: &(dyn StdError + 'static)) -> bool {
    use rustls::InvalidMessage::{InvalidContentType, MessageTooLarge, UnknownProtocolVersion};
    matches!(
        find(error),
        Some(rustls::Error::InvalidMessage(InvalidContentType | MessageTooLarge | UnknownProtocolVersion))
    )
}

#[cfg(not(feature = "tls"))]
fn is_not_tls(_error: &(dyn StdError + 'static)) -> bool {
    false
}

/// Returns the first error of this type among an error and its sources. hyper wraps the reason more than once.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// The shared error of all calls that waited for a connection which was not opened.
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
