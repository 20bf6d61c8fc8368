//! [`TeamAuditLogEvent`]: an entry of the audit log, with its actor.

use serde::Deserialize;

use super::action::TeamAuditLogAction;
use crate::response::RawJson;
use crate::types::open::open_union;
use crate::types::{MemberActor, TeamId, Text, TokenActor, UnixMillis};

/// An integration, such as a marketplace.
///
/// The fields are `snake_case` on the wire, unlike the rest of the response.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct IntegrationActor {
    /// The client id of the integration.
    pub client_id: Text,
}

open_union! {
    /// The actor of an entry: the identity that performed the action.
    pub enum TeamAuditLogActor by "kind" {
        /// Convex itself.
        System = "system",
        /// A team member.
        Member(MemberActor) = "member",
        /// A token or a key.
        Token(TokenActor) = "token",
        /// An integration. The audit log of a deployment has no such actor.
        Integration(IntegrationActor) = "integration",
    }
}

/// One entry of the audit log of a team.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TeamAuditLogEvent {
    /// The team.
    pub team_id: TeamId,
    /// The actor.
    pub actor: TeamAuditLogActor,
    /// The action.
    pub action: TeamAuditLogAction,
    /// The time of the action, in milliseconds since 1970.
    pub create_time: UnixMillis,
    /// The details: any JSON, which depends on the action.
    pub metadata: RawJson,
    /// The client's IP address, if the server knows it.
    pub client_ip: Option<Text>,
    /// The request's `User-Agent`, if the server knows it.
    pub client_user_agent: Option<Text>,
}
