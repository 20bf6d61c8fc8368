//! The value types that both APIs share.

mod deployment;
pub mod environment;
mod identity;
pub(crate) mod json;
pub(crate) mod open;
mod patch;
pub(crate) mod redact;
pub(crate) mod secret;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod url;

pub use self::deployment::{DeploymentClass, DeploymentType, Region, RequestDestination};
pub use self::identity::{
    AccessTokenId, CustomRoleId, DeploymentId, LogStreamId, MemberActor, MemberId, ProjectId, TeamId, TokenActor,
    UsageLimitId,
};
pub use self::open::UnknownObject;
pub use self::patch::Patch;
pub use self::secret::Secret;
pub use self::text::{Printable, Text};
pub use self::time::{TimeRangeError, UnixMillis, UnixNanos};
