//! [`Outcome`]: the outcome of an attempt, and whether it may have taken effect.
//!
//! Source: convex-backend `crates/errors/src/lib.rs`, for the statuses that prove whether a request was executed.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::error::ErrorCode;

/// The client's knowledge of whether the server received a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Not received: the request was never sent as a whole, or the server states that it did not process it.
    No,
    /// Possibly received: a part of the request was sent, or that is unknown.
    Maybe,
}

impl Sent {
    /// Returns the name for logs: `no` or `maybe`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Maybe => "maybe",
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The codes that prove, with status 503, that nothing was committed. Each comes with the place in convex-backend that raises
/// it. Every operation may be retried after them; after any other 503 the operation may have taken effect.
pub const NOT_COMMITTED_CODES: &[(&str, &str)] = &[
    // The commit lost against a concurrent one.
    (CONFLICT, "crates/errors/src/lib.rs"),
    // The commit queue is full.
    ("CommitterFullError", "crates/database/src/committer.rs"),
    // Checked before the commit.
    ("TextIndexTooLarge", "crates/database/src/transaction.rs"),
    ("VectorIndexTooLarge", "crates/database/src/transaction.rs"),
    // Raised by reads before the commit.
    ("TableSummariesUnavailable", "crates/database/src/table_summary.rs"),
    ("SearchIndexesUnavailable", "crates/search/src/text_index_manager.rs"),
    ("VectorIndexesUnavailable", "crates/vector/src/vector_index_manager.rs"),
    // Rejected before execution.
    ("UpstreamConnectError", "crates/common/src/grpc/mod.rs"),
    ("ExpiredInQueue", "crates/isolate/src/metrics.rs"),
    ("WorkerOverloaded", "crates/isolate/src/metrics.rs"),
    ("IsolateNotClean", "crates/isolate/src/metrics.rs"),
    ("InitialPermitTimeoutError", "crates/isolate/src/metrics.rs"),
    ("ExecuteFullError", "crates/isolate/src/metrics.rs"),
];

/// The code of a write that lost against a concurrent write.
const CONFLICT: &str = "OptimisticConcurrencyControlFailure";

/// The outcome of an attempt, as far as the retry decision needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// A response that is not a success, or that has a 2xx status but does not come from the API.
    ErrorResponse {
        /// The response's status.
        status: StatusCode,
        /// The error's code, if the body is one of the server's errors.
        code: Option<ErrorCode>,
        /// The delay that the response asks for.
        retry_after: Option<Duration>,
    },
    /// No response: the connection failed, or the response did not arrive in time.
    NoResponse(Sent),
    /// No response, for a reason that a retry would not change: an untrusted certificate, or a body larger than the limit.
    NotRetryable(Sent),
    /// No response, because the server did not process the request: it refused the HTTP/2 stream, or closed the connection
    /// before the request. Every operation may be retried.
    Unprocessed,
    /// A success of the API's own.
    Final,
}

impl Outcome {
    /// Returns `true` if the operation may have taken effect although no success proves it. The request may then have been sent,
    /// and no response proves that the server rejected it.
    ///
    /// Only two responses prove that: a 4xx other than 408, and a 503 with one of the [`NOT_COMMITTED_CODES`].
    pub fn maybe_applied(&self) -> bool {
        match self {
            Self::NoResponse(sent) | Self::NotRetryable(sent) => *sent == Sent::Maybe,
            Self::ErrorResponse { status, code, .. } => match status.as_u16() {
                503 => !code.as_ref().is_some_and(proves_nothing_committed),
                408 => true,
                status => !(400..500).contains(&status),
            },
            Self::Unprocessed | Self::Final => false,
        }
    }

    /// Returns whether the server may have received the request.
    pub fn sent(&self) -> Sent {
        match self {
            Self::NoResponse(sent) | Self::NotRetryable(sent) => *sent,
            Self::Unprocessed => Sent::No,
            Self::ErrorResponse { .. } | Self::Final => Sent::Maybe,
        }
    }

    /// Returns `true` if a write lost against a concurrent write. Nothing was committed, and a retry can succeed.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::ErrorResponse { status: StatusCode::SERVICE_UNAVAILABLE, code: Some(code), .. } if code.as_str() == CONFLICT)
    }
}

fn proves_nothing_committed(code: &ErrorCode) -> bool {
    NOT_COMMITTED_CODES.iter().any(|(known, _)| *known == code.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_logs_are_lower_case_and_honor_a_width() {
        assert_eq!([Sent::No, Sent::Maybe].map(Sent::as_str), ["no", "maybe"]);
        assert_eq!(format!("{:<5}|", Sent::No), "no   |");
    }
}
