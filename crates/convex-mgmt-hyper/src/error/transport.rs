//! [`TransportError`]: what a transport says about a request that got no whole answer.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use convex_mgmt_proto::{Outcome, Sent};
use tower::BoxError;

use super::ProxyRefusal;
use super::chain::chain;
use crate::config::defaults::{HEAD_LIMIT, MAX_HEADERS};
use crate::layers::Attempts;

/// The reason of an error that several calls end with.
pub(crate) type SharedError = Arc<dyn StdError + Send + Sync>;

/// What a transport says about a request that got no whole answer.
///
/// A transport of an integrator's returns it too, so that retries know whether the request may have been sent. Any other error
/// counts as "maybe sent". It ends the call, unless an [`io::Error`] of kind `ConnectionReset`, `ConnectionAborted` or
/// `BrokenPipe` is the error or one of its sources: that one is [`TransportErrorKind::Connection`] and retried like it.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    sent: Sent,
    /// Whether the operation may have been carried out in this attempt.
    maybe_applied: bool,
    /// The attempts of the call that this ends, this one included.
    attempts: Attempts,
    source: Option<SharedError>,
}

/// The kinds of [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection.
    Connect,
    /// The server could not be trusted, or TLS could not be agreed on.
    Tls,
    /// The server does not seem to speak TLS, although the URL is `https`.
    NotTls,
    /// The server speaks TLS, although the URL is `http`.
    UnexpectedTls,
    /// The proxy rejected the connection.
    Proxy(ProxyRefusal),
    /// The connection broke before the whole answer was there.
    Connection,
    /// The server did not process the request: it refused the stream of HTTP/2, or closed the connection before it.
    Unprocessed,
    /// The response is not valid HTTP, or its head is too large.
    InvalidResponse,
    /// The head of the response did not come in the time of an attempt, or its body paused for as long.
    AttemptTimeout,
    /// The call took too long.
    DeadlineExceeded,
    /// The answer's body is larger than the limit.
    ResponseTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The server refused the credential, and the source of new ones failed.
    Credential,
    /// A layer or a transport of the integrator's failed with an error of its own.
    Layer,
}

impl TransportError {
    fn new(kind: TransportErrorKind, sent: Sent, source: Option<BoxError>) -> Self {
        let source = source.map(Into::into);
        Self { kind, sent, maybe_applied: sent == Sent::Maybe, attempts: Attempts::ONE, source }
    }

