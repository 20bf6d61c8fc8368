//! The value types that both APIs share.

mod deployment_type;
mod ids;
pub(crate) mod json;
pub(crate) mod open;
mod patch;
mod printable;
pub(crate) mod redact;
mod request_destination;
pub(crate) mod secret;
pub(crate) mod time;

pub use self::deployment_type::DeploymentType;
pub use self::ids::{AccessTokenId, DeploymentId, LogStreamId, MemberId, ProjectId, TeamId, UsageLimitId};
pub use self::json::RawJson;
pub use self::open::UnknownObject;
pub use self::patch::Patch;
pub use self::printable::Printable;
pub use self::request_destination::RequestDestination;
pub use self::secret::Secret;
pub use self::time::{TimeRangeError, UnixMillis, UnixNanos};
