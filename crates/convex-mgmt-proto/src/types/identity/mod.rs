//! Ids, and the actors of both audit logs, which are known by ids.

mod actors;
mod ids;

pub use self::actors::{MemberActor, TokenActor};
pub use self::ids::{
    AccessTokenId, CustomRoleId, DeploymentId, LogStreamId, MemberId, ProjectId, TeamId, UsageLimitId,
};
