//! [`TransportError`]: a request that failed before a complete response was received.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use convex_mgmt_proto::{Outcome, Sent};
use tower::BoxError;

use super::attempts::Attempts;
use super::chain::chain;
use super::proxy::ProxyRefusal;
use crate::config::defaults::{HEAD_LIMIT, MAX_HEADERS};

/// The source of an error that several calls share.
pub(crate) type SharedError = Arc<dyn StdError + Send + Sync>;

/// A request that failed before a complete response was received.
///
/// A transport of your own returns it so that retries know whether the request may have been sent. Any other error counts as
/// "maybe sent" and ends the call. The exception is an error that is or wraps an [`io::Error`] of kind `ConnectionReset`,
/// `ConnectionAborted` or `BrokenPipe`: it becomes [`TransportErrorKind::Connection`] and is retried like that.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    sent: Sent,
    /// `true` if the operation may have taken effect in this attempt.
    maybe_applied: bool,
    /// The attempts of the call that this error ends, including this one.
    attempts: Attempts,
    source: Option<SharedError>,
}

/// The kinds of [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host name does not resolve.
    Dns,
    /// Could not connect: the connection was refused, the network is unreachable, or connecting timed out.
    Connect,
    /// The TLS handshake failed, for example because the certificate is not trusted.
    Tls,
    /// The server does not seem to speak TLS, although the URL is `https`.
    NotTls,
    /// The server speaks TLS, although the URL is `http`.
    UnexpectedTls,
    /// The proxy rejected the connection.
    Proxy(ProxyRefusal),
    /// The connection broke before the response ended.
    Connection,
    /// The server did not process the request: it refused the HTTP/2 stream, or closed the connection before it.
    Unprocessed,
    /// The response is not valid HTTP, or its head is too large.
    InvalidResponse,
    /// The head of the response did not arrive within the attempt timeout, or its body paused for longer.
    AttemptTimeout,
    /// The call took too long.
    DeadlineExceeded,
    /// The response body is larger than the limit.
    ResponseTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The server rejected the credential, and the source of new credentials failed.
    Credential,
    /// The request is destructive and has no confirmation, and [`Guard`](crate::layers::Guard) rejected it.
    NotConfirmed,
    /// A layer or transport of the integrator failed with an error of its own.
    Layer,
}

