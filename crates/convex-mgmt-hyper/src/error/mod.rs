//! [`Error`]: why a call failed, with what is known about it.

mod chain;
mod proxy;
mod transport;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use convex_mgmt_proto::{ApiError, BuildError, ErrorCode, Idempotency, OperationMeta, ResponseError, Sent};
use http::StatusCode;

pub(crate) use self::chain::chain;
pub use self::proxy::ProxyRefusal;
pub(crate) use self::transport::SharedError;
pub use self::transport::{TransportError, TransportErrorKind};
use crate::layers::Attempts;

/// Why a call failed: one pointer wide, with the operation, the attempts, the time and whether anything was sent.
///
/// `Display` is one line, without any text from the answer; `source()` leads to the details of the transport.
pub struct Error(Box<Inner>);

struct Inner {
    operation: &'static OperationMeta,
    attempts: u32,
    elapsed: Duration,
    sent: Sent,
    /// Whether an attempt before the one that the cause is about may have been carried out.
    earlier: bool,
    cause: Cause,
}

pub(crate) enum Cause {
    Build(BuildError),
    Transport(TransportError),
    Response(ResponseError),
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request was not built: a value breaks a rule. Nothing was sent.
    Build,
    /// No connection: the name does not resolve, nobody listens, or it took too long. Nothing was sent.
    Connect,
    /// The server could not be trusted, TLS could not be agreed on, or only one of client and server speaks it. Nothing was
    /// done.
    Tls,
    /// The proxy rejected the connection. Nothing was sent.
    Proxy,
    /// The connection broke before the whole answer was there.
    Connection,
    /// The server did not process the request: it refused the stream of HTTP/2, or closed the connection before it.
    Unprocessed,
    /// The response is not valid HTTP: another protocol answers at this port, its head is malformed or larger than
    /// [`HEAD_LIMIT`](crate::builder::defaults::HEAD_LIMIT), or the framing of its body is malformed.
    InvalidResponse,
    /// An attempt waited too long for the head of the response, or for more of its body, and no further one was due.
    AttemptTimeout,
    /// The call with all its attempts took too long.
    DeadlineExceeded,
    /// The answer's body is larger than the client's limit.
    ResponseTooLarge,
    /// The server refused the credential, and the source of new ones failed. Nothing was done.
    Credential,
    /// The server said no, with a code.
    Api,
    /// The answer is a redirect. It was not followed.
    Redirect,
    /// The answer is neither a success nor one of the server's errors.
    UnexpectedReply,
    /// The answer has the status of a success, but cannot be read. For a write [`Error::is_applied`] is `true` then: where that
    /// is not certain, the kind is [`ErrorKind::OutcomeUnknown`].
    Decode,
    /// A layer or a transport of the integrator's failed.
    Layer,
    /// A write may have been carried out or not: the answer was lost, or something in between made it, or it proves neither.
    /// [`Error::verify_with`] names the operation that shows what became of it, [`Error::cause_kind`] says how it failed.
    OutcomeUnknown,
}

impl Error {
    pub(crate) fn build(operation: &'static OperationMeta, error: BuildError) -> Self {
        Self::new(operation, Attempts { count: 0, maybe_applied: false }, Duration::ZERO, Sent::No, Cause::Build(error))
    }

    pub(crate) fn new(
        operation: &'static OperationMeta,
        Attempts { count: attempts, maybe_applied: earlier }: Attempts,
        elapsed: Duration,
        sent: Sent,
        cause: Cause,
    ) -> Self {
        Self(Box::new(Inner { operation, attempts, elapsed, sent, earlier, cause }))
    }

    /// What kind of error this is. For a write of which it is not known whether it was carried out, that comes first:
    /// [`ErrorKind::OutcomeUnknown`].
    pub fn kind(&self) -> ErrorKind {
        let is_write = self.0.operation.idempotency != Idempotency::Safe;
        if is_write && self.is_open() { ErrorKind::OutcomeUnknown } else { self.cause_kind() }
    }

