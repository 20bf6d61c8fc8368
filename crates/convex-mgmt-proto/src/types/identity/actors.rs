//! [`MemberActor`] and [`TokenActor`]: the actors that the audit logs of deployments and teams share.

use serde::Deserialize;

use super::ids::{AccessTokenId, MemberId};
use crate::types::Text;

/// A team member, or the holder of an admin key.
///
/// The fields are `snake_case` on the wire, unlike the rest of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct MemberActor {
    /// The member's id. In the log of a deployment, `0` is the admin key that a self-hosted server generates.
    pub member_id: MemberId,
}

impl MemberActor {
    /// Creates the value.
    pub fn new(member_id: MemberId) -> Self {
        Self { member_id }
    }
}

/// The holder of a deploy key or an access token.
///
/// The fields are `snake_case` on the wire, unlike the rest of the response.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TokenActor {
    /// The member who owns the token, if the server knows it.
    pub member_id: Option<MemberId>,
    /// The token's id. `0` in old entries.
    pub token_id: AccessTokenId,
    /// The client id of the OAuth application that received or manages the token, if there is one.
    pub client_id: Option<Text>,
}

impl TokenActor {
    /// Creates the value with `None` in both optional fields, which are public.
    pub fn new(token_id: AccessTokenId) -> Self {
        Self { member_id: None, token_id, client_id: None }
    }
}
