//! [`TransportError`]: what a transport says about a request that got no whole answer.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use convex_mgmt_proto::{Outcome, Sent};
use tower::BoxError;

use crate::layers::Attempts;

/// The reason of an error that several calls end with.
pub(crate) type SharedError = Arc<dyn StdError + Send + Sync>;

/// What a transport says about a request that got no whole answer.
///
/// A transport of an integrator's returns it too, so that retries know whether the request may have been sent; any other
/// error counts as "maybe sent" and ends the call.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    sent: Sent,
    attempts: u32,
    /// Whether the operation may have been carried out: in this attempt, or in any attempt if this ends a call.
    may_be_done: bool,
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
    /// The connection broke before the whole answer was there.
    Broken,
    /// The attempt took too long.
    AttemptTimeout,
    /// The call took too long.
    TotalTimeout,
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
        Self { kind, sent, attempts: 1, may_be_done: sent == Sent::Maybe, source: source.map(Into::into) }
    }

    /// There is no connection, so nothing was sent.
    pub fn connect(source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::Connect, Sent::No, Some(source.into()))
    }

    /// The server cannot be trusted, so nothing was sent. Another attempt would not help.
    pub fn tls(source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::Tls, Sent::No, Some(source.into()))
    }

    /// The exchange broke; whether the server got the request is not known, unless `sent` says that it did not.
    pub fn broken(sent: Sent, source: impl Into<BoxError>) -> Self {
        Self::new(TransportErrorKind::Broken, sent, Some(source.into()))
    }

    /// The answer's body is larger than `limit` bytes.
    pub fn response_too_large(limit: usize) -> Self {
        Self::new(TransportErrorKind::ResponseTooLarge { limit }, Sent::Maybe, None)
    }

    /// The server refused the credential, so nothing was done, and the source of new ones failed.
    pub(crate) fn credential(source: SharedError) -> Self {
        let refused = Self::new(TransportErrorKind::Credential, Sent::Maybe, None);
        Self { may_be_done: false, source: Some(source), ..refused }
    }

    pub(crate) fn timeout(kind: TransportErrorKind, sent: Sent) -> Self {
        Self::new(kind, sent, None)
    }

    /// Any error of a service as a transport error: one stays what it is, another is wrapped.
    pub(crate) fn from_any(error: impl Into<BoxError>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(error) => Self::new(TransportErrorKind::Layer, Sent::Maybe, Some(error)),
        }
    }

    /// What a service says that is not ready: it was given no request, so nothing was sent, whatever the error says.
    pub(crate) fn not_ready(error: impl Into<BoxError>) -> Self {
        Self { sent: Sent::No, may_be_done: false, ..Self::from_any(error) }
    }

    /// The same error as the end of a call with so many attempts, of which any may have been sent.
    pub(crate) fn after(self, before: Attempts, sent: Sent) -> Self {
        Self { attempts: before.count, sent, may_be_done: self.may_be_done || before.may_be_done, ..self }
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the server may have got the request: of this attempt, or of any attempt if it ends a call.
    pub fn sent(&self) -> Sent {
        self.sent
    }

    /// Whether the operation may have been carried out: in this attempt, or in any attempt if this ends a call.
    pub(crate) fn may_be_done(&self) -> bool {
        self.may_be_done
    }

    /// How many attempts the call had that this ends.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// What the decision on another attempt needs to know.
    pub(crate) fn outcome(&self) -> Outcome {
        match self.kind {
            TransportErrorKind::Connect | TransportErrorKind::Broken | TransportErrorKind::AttemptTimeout => {
                Outcome::Broken(self.sent)
            }
            TransportErrorKind::Tls
            | TransportErrorKind::TotalTimeout
            | TransportErrorKind::ResponseTooLarge { .. }
            | TransportErrorKind::Credential
            | TransportErrorKind::Layer => Outcome::Settled,
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TransportErrorKind::Connect => f.write_str("cannot connect"),
            TransportErrorKind::Tls => f.write_str("cannot establish a trusted TLS connection"),
            TransportErrorKind::Broken => f.write_str("the connection broke before the whole answer was there"),
            TransportErrorKind::AttemptTimeout => f.write_str("no answer in the time of an attempt"),
            TransportErrorKind::TotalTimeout => f.write_str("no answer in the time of the whole call"),
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