    /// Whether it is open if the operation was carried out in any attempt.
    fn is_open(&self) -> bool {
        // A success says that it was, whatever became of attempts before.
        !self.has_success() && (self.0.earlier || self.last_is_open())
    }

    /// Whether it is open if the last attempt carried the operation out, going by that attempt alone.
    fn last_is_open(&self) -> bool {
        match &self.0.cause {
            Cause::Build(_) => false,
            Cause::Transport(error) => error.maybe_applied(),
            Cause::Response(error) => error.maybe_applied(),
        }
    }

    /// Whether the answer is a success of the API's own, which cannot be read.
    fn has_success(&self) -> bool {
        matches!(&self.0.cause, Cause::Response(ResponseError::Decode(reply)) if reply.applied)
    }

    /// Returns `true` if a write was carried out, although this call failed: the API's answer is a success that cannot be read.
    /// [`Error::verify_with`] names the operation that shows the result; to send a create again would create a second one.
    pub fn is_applied(&self) -> bool {
        self.0.operation.idempotency != Idempotency::Safe && self.has_success()
    }

    /// The id of the operation that shows what became of this one, if this may have been carried out
    /// ([`ErrorKind::OutcomeUnknown`]) or was, and the result is lost ([`Error::is_applied`]). `None` if nothing was done, or if
    /// there is no such operation.
    pub fn verify_with(&self) -> Option<&'static str> {
        self.0
            .operation
            .verify_with
            .map(|operation| operation.id)
            .filter(|_| self.kind() == ErrorKind::OutcomeUnknown || self.is_applied())
    }

    /// How the call failed, whatever that means for the operation. Never [`ErrorKind::OutcomeUnknown`].
    pub fn cause_kind(&self) -> ErrorKind {
        match &self.0.cause {
            Cause::Build(_) => ErrorKind::Build,
            Cause::Transport(error) => match error.kind() {
                TransportErrorKind::Connect => ErrorKind::Connect,
                TransportErrorKind::Tls | TransportErrorKind::NotTls | TransportErrorKind::UnexpectedTls => {
                    ErrorKind::Tls
                }
                TransportErrorKind::Proxy(_) => ErrorKind::Proxy,
                TransportErrorKind::Connection => ErrorKind::Connection,
                TransportErrorKind::Unprocessed => ErrorKind::Unprocessed,
                TransportErrorKind::InvalidResponse => ErrorKind::InvalidResponse,
                TransportErrorKind::AttemptTimeout => ErrorKind::AttemptTimeout,
                TransportErrorKind::DeadlineExceeded => ErrorKind::DeadlineExceeded,
                TransportErrorKind::ResponseTooLarge { .. } => ErrorKind::ResponseTooLarge,
                TransportErrorKind::Credential => ErrorKind::Credential,
                TransportErrorKind::Layer => ErrorKind::Layer,
            },
            Cause::Response(error) => match error {
                ResponseError::Api(_) => ErrorKind::Api,
                ResponseError::Redirect(_) => ErrorKind::Redirect,
                ResponseError::Decode(_) => ErrorKind::Decode,
                _ => ErrorKind::UnexpectedReply,
            },
        }
    }

    /// Which operation failed.
    pub fn operation(&self) -> &'static OperationMeta {
        self.0.operation
    }

    /// How many attempts were begun.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the call took, waiting between attempts included.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Whether the server may have got the request in any of the attempts.
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// The rules that the request breaks, if it was not built.
    pub fn build_error(&self) -> Option<&BuildError> {
        match &self.0.cause {
            Cause::Build(error) => Some(error),
            _ => None,
        }
    }

    /// What the server said, if it said no.
    pub fn api(&self) -> Option<&ApiError> {
        match &self.0.cause {
            Cause::Response(ResponseError::Api(error)) => Some(error),
            _ => None,
        }
    }

    /// The code with which the server said no.
    pub fn code(&self) -> Option<&ErrorCode> {
        self.api().map(|error| &error.code)
    }

    /// The answer that was not a success or could not be read.
    pub fn response_error(&self) -> Option<&ResponseError> {
        match &self.0.cause {
            Cause::Response(error) => Some(error),
            _ => None,
        }
    }

    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.response_error().map(ResponseError::status)
    }

    /// How long the server asked to wait before the next try, if it did. One that asks for longer than
    /// [`RetryPolicy::max_retry_after`](convex_mgmt::RetryPolicy::max_retry_after) ends the call at once.
    pub fn retry_after(&self) -> Option<Duration> {
        self.response_error().and_then(ResponseError::retry_after)
    }

    /// The beginning of the answer's body, at most [`KEPT_BODY`](convex_mgmt::KEPT_BODY) bytes. It may hold secrets.
    pub fn body(&self) -> Option<&[u8]> {
        self.response_error().map(ResponseError::body)
    }

    /// Whether time ran out, for an attempt or for the whole call.
    pub fn is_timeout(&self) -> bool {
        matches!(self.cause_kind(), ErrorKind::AttemptTimeout | ErrorKind::DeadlineExceeded)
    }

    /// Whether the credential was refused: it is wrong (401), or lacks the permission or the plan (403).
    pub fn is_auth(&self) -> bool {
        self.cause_kind() == ErrorKind::Credential
            || matches!(self.status(), Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
    }

    /// Whether the server says that what was named is not there. An empty 404 is not meant: it stands for a wrong URL.
    pub fn is_not_found(&self) -> bool {
        self.api().is_some_and(|error| error.status == StatusCode::NOT_FOUND)
    }

    /// Whether the write lost against others at the same time. Nothing was changed.
    pub fn is_write_conflict(&self) -> bool {
        self.code() == Some(&ErrorCode::OptimisticConcurrencyControlFailure)
    }

    /// Whether too much was sent in too short a time.
    pub fn is_rate_limited(&self) -> bool {
        self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, attempts, elapsed, sent, cause, .. } = &*self.0;
        write!(f, "{}: ", operation.id)?;
        match cause {
            Cause::Build(error) => return write!(f, "{error}; nothing was sent"),
            Cause::Transport(error) => write!(f, "{error}")?,
            Cause::Response(error) => write!(f, "{error}")?,
        }
        let (known, next) = match (cause, sent) {
            // The text of the cause says it.
            (Cause::Transport(error), Sent::No) if error.kind() == TransportErrorKind::Unprocessed => ("", ""),
            (Cause::Transport(_), Sent::No) => ("; nothing was sent", ""),
            _ if self.is_applied() => ("; the operation was carried out", "to find the result"),
            _ if self.kind() != ErrorKind::OutcomeUnknown => ("", ""),
            _ if self.last_is_open() => ("; it may have been carried out", "to check"),
            _ => ("; an earlier attempt may have been carried out", "to check"),
        };
        f.write_str(known)?;
        if let Some(id) = self.verify_with() {
            write!(f, ": call {id} {next}")?;
        }
        if *attempts > 1 {
            write!(f, " ({attempts} attempts in {:.1} s)", elapsed.as_secs_f64())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, attempts, elapsed, sent, cause, .. } = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug.field("operation", &operation.id).field("kind", &self.kind()).field("failure", &self.cause_kind());
        debug.field("attempts", attempts).field("elapsed", elapsed).field("sent", sent);
        match cause {
            Cause::Build(error) => debug.field("cause", error),
            Cause::Transport(error) => debug.field("cause", error),
            Cause::Response(error) => debug.field("cause", error),
        };
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The texts of the others are part of this error's own.
        match &self.0.cause {
            Cause::Transport(error) => error.source(),
            Cause::Build(_) | Cause::Response(_) => None,
        }
    }
}
