//! [`Advice`]: the next step after a failed call.

use std::fmt;
use std::time::Duration;

use convex_mgmt_proto::DeploymentEndpointError;
use convex_mgmt_proto::guard::ConfirmationError;
use convex_mgmt_proto::{
    ApiError, BuildError, DecodeErrorKind, ErrorCode, Idempotency, OperationMeta, Paging, ResponseError,
    UnreadableReply,
};
use http::StatusCode;

use super::call::{Cause, Error};
use super::kind::ErrorKind;
use super::transport::{TransportError, TransportErrorKind};

/// The next step after a failed call, for a program: [`Error::advice`].
///
/// It states whether the operation may be sent again, and who can fix the failure. The client has already retried by its
/// [`RetryPolicy`](convex_mgmt_proto::RetryPolicy), so [`Advice::RetryLater`] means minutes rather than milliseconds.
///
/// A `NonIdempotent` operation with an unknown outcome ([`ErrorKind::OutcomeUnknown`]) or a lost result ([`Error::is_applied`]) has
/// the advice `VerifyFirst`. The tables apply to all other failures.
///
/// | [`Error::cause_kind`] | advice |
/// | --- | --- |
/// | `Build` | `FixRequest`; `ReportBug` if the operation itself is defective |
/// | `PlanConflict`, `ConfirmationStale` | `StartOver` |
/// | `PlanRejected`, `NotConfirmed` | `FixRequest` |
/// | `Pagination` | `ReportBug` |
/// | `Endpoint` | `FixRequest` for a local deployment, `FixClient` for an unknown kind, `FixUrl` for an unusable URL |
/// | `Dns`, `Redirect`, `InvalidResponse` | `FixUrl` |
/// | `Connect`, `Connection`, `Unprocessed`, `AttemptTimeout`, `DeadlineExceeded` | `RetryLater` |
/// | `Tls` | `FixUrl` if only one side speaks TLS, `FixClient` otherwise |
/// | `Proxy` | `RetryLater` if the rejection is temporary, `FixClient` otherwise |
/// | `ResponseTooLarge`, `TooManyItems`, `Layer` | `FixClient` |
/// | `Credential` | `FixCredential` |
/// | `Api` | by the code, otherwise by the status: the next table |
/// | `UnexpectedReply` | `FixUrl` for a web page below status 500; otherwise by the status: the next table |
/// | `Decode` | `RetryLater` if the body is empty or cut off; `ReportBug` if the API itself sent it; `FixUrl` otherwise |
///
/// | code or status | advice |
/// | --- | --- |
/// | `InvalidClientVersion`, `ClientVersionUnsupported` | `FixClient` |
/// | `HeaderParseFailure`, `InvalidHeaderFailure`, `InvalidAdminKey` | `FixCredential` |
/// | `InvalidCursor`, `InvalidDataSyncCursor`, `DataSyncCursorExpired`; 503 with `InternalServerError` for an operation with a cursor | `StartOver` |
/// | `PauseDeploymentFailed`, `LogStreamingNotEnabled`, `CustomAuditLogsInLogStreamsNotEnabled`, `AuditLogsDisabled`, `StreamingExportNotEnabled`, `ProjectQuotaReached`, `DeploymentQuotaReached` | `AskConvex` |
/// | `AuditLogsTooOld` | `FixRequest` |
/// | 401, 403 | `FixCredential` |
/// | 407 | `FixClient` |
/// | 408, 421, 425, 429 | `RetryLater` |
/// | 413, 414, 431, and any other 4xx with a code | `FixRequest` |
/// | 501, 505, 506, 508, 510, 511 | `FixUrl` |
/// | any other status from 500 | `RetryLater` |
/// | anything else | `FixUrl` |
///
/// <style>.docblock td code { white-space: nowrap }</style>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// Send the operation again later.
    RetryLater {
        /// The wait that the server asks for.
        after: Option<Duration>,
    },
    /// Check whether the operation took effect before you send it again: a second execution would have another effect.
    VerifyFirst {
        /// The operation to call for that, if there is one.
        with: Option<&'static OperationMeta>,
    },
    /// Read the current state and begin again from it: the cursor, the plan or the confirmation is out of date.
    StartOver,
    /// Replace the credential: it is not valid, or it lacks the permission.
    FixCredential,
    /// Change the request: the server or the client rejects a value, or the object does not exist.
    FixRequest,
    /// Check the URL, and the proxies before it: the host does not resolve, or something other than the API responds there. An
    /// unreachable name server has the same symptom.
    FixUrl,
    /// Change the client: its TLS trust, its proxy, a limit, a layer, or the version of this library.
    FixClient,
    /// Ask Convex: the plan does not include the feature or is used up, or the deployment is disabled or suspended.
    AskConvex,
    /// Report a bug, of this library or of the server: they disagree on the protocol.
    ReportBug,
}