impl TransportErrorKind {
    /// Returns the name for logs and metrics: the variant's name in snake case. Names do not change.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::NotTls => "not_tls",
            Self::UnexpectedTls => "unexpected_tls",
            Self::Proxy(_) => "proxy",
            Self::Connection => "connection",
            Self::Unprocessed => "unprocessed",
            Self::InvalidResponse => "invalid_response",
            Self::AttemptTimeout => "attempt_timeout",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::ResponseTooLarge { .. } => "response_too_large",
            Self::Credential => "credential",
            Self::NotConfirmed => "not_confirmed",
            Self::Layer => "layer",
        }
    }
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl TransportError {
    fn new(kind: TransportErrorKind, sent: Sent, source: Option<BoxError>) -> Self {
        let source = source.map(Into::into);
        Self { kind, sent, maybe_applied: sent == Sent::Maybe, attempts: Attempts::ONE, source }
    }

    /// Creates the error of a host name that does not resolve. Nothing was sent.
    pub fn dns(source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::Dns, Sent::No, Some(source.into()))
    }

    /// Creates the error of a connection that cannot be opened. Nothing was sent.
    pub fn connect(source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::Connect, Sent::No, Some(source.into()))
    }

    /// Creates the error of a failed TLS handshake. Nothing was sent. It is not retried.
    pub fn tls(source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::Tls, Sent::No, Some(source.into()))
    }

    /// Creates the error of a server that does not seem to speak TLS. Nothing was sent.
    pub fn not_tls(source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::NotTls, Sent::No, Some(source.into()))
    }

    /// Creates the error of a request that was sent in plaintext and that the server's TLS rejected. It was not executed.
    pub fn unexpected_tls(source: impl Into<BoxError>) -> Self {
        let error = Self::new(TransportErrorKind::UnexpectedTls, Sent::Maybe, Some(source.into()));
        Self { maybe_applied: false, ..error }
    }

    /// Creates the error of a response that is not valid HTTP, or has too large a head. The innermost source is the reason. The
    /// outcome of the request is unknown.
    pub fn invalid_response(source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::InvalidResponse, Sent::Maybe, Some(source.into()))
    }

    /// Creates the error of a connection that the proxy rejected. Nothing was sent.
    pub fn proxy(refusal: ProxyRefusal) -> Self {
        Self::new(TransportErrorKind::Proxy(refusal), Sent::No, None)
    }

    /// Creates the error of a connection that broke before the response ended. [`Sent::No`] states that the request did
    /// not reach the server.
    pub fn connection(sent: Sent, source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::Connection, sent, Some(source.into()))
    }

    /// Creates the error of a request that the server provably did not process, although it responds to others. It is retried for
    /// every operation, without a withdrawal from the retry budget.
    pub fn unprocessed(source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::Unprocessed, Sent::No, Some(source.into()))
    }

    /// Creates the error of a response body that is larger than `limit` bytes.
    pub fn response_too_large(limit: usize) -> Self {
        Self::new(TransportErrorKind::ResponseTooLarge { limit }, Sent::Maybe, None)
    }

    /// Creates the error of a request whose credential the server rejected, after the source of new ones failed. Nothing was
    /// executed.
    pub(crate) fn credential(source: SharedError) -> Self {
        let rejected = Self::new(TransportErrorKind::Credential, Sent::Maybe, None);
        Self { maybe_applied: false, source: Some(source), ..rejected }
    }

    /// Creates the error of a destructive request without a confirmation. Nothing was sent.
    pub(crate) fn not_confirmed() -> Self {
        Self { attempts: Attempts::NONE, ..Self::new(TransportErrorKind::NotConfirmed, Sent::No, None) }
    }

    /// Creates the error of a layer that ends a request which the server has not executed, although it may have received it.
    pub(crate) fn not_executed(sent: Sent, source: impl Into<BoxError>) -> Self {
        Self { maybe_applied: false, ..Self::new(TransportErrorKind::Layer, sent, Some(source.into())) }
    }

    /// Creates the error of an attempt or a call that took too long.
    pub(crate) fn timeout(kind: TransportErrorKind, sent: Sent) -> Self {
        Self::new(kind, sent, None)
    }

    /// Converts the error of a service. A transport error is kept, and any other one is wrapped. A lost connection is recognized
    /// by the operating system's error among the sources.
    pub(crate) fn from_any(error: impl Into<BoxError>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(error) if is_connection_lost(&*error) => Self::connection(Sent::Maybe, error),
            Err(error) => Self::new(TransportErrorKind::Layer, Sent::Maybe, Some(error)),
        }
    }

    /// Converts the error of a service that is not ready. It received no request, so nothing was sent.
    pub(crate) fn not_ready(error: impl Into<BoxError>) -> Self {
        Self::from_any(error).unsent()
    }

    /// Returns the same failure for a request that was not sent.
    pub(crate) fn unsent(self) -> Self {
        Self { sent: Sent::No, maybe_applied: false, ..self }
    }

    /// Returns the same error as the end of a call with these attempts. `sent` is for all of them.
    pub(crate) fn after(self, attempts: Attempts, sent: Sent) -> Self {
        Self { attempts, sent, ..self }
    }

    /// Returns the kind of the failure.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Returns whether the request may have reached the server: in this attempt, or in any attempt if the error ends a call.
    pub fn sent(&self) -> Sent {
        self.sent
    }

    /// Returns `true` if the operation may have taken effect in this attempt.
    pub(crate) fn maybe_applied(&self) -> bool {
        self.maybe_applied
    }

    /// Returns the attempts of the call that this error ends.
    pub(crate) fn history(&self) -> Attempts {
        self.attempts
    }

    /// Returns the number of attempts of the call that this error ends.
    pub fn attempts(&self) -> u32 {
        self.attempts.count
    }

    /// Returns the last of the sources.
    fn innermost(&self) -> Option<&(dyn StdError + 'static)> {
        let mut last = self.source()?;
        while let Some(source) = last.source() {
            last = source;
        }
        Some(last)
    }

    /// Returns the part that the retry decision needs.
    pub(crate) fn outcome(&self) -> Outcome {
        match self.kind {
            TransportErrorKind::Unprocessed => Outcome::Unprocessed,
            // An invalid response on a pooled connection may be left over from an earlier one. A new connection may work.
            TransportErrorKind::Dns
            | TransportErrorKind::Connect
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
            | TransportErrorKind::NotConfirmed
            | TransportErrorKind::Layer => Outcome::NotRetryable(self.sent),
        }
    }
}

