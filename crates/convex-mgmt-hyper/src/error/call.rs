//! [`Error`]: the facts about a failed call.

use std::error::Error as StdError;
use std::time::Duration;

use convex_mgmt_proto::DeploymentEndpointError;
use convex_mgmt_proto::deployment::environment_variables::{PlanConflict, PlanError};
use convex_mgmt_proto::guard::ConfirmationError;
use convex_mgmt_proto::{
    ApiError, BuildError, Compatibility, CredentialKind, ErrorCode, Idempotency, OperationMeta, PagingError,
    ResponseError, Sent,
};
use http::StatusCode;

use super::attempts::Attempts;
use super::kind::ErrorKind;
use super::transport::{TransportError, TransportErrorKind};

/// The failure of a call, with the deployment, the operation, the attempts and the time. It is one pointer in size.
///
/// [`Error::advice`] returns the next step for a program. `Display` is one line for a person. It has no text from the response
/// body and no credential. [`Error::summary`] is that line without the [remedy](Error::remedy). `source()` returns the details of
/// a transport failure.
pub struct Error(pub(super) Box<Inner>);

pub(super) struct Inner {
    pub(super) operation: &'static OperationMeta,
    pub(super) url: Box<str>,
    pub(super) attempts: Attempts,
    pub(super) elapsed: Duration,
    pub(super) sent: Sent,
    /// The kind of the credential that was sent last, if the error is about a response.
    pub(super) credential: Option<CredentialKind>,
    pub(super) cause: Cause,
}

pub(crate) enum Cause {
    Build(BuildError),
    PlanConflict(PlanConflict),
    PlanRejected(PlanError),
    Confirmation(ConfirmationError),
    Pagination(PagingError),
    TooManyItems(usize),
    /// The call succeeded, and what it returned cannot be used.
    Endpoint(DeploymentEndpointError),
    Transport(TransportError),
    Response(ResponseError),
}

impl Error {
    /// Creates the error of a call that failed before its first attempt.
    pub(crate) fn unsent(operation: &'static OperationMeta, url: &str, cause: Cause) -> Self {
        Self::new(operation, url.into(), Attempts::NONE, Duration::ZERO, Sent::No, cause)
    }

    pub(crate) fn new(
        operation: &'static OperationMeta,
        url: Box<str>,
        attempts: Attempts,
        elapsed: Duration,
        sent: Sent,
        cause: Cause,
    ) -> Self {
        Self(Box::new(Inner { operation, url, attempts, elapsed, sent, credential: None, cause }))
    }

    /// Replaces the history by that of several calls that together have one result.
    pub(crate) fn with_attempts(mut self, count: u32, elapsed: Duration) -> Self {
        (self.0.attempts.count, self.0.elapsed) = (count, elapsed);
        self
    }

    /// Adds the kind of the credential that was sent last.
    pub(crate) fn with_credential(mut self, kind: CredentialKind) -> Self {
        self.0.credential = Some(kind);
        self
    }

    /// Returns the kind of the error. For a write with an unknown outcome it is [`ErrorKind::OutcomeUnknown`], whatever the
    /// failure was.
    pub fn kind(&self) -> ErrorKind {
        if self.is_write() && self.maybe_applied() { ErrorKind::OutcomeUnknown } else { self.cause_kind() }
    }

    fn is_write(&self) -> bool {
        self.0.operation.idempotency != Idempotency::Safe
    }

    /// `true` if the operation may have taken effect in any attempt, and no success shows it.
    fn maybe_applied(&self) -> bool {
        // A success is conclusive, whatever earlier attempts did.
        !self.has_success() && (self.0.attempts.maybe_applied || self.last_maybe_applied())
    }

    /// `true` if the operation may have taken effect in the last attempt, judging by that attempt alone.
    pub(super) fn last_maybe_applied(&self) -> bool {
        match &self.0.cause {
            Cause::Build(_)
            | Cause::PlanConflict(_)
            | Cause::PlanRejected(_)
            | Cause::Confirmation(_)
            | Cause::Pagination(_)
            | Cause::TooManyItems(_)
            | Cause::Endpoint(_) => false,
            Cause::Transport(error) => error.maybe_applied(),
            Cause::Response(error) => error.maybe_applied(),
        }
    }