impl Advice {
    /// Returns the name for logs and metrics: the variant's name in snake case. Names do not change.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RetryLater { .. } => "retry_later",
            Self::VerifyFirst { .. } => "verify_first",
            Self::StartOver => "start_over",
            Self::FixCredential => "fix_credential",
            Self::FixRequest => "fix_request",
            Self::FixUrl => "fix_url",
            Self::FixClient => "fix_client",
            Self::AskConvex => "ask_convex",
            Self::ReportBug => "report_bug",
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

const RETRY: Advice = Advice::RetryLater { after: None };

impl Error {
    /// Returns the next step for a program. [`Advice`] has the table.
    ///
    /// ```
    /// use convex_mgmt::{Advice, Error};
    ///
    /// fn next_step(error: &Error) -> String {
    ///     match error.advice() {
    ///         Advice::RetryLater { after } => format!("queue again, after {after:?}"),
    ///         Advice::VerifyFirst { with: Some(operation) } => format!("call {}", operation.id),
    ///         other => format!("notify the owner of {}: {other}", error.url()),
    ///     }
    /// }
    /// ```
    pub fn advice(&self) -> Advice {
        let is_unverified = self.kind() == ErrorKind::OutcomeUnknown || self.is_applied();
        if is_unverified && self.operation().idempotency == Idempotency::NonIdempotent {
            return Advice::VerifyFirst { with: self.verification() };
        }
        match &self.0.cause {
            Cause::Build(BuildError::Template { .. } | BuildError::Json { .. }) => Advice::ReportBug,
            Cause::Build(_) | Cause::PlanRejected(_) => Advice::FixRequest,
            Cause::PlanConflict(_) | Cause::Confirmation(ConfirmationError::Stale(_)) => Advice::StartOver,
            Cause::Confirmation(_) => Advice::FixRequest,
            Cause::Pagination(_) => Advice::ReportBug,
            Cause::TooManyItems(_) => Advice::FixClient,
            Cause::Endpoint(error) => of_endpoint(error),
            Cause::Transport(error) => of_transport(error),
            Cause::Response(error) => of_response(self.operation(), error),
        }
    }
}

fn of_endpoint(error: &DeploymentEndpointError) -> Advice {
    match error {
        DeploymentEndpointError::Local { .. } => Advice::FixRequest,
        DeploymentEndpointError::UnknownKind { .. } => Advice::FixClient,
        DeploymentEndpointError::Key(_) => Advice::ReportBug,
        _ => Advice::FixUrl,
    }
}

fn of_transport(error: &TransportError) -> Advice {
    match error.kind() {
        TransportErrorKind::Connect
        | TransportErrorKind::Connection
        | TransportErrorKind::Unprocessed
        | TransportErrorKind::AttemptTimeout
        | TransportErrorKind::DeadlineExceeded => RETRY,
        TransportErrorKind::Proxy(refusal) if refusal.is_transient() => RETRY,
        TransportErrorKind::Dns
        | TransportErrorKind::NotTls
        | TransportErrorKind::UnexpectedTls
        | TransportErrorKind::InvalidResponse => Advice::FixUrl,
        TransportErrorKind::Tls
        | TransportErrorKind::Proxy(_)
        | TransportErrorKind::ResponseTooLarge { .. }
        | TransportErrorKind::Layer => Advice::FixClient,
        TransportErrorKind::Credential => Advice::FixCredential,
        TransportErrorKind::NotConfirmed => Advice::FixRequest,
    }
}

fn of_response(operation: &OperationMeta, error: &ResponseError) -> Advice {
    match error {
        ResponseError::Api(api) => of_code(operation, api),
        ResponseError::Decode(reply) => of_unreadable(reply),
        ResponseError::Redirect(_) => Advice::FixUrl,
        // A page of a proxy or a gateway says nothing about the credential.
        ResponseError::Unexpected(reply) if reply.html && !reply.status.is_server_error() => Advice::FixUrl,
        error => of_status(error.status(), false, error.retry_after()),
    }
}

fn of_code(operation: &OperationMeta, error: &ApiError) -> Advice {
    match &error.code {
        ErrorCode::InvalidClientVersion | ErrorCode::ClientVersionUnsupported => Advice::FixClient,
        // These come with 400.
        ErrorCode::HeaderParseFailure | ErrorCode::InvalidHeaderFailure | ErrorCode::InvalidAdminKey => {
            Advice::FixCredential
        }
        code if code.is_cursor_lost() => Advice::StartOver,
        // The server no longer keeps the data at the cursor.
        ErrorCode::InternalServerError
            if error.status == StatusCode::SERVICE_UNAVAILABLE && operation.paging != Paging::None =>
        {
            Advice::StartOver
        }
        ErrorCode::PauseDeploymentFailed
        | ErrorCode::LogStreamingNotEnabled
        | ErrorCode::CustomAuditLogsInLogStreamsNotEnabled
        | ErrorCode::AuditLogsDisabled
        | ErrorCode::StreamingExportNotEnabled
        | ErrorCode::ProjectQuotaReached
        | ErrorCode::DeploymentQuotaReached => Advice::AskConvex,
        ErrorCode::AuditLogsTooOld => Advice::FixRequest,
        _ => of_status(error.status, true, error.retry_after),
    }
}

fn of_status(status: StatusCode, has_code: bool, after: Option<Duration>) -> Advice {
    match status.as_u16() {
        401 | 403 => Advice::FixCredential,
        407 => Advice::FixClient,
        408 | 421 | 425 | 429 => Advice::RetryLater { after },
        413 | 414 | 431 => Advice::FixRequest,
        400..500 if has_code => Advice::FixRequest,
        // By their definitions the same request always has the same response.
        501 | 505 | 506 | 508 | 510 | 511 => Advice::FixUrl,
        500.. => Advice::RetryLater { after },
        _ => Advice::FixUrl,
    }
}

fn of_unreadable(reply: &UnreadableReply) -> Advice {
    match reply.error.kind {
        DecodeErrorKind::Empty | DecodeErrorKind::Truncated => RETRY,
        _ if reply.applied => Advice::ReportBug,
        _ => Advice::FixUrl,
    }
}

#[cfg(test)]
mod tests;
