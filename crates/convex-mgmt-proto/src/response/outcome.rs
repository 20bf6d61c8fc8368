//! [`Outcome`]: how an attempt ended.
//!
//! Source: convex-backend `crates/errors/src/lib.rs`, for what each status proves about the execution.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::error::ErrorCode;

/// Whether a request may have reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It did not: it was never sent as a whole, or the server states that it did not process it.
    No,
    /// It may have: a part of it was sent, or that is unknown.
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

/// The codes of status 503 that prove that nothing was committed, each with the place in convex-backend that raises it. After
/// one of these every operation may be done again; after any other 503 it may have been carried out.
pub const NOT_COMMITTED_CODES: &[(&str, &str)] = &[
    // The commit lost against another.
    (CONFLICT, "crates/errors/src/lib.rs"),
    // The commit found no place in the queue.
    ("CommitterFullError", "crates/database/src/committer.rs"),
    // Checked before the commit.
    ("TextIndexTooLarge", "crates/database/src/transaction.rs"),
    ("VectorIndexTooLarge", "crates/database/src/transaction.rs"),
    // Raised by what is read before the commit.
    ("TableSummariesUnavailable", "crates/database/src/table_summary.rs"),
    ("SearchIndexesUnavailable", "crates/search/src/text_index_manager.rs"),
    ("VectorIndexesUnavailable", "crates/vector/src/vector_index_manager.rs"),
    // Rejected before it was executed.
    ("UpstreamConnectError", "crates/common/src/grpc/mod.rs"),
    ("ExpiredInQueue", "crates/isolate/src/metrics.rs"),
    ("WorkerOverloaded", "crates/isolate/src/metrics.rs"),
    ("IsolateNotClean", "crates/isolate/src/metrics.rs"),
    ("InitialPermitTimeoutError", "crates/isolate/src/metrics.rs"),
    ("ExecuteFullError", "crates/isolate/src/metrics.rs"),
];

/// The code of a write that lost against others at the same time.
const CONFLICT: &str = "OptimisticConcurrencyControlFailure";

/// How an attempt ended, as far as the decision needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// An answer that is not a success, or has the status of one and was made by something in between.
    ErrorResponse {
        /// Its status.
        status: StatusCode,
        /// Its code, if it is one of the server's errors.
        code: Option<ErrorCode>,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// No answer: the connection failed or broke, or an answer did not come in time.
    NoResponse(Sent),
    /// No answer, because the server did not process the request, as it says itself: it puts off or refuses what is too much at
    /// once, or closes the connection before it. Everything may be repeated.
    Unprocessed,
    /// A success, or a failure that another attempt would meet again.
    Final,
}

impl Outcome {
    /// Whether the operation may have been carried out although there is no success to show for it: the request may have been
    /// sent, and nothing proves that the server refused it. Of answers only a 4xx other than 408 does, and a 503 with one of
    /// the codes of [`NOT_COMMITTED_CODES`].
    pub fn maybe_applied(&self) -> bool {
        match self {
            Self::NoResponse(sent) => *sent == Sent::Maybe,
            Self::ErrorResponse { status, code, .. } => match status.as_u16() {
                503 => !code.as_ref().is_some_and(proves_nothing_committed),
                408 => true,
                status => !(400..500).contains(&status),
            },
            Self::Unprocessed | Self::Final => false,
        }
    }

    /// Whether a write lost against others at the same time: nothing is wrong, and it will get its turn.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::ErrorResponse { status: StatusCode::SERVICE_UNAVAILABLE, code: Some(code), .. } if code.as_str() == CONFLICT)
    }
}

fn proves_nothing_committed(code: &ErrorCode) -> bool {
    NOT_COMMITTED_CODES.iter().any(|(known, _)| *known == code.as_str())
}
