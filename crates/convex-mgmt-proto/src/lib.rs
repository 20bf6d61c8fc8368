#![doc = include_str!("../README.md")]
// Library code never panics on input.
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable, clippy::unwrap_used)
)]

pub mod code;
pub mod credential;
pub mod decode;
pub mod deployment;
pub mod endpoint;
pub mod error;
pub mod fit;
pub mod ids;
pub mod open;
pub mod operation;
pub mod patch;
pub mod reply;
pub mod retry;
pub mod secret;
pub mod write;

pub use code::ErrorCode;
pub use credential::{
    AccessToken, AccessTokenKind, Authorizes, Credential, CredentialClass, CredentialError, DeployKey, DeployKeyKind,
};
pub use decode::{DecodeError, DecodeErrorKind};
pub use endpoint::{Endpoint, EndpointError};
pub use error::{BuildError, Problem, Problems};
pub use fit::{Advice, Fit};
pub use ids::{DeploymentId, ProjectId, TeamId, UsageLimitId};
pub use open::UnknownObject;
pub use operation::{Api, Deployment, Management, OPERATIONS, Operation, OperationMeta, Paging, Repeat};
pub use patch::Patch;
pub use reply::{ApiError, Deprecation, Redirect, Reply, ResponseError, UnexpectedReply, UnreadableReply};
pub use retry::{Outcome, RetryBudget, RetryPolicy, Sent, Verdict};
pub use secret::Secret;
pub use write::RequestWriter;

/// What the exported macros expand to. Not part of the public API.
#[doc(hidden)]
pub mod __private {
    pub use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub use crate::open::{OpenUnion, text, union};
}
