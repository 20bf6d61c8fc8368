#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Library code never panics on input.
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable, clippy::unwrap_used)
)]

mod auth;
pub mod deployment;
mod engines;
mod error;
pub mod management;
mod metadata;
mod operation;
mod operations;
mod request;
mod response;
mod types;

pub use auth::{
    Acceptance, AccessToken, AccessTokenKind, Authorizes, Compatibility, Credential, CredentialError, CredentialKind,
    DeployKey, DeployKeyKind, Surplus,
};
#[cfg(feature = "oauth")]
#[cfg_attr(docsrs, doc(cfg(feature = "oauth")))]
pub use engines::oauth;
pub use engines::retry::{
    Applied, AttemptCounts, CallError, CallErrorCause, RetryBudget, RetryDecision, RetryPolicy, RetryState,
};
pub use engines::sync;
#[cfg(feature = "webhook")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhook")))]
pub use engines::webhook;
pub use error::{BuildError, ErrorCode, Violation, Violations};
pub use management::deployments::endpoint::{DeploymentAccess, DeploymentEndpointError};
pub use metadata::{Api, CredentialClass, DeploymentApi, Idempotency, ManagementApi, OperationMeta, Paging};
pub use operation::guard;
pub use operation::{Operation, Page, Paged, Pager, PagingError, Unchecked};
pub use operations::OPERATIONS;
pub use request::{CONVEX_CLIENT, Endpoint, EndpointError, RequestEncoder, UserAgent, is_loopback};
pub use response::{
    ApiError, DecodeError, DecodeErrorKind, Deprecation, KEPT_BODY, NOT_COMMITTED_CODES, Outcome, RawJson, Redirect,
    Reply, ResponseError, Sent, UnexpectedReply, UnreadableReply, decode,
};
pub use types::{
    AccessTokenId, CustomRoleId, DeploymentClass, DeploymentId, DeploymentType, LogStreamId, MemberActor, MemberId,
    Patch, Printable, ProjectId, Region, RequestDestination, Secret, TeamId, Text, TimeRangeError, TokenActor,
    UnixMillis, UnixNanos, UnknownObject, UsageLimitId, environment,
};

/// Sample requests and responses of every operation, for tests.
#[cfg(feature = "samples")]
#[doc(hidden)]
pub mod samples {
    pub use crate::operation::sample::{EncodeOutput, Sample, SampleApi, SampleOutput, SampleRequest, Samples, fields};
    pub use crate::operations::SAMPLES;
}