/// Returns `true` if an error of a service comes from a lost connection. A [`TransportError`] inside a wrapper ends the search,
/// because its kind explains its sources.
fn is_connection_lost(error: &(dyn StdError + 'static)) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    let errors = chain(error).take_while(|error| !error.is::<TransportError>());
    let mut kinds = errors.filter_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind);
    kinds.any(|kind| matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset))
}

impl TransportError {
    /// Returns the text of the error, with the name of the server.
    pub(super) fn describe<'a>(&'a self, server: &'a str) -> impl fmt::Display + 'a {
        Text { error: self, server }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Text { error: self, server: "the server" }.fmt(f)
    }
}

struct Text<'a> {
    error: &'a TransportError,
    server: &'a str,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { error, server } = self;
        match error.kind {
            TransportErrorKind::Dns => {
                write!(f, "cannot find an address for {server}: check the host name and the network")
            }
            TransportErrorKind::Connect => write!(f, "cannot connect to {server}"),
            TransportErrorKind::Tls => write!(f, "cannot establish a trusted TLS connection to {server}"),
            TransportErrorKind::NotTls => {
                write!(f, "{server} does not seem to speak TLS at this port: use `http` or another port")
            }
            TransportErrorKind::UnexpectedTls => write!(
                f,
                "{server} speaks TLS at this port: use `https` (the request was sent in plaintext and not executed)",
            ),
            TransportErrorKind::InvalidResponse => {
                let limit = HEAD_LIMIT / 1024;
                write!(f, "the response from {server} is not valid HTTP, or its head exceeds {limit} KiB or ")?;
                write!(f, "{MAX_HEADERS} headers")?;
                // These texts are hyper's and hold nothing of the response.
                error.innermost().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            TransportErrorKind::Proxy(refusal) => refusal.fmt(f),
            TransportErrorKind::Connection => {
                write!(f, "the connection to {server} broke before the response ended")
            }
            TransportErrorKind::Unprocessed => write!(f, "{server} did not process the request"),
            TransportErrorKind::AttemptTimeout => write!(f, "the attempt timed out waiting for {server}"),
            // The call may have waited for a free slot, which is not the server's fault.
            TransportErrorKind::DeadlineExceeded if error.sent == Sent::No => {
                write!(f, "the call timed out before its request was sent to {server}")
            }
            TransportErrorKind::DeadlineExceeded => write!(f, "the call timed out waiting for {server}"),
            TransportErrorKind::ResponseTooLarge { limit } => {
                write!(f, "the response body exceeds the limit of {limit} bytes")
            }
            TransportErrorKind::Credential => {
                write!(f, "{server} rejects the credential, and the source of new ones failed")
            }
            TransportErrorKind::NotConfirmed => {
                f.write_str("not confirmed: read the losses with `Client::losses`, then call `Client::send_confirmed`")
            }
            TransportErrorKind::Layer => f.write_str("a layer or transport failed"),
        }
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
