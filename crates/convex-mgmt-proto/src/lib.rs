#![doc = include_str!("../README.md")]
// Library code never panics on input.
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable, clippy::unwrap_used)
)]

mod body;
pub mod code;
pub mod credential;
pub mod decode;
pub mod deployment;
pub mod endpoint;
pub mod error;
pub mod fit;
pub mod ids;
pub mod json;
mod open;
pub mod operation;
pub mod paging;
pub mod patch;
pub mod printable;
mod redact;
pub mod reply;
pub mod retry;
pub mod secret;
pub mod time;
pub mod write;

pub use code::ErrorCode;
pub use credential::{
    AccessToken, AccessTokenKind, Authorizes, Credential, CredentialClass, CredentialError, DeployKey, DeployKeyKind,
    Surplus,
};
pub use decode::{DecodeError, DecodeErrorKind};
pub use endpoint::{Endpoint, EndpointError, UserAgent};
pub use error::{BuildError, Violation, Violations};
pub use fit::{Advice, Fit};
pub use ids::{AccessTokenId, DeploymentId, LogStreamId, MemberId, ProjectId, TeamId, UsageLimitId};
pub use json::RawJson;
pub use open::UnknownObject;
pub use operation::{Api, DeploymentApi, Idempotency, ManagementApi, OPERATIONS, Operation, OperationMeta, Paging};
pub use paging::{Page, Paged, Pager, PagingError};
pub use patch::Patch;
pub use printable::Printable;
pub use reply::{ApiError, Deprecation, Redirect, Reply, ResponseError, UnexpectedReply, UnreadableReply};
pub use retry::{AttemptCounts, Outcome, RetryBudget, RetryDecision, RetryPolicy, Sent};
pub use secret::Secret;
pub use time::{TimeRangeError, UnixMillis, UnixNanos};
pub use write::RequestEncoder;