    /// There is no connection, so nothing was sent.
    pub fn connect(source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::Connect, Sent::No, Some(source.into()))
    }

    /// The server cannot be trusted, so nothing was sent. Another attempt would not help.
    pub fn tls(source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::Tls, Sent::No, Some(source.into()))
    }

    /// The server does not seem to speak TLS, so nothing was sent.
    pub(crate) fn not_tls(source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::NotTls, Sent::No, Some(source.into()))
    }

    /// The server's TLS rejected the request, which was sent in plaintext. So it was not carried out.
    pub(crate) fn unexpected_tls(source: impl Into<BoxError>) -> Self {
        let error = Self::new(TransportErrorKind::UnexpectedTls, Sent::Maybe, Some(source.into()));
        Self { maybe_applied: false, ..error }
    }

    /// The response is not valid HTTP, or its head is too large: the innermost source says which. It proves nothing about the
    /// request.
    pub(crate) fn invalid_response(source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::InvalidResponse, Sent::Maybe, Some(source.into()))
    }

    /// The proxy rejected the connection, so nothing was sent.
    pub fn proxy(refusal: ProxyRefusal) -> Self {
        Self::new(TransportErrorKind::Proxy(refusal), Sent::No, None)
    }

    /// The exchange broke; whether the server got the request is not known, unless `sent` says that it did not.
    pub fn connection(sent: Sent, source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::Connection, sent, Some(source.into()))
    }

    /// The server answers other requests, but provably did not process this one. It is repeated for every operation, and not
    /// out of the retry budget.
    pub fn unprocessed(source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::Unprocessed, Sent::No, Some(source.into()))
    }

    /// The answer's body is larger than `limit` bytes.
    pub fn response_too_large(limit: usize) -> Self {
        Self::new(TransportErrorKind::ResponseTooLarge { limit }, Sent::Maybe, None)
    }

    /// The server refused the credential, so nothing was done, and the source of new ones failed.
    pub(crate) fn credential(source: SharedError) -> Self {
        let refused = Self::new(TransportErrorKind::Credential, Sent::Maybe, None);
        Self { maybe_applied: false, source: Some(source), ..refused }
    }

    pub(crate) fn timeout(kind: TransportErrorKind, sent: Sent) -> Self {
        Self::new(kind, sent, None)
    }

    /// Any error of a service as a transport error: one stays what it is, another is wrapped. A lost connection is
    /// recognized by the operating system's error among the sources, whatever the service wraps it in.
    pub(crate) fn from_any(error: impl Into<BoxError>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(error) if is_connection_lost(&*error) => Self::connection(Sent::Maybe, error),
            Err(error) => Self::new(TransportErrorKind::Layer, Sent::Maybe, Some(error)),
        }
    }

    /// What a service says that is not ready: it was given no request, so nothing was sent, whatever the error says.
    pub(crate) fn not_ready(error: impl Into<BoxError>) -> Self {
        Self::from_any(error).unsent()
    }

    /// The same failure where it is known that nothing was sent.
    pub(crate) fn unsent(self) -> Self {
        Self { sent: Sent::No, maybe_applied: false, ..self }
    }

    /// The same error as the end of a call with these attempts, of which any may have been sent.
    pub(crate) fn after(self, attempts: Attempts, sent: Sent) -> Self {
        Self { attempts, sent, ..self }
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the server may have got the request: of this attempt, or of any attempt if it ends a call.
    pub fn sent(&self) -> Sent {
        self.sent
    }

    /// Whether the operation may have been carried out in this attempt.
    pub(crate) fn maybe_applied(&self) -> bool {
        self.maybe_applied
    }

    /// The attempts of the call that this ends, and whether one before this may have been carried out.
    pub(crate) fn before(&self) -> Attempts {
        self.attempts
    }

    /// How many attempts the call had that this ends.
    pub fn attempts(&self) -> u32 {
        self.attempts.count
    }

    /// The last of the sources.
    fn innermost(&self) -> Option<&(dyn StdError + 'static)> {
        let mut last = self.source()?;
        while let Some(source) = last.source() {
            last = source;
        }
        Some(last)
    }

    /// What the decision on another attempt needs to know.
    pub(crate) fn outcome(&self) -> Outcome {
        match self.kind {
            TransportErrorKind::Unprocessed => Outcome::Unprocessed,
            // What is invalid on a kept connection may be left over from an earlier response. Another one may do better.
            TransportErrorKind::Connect
            | TransportErrorKind::Connection
            | TransportErrorKind::InvalidResponse
            | TransportErrorKind::AttemptTimeout => Outcome::NoResponse(self.sent),
            TransportErrorKind::Proxy(refusal) if refusal.is_transient() => Outcome::NoResponse(self.sent),
            TransportErrorKind::Tls
            | TransportErrorKind::NotTls
            | TransportErrorKind::UnexpectedTls
            | TransportErrorKind::Proxy(_)
            | TransportErrorKind::DeadlineExceeded
            | TransportErrorKind::ResponseTooLarge { .. }
            | TransportErrorKind::Credential
            | TransportErrorKind::Layer => Outcome::Final,
        }
    }
}

/// Returns whether an error of a service comes from a connection that was lost. A [`TransportError`] inside a wrapper ends the
/// search: its sources are explained by its kind.
fn is_connection_lost(error: &(dyn StdError + 'static)) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    let errors = chain(error).take_while(|error| !error.is::<TransportError>());
    let mut kinds = errors.filter_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind);
    kinds.any(|kind| matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset))
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TransportErrorKind::Connect => f.write_str("cannot connect"),
            TransportErrorKind::Tls => f.write_str("cannot establish a trusted TLS connection"),
            TransportErrorKind::NotTls => {
                f.write_str("the server does not seem to speak TLS at this port: use `http` or another port")
            }
            TransportErrorKind::UnexpectedTls => f.write_str(
                "the server speaks TLS at this port: use `https` (the request was sent there in plaintext and not carried out)",
            ),
            TransportErrorKind::InvalidResponse => {
                let limit = HEAD_LIMIT / 1024;
                write!(f, "the response is not valid HTTP, or its head exceeds {limit} KiB or {MAX_HEADERS} fields")?;
                // These texts are hyper's and hold nothing of the response.
                self.innermost().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            TransportErrorKind::Proxy(refusal) => refusal.fmt(f),
            TransportErrorKind::Connection => f.write_str("the connection broke before the whole answer was there"),
            TransportErrorKind::Unprocessed => f.write_str("the server did not process the request"),
            TransportErrorKind::AttemptTimeout => f.write_str("the attempt timed out waiting for the response"),
            TransportErrorKind::DeadlineExceeded => f.write_str("the call timed out waiting for the response"),
            TransportErrorKind::ResponseTooLarge { limit } => {
                write!(f, "the answer's body is larger than the limit of {limit} bytes")
            }
            TransportErrorKind::Credential => f.write_str("the server refused the credential, and there is no new one"),
            TransportErrorKind::Layer => f.write_str("a layer or transport failed"),
        }
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