    /// `true` if the API itself sent a success that cannot be read or used.
    fn has_success(&self) -> bool {
        match &self.0.cause {
            Cause::Response(ResponseError::Decode(reply)) => reply.applied,
            Cause::Endpoint(_) => true,
            _ => false,
        }
    }

    /// Returns `true` if a write took effect although the call failed: the API sent a success that cannot be read or used.
    /// [`Error::verify_with`] returns the operation that shows the result. Sending a create again would create a second object.
    pub fn is_applied(&self) -> bool {
        self.is_write() && self.has_success()
    }

    /// Returns the id of the operation that shows the current state. `None` if nothing took effect, or if there is no such
    /// operation.
    ///
    /// It shows whether this operation took effect, if that is unknown ([`ErrorKind::OutcomeUnknown`]), and its lost result
    /// ([`Error::is_applied`]).
    pub fn verify_with(&self) -> Option<&'static str> {
        self.verification().map(|operation| operation.id)
    }

    /// The operation of [`Error::verify_with`].
    pub(super) fn verification(&self) -> Option<&'static OperationMeta> {
        let is_due = self.kind() == ErrorKind::OutcomeUnknown || self.is_applied();
        self.0.operation.verify_with.filter(|_| is_due)
    }

    /// Returns the kind of the failure, whatever it means for the operation. Never [`ErrorKind::OutcomeUnknown`].
    pub fn cause_kind(&self) -> ErrorKind {
        match &self.0.cause {
            Cause::Build(_) => ErrorKind::Build,
            Cause::PlanConflict(_) => ErrorKind::PlanConflict,
            Cause::PlanRejected(_) => ErrorKind::PlanRejected,
            Cause::Confirmation(ConfirmationError::Stale(_)) => ErrorKind::ConfirmationStale,
            Cause::Confirmation(_) => ErrorKind::NotConfirmed,
            Cause::Pagination(_) => ErrorKind::Pagination,
            Cause::TooManyItems(_) => ErrorKind::TooManyItems,
            Cause::Endpoint(_) => ErrorKind::Endpoint,
            Cause::Transport(error) => match error.kind() {
                TransportErrorKind::Dns => ErrorKind::Dns,
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
                TransportErrorKind::NotConfirmed => ErrorKind::NotConfirmed,
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

    /// Returns the operation that failed.
    pub fn operation(&self) -> &'static OperationMeta {
        self.0.operation
    }

    /// Returns the URL of the endpoint: scheme, host, port and path prefix, such as `https://happy-animal-123.convex.cloud`. It
    /// holds no credential.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Returns the number of attempts that were begun.
    pub fn attempts(&self) -> u32 {
        self.0.attempts.count
    }

    /// Returns the duration of the call, including the waits between attempts.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Returns whether the request may have reached the server in any attempt.
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// Returns the rules that the request breaks, if it was not built.
    pub fn build_error(&self) -> Option<&BuildError> {
        match &self.0.cause {
            Cause::Build(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the names of the variables that changed after the plan was made. Empty unless the kind is
    /// [`ErrorKind::PlanConflict`].
    pub fn conflicting_variables(&self) -> &[String] {
        match &self.0.cause {
            Cause::PlanConflict(conflict) => &conflict.names,
            _ => &[],
        }
    }

    /// Returns the reason why the plan was rejected, if the kind is [`ErrorKind::PlanRejected`].
    pub fn plan_error(&self) -> Option<&PlanError> {
        match &self.0.cause {
            Cause::PlanRejected(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the reason why the confirmation was not accepted, with the current losses if they changed
    /// ([`ErrorKind::ConfirmationStale`]).
    pub fn confirmation_error(&self) -> Option<&ConfirmationError> {
        match &self.0.cause {
            Cause::Confirmation(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the reason why there is no client of the deployment, if the kind is [`ErrorKind::Endpoint`].
    pub fn endpoint_error(&self) -> Option<&DeploymentEndpointError> {
        match &self.0.cause {
            Cause::Endpoint(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the failure of the transport or of a layer, if there was no response.
    pub fn transport_error(&self) -> Option<&TransportError> {
        match &self.0.cause {
            Cause::Transport(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the server's error, if it sent one ([`ErrorKind::Api`]).
    pub fn api_error(&self) -> Option<&ApiError> {
        match &self.0.cause {
            Cause::Response(ResponseError::Api(error)) => Some(error),
            _ => None,
        }
    }

    /// Returns the server's error code.
    pub fn code(&self) -> Option<&ErrorCode> {
        self.api_error().map(|error| &error.code)
    }

    /// Returns the next step for a person after the server's error code. It is part of `Display` and not of [`Error::summary`].
    pub fn remedy(&self) -> Option<&'static str> {
        self.code().and_then(ErrorCode::remedy)
    }

    /// Returns the response that is not a success, or that cannot be read.
    pub fn response_error(&self) -> Option<&ResponseError> {
        match &self.0.cause {
            Cause::Response(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the status of the response, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.response_error().map(ResponseError::status)
    }

    /// Returns the wait that the server asks for before the next attempt. A wait longer than
    /// [`RetryPolicy::max_retry_after`](convex_mgmt_proto::RetryPolicy::max_retry_after) ends the call at once.
    pub fn retry_after(&self) -> Option<Duration> {
        self.response_error().and_then(ResponseError::retry_after)
    }

    /// Returns the beginning of the response body, at most [`KEPT_BODY`](convex_mgmt_proto::KEPT_BODY) bytes. It may hold secrets.
    pub fn body(&self) -> Option<&[u8]> {
        self.response_error().map(ResponseError::body)
    }

    /// Returns `true` if an attempt or the whole call timed out.
    pub fn is_timeout(&self) -> bool {
        matches!(self.cause_kind(), ErrorKind::AttemptTimeout | ErrorKind::DeadlineExceeded)
    }

    /// Returns `true` if the server rejected the credential: it is wrong (401), or lacks the permission or the plan (403).
    pub fn is_auth(&self) -> bool {
        self.cause_kind() == ErrorKind::Credential
            || matches!(self.status(), Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)) && !self.is_web_page()
    }

    /// Returns whether the operation accepts the kind of credential that was sent, as far as Convex documents it, if the server
    /// rejected the credential with 401 or 403. The reason names the classes to use instead.
    ///
    /// `Display` has the reason if the operation does not accept the kind, or may not accept it. It has the permission if the server
    /// reports that it is missing.
    ///
    /// ```
    /// use convex_mgmt::Error;
    /// use convex_mgmt::proto::Acceptance;
    ///
    /// fn wrong_kind(error: &Error) -> Option<String> {
    ///     let compatibility = error.compatibility()?;
    ///     (compatibility.acceptance == Acceptance::Rejected).then_some(compatibility.reason)
    /// }
    /// ```
    pub fn compatibility(&self) -> Option<Compatibility> {
        let is_rejected = self.is_auth() && self.response_error().is_some();
        let kind = self.0.credential.filter(|_| is_rejected)?;
        Some(kind.compatibility(self.0.operation))
    }

    /// Returns `true` if a web page came instead of a response of the API, for example from a proxy.
    fn is_web_page(&self) -> bool {
        matches!(self.response_error(), Some(ResponseError::Unexpected(reply)) if reply.html)
    }

    /// Returns `true` if the server states that the named object does not exist. An empty 404 does not count: it means a wrong URL.
    pub fn is_not_found(&self) -> bool {
        self.api_error().is_some_and(|error| error.status == StatusCode::NOT_FOUND)
    }

    /// Returns `true` if other writes committed first. Nothing was changed.
    pub fn is_write_conflict(&self) -> bool {
        self.code() == Some(&ErrorCode::OptimisticConcurrencyControlFailure)
    }

    /// Returns `true` if the client sent too many requests in too short a time.
    pub fn is_rate_limited(&self) -> bool {
        self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Returns `true` if the server no longer accepts a cursor ([`ErrorCode::is_cursor_lost`]). Begin the list or the sync again
    /// without one.
    pub fn is_cursor_lost(&self) -> bool {
        self.code().is_some_and(ErrorCode::is_cursor_lost)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The texts of the others are part of this error's own.
        match &self.0.cause {
            Cause::Transport(error) => error.source(),
            _ => None,
        }
    }
}
