//! Sample requests and responses.

use serde_json::{Value, json};

use super::*;
use crate::operation::sample::Sample;
use crate::types::{CustomRoleId, MemberId, TeamId};

const TEAM: TeamId = TeamId(7);

/// Each role, and one and two custom roles.
fn assignments() -> Vec<RoleAssignment> {
    let custom = |ids: &[u64]| RoleAssignment::custom(ids.iter().copied().map(CustomRoleId));
    vec![Role::Admin.into(), Role::Developer.into(), custom(&[1]), custom(&[1, u64::MAX])]
}

fn invalid_assignments() -> [(RoleAssignment, &'static str); 2] {
    [(RoleAssignment::custom([]), "customRoles"), (Role::Custom.into(), "role")]
}

impl Sample for ListTeamMembers {
    const OPTIONAL: &'static [&'static str] = &["customRoles", "name"];

    fn requests() -> Vec<Self> {
        vec![Self::new(TEAM)]
    }

    fn responses() -> Vec<Value> {
        let roles = json!([{ "id": 1, "name": "n" }]);
        vec![json!({ "items": [{ "id": 1, "name": "n", "email": "e", "role": "custom", "customRoles": roles }] })]
    }
}

impl Sample for ListPendingTeamInvites {
    const OPTIONAL: &'static [&'static str] = &["customRoles"];

    fn requests() -> Vec<Self> {
        vec![Self::new(TEAM)]
    }

    fn responses() -> Vec<Value> {
        let roles = json!([{ "id": 1, "name": "n" }]);
        vec![json!({ "items": [{ "email": "e", "expired": false, "role": "custom", "customRoles": roles }] })]
    }
}

impl Sample for InviteTeamMember {
    fn requests() -> Vec<Self> {
        assignments().into_iter().map(|role| Self::new(TEAM, "a@example.com", role)).collect()
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        invalid_assignments().map(|(role, field)| (Self::new(TEAM, "a@example.com", role), field)).into()
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            email: String,
            role: Role,
            custom_roles: Option<Vec<CustomRoleId>>,
        }
        let read =
            serde_json::from_str(body).and_then(|Body { email, role, custom_roles }| match (role, custom_roles) {
                (Role::Custom, Some(roles)) => Ok(Self::new(TEAM, email, RoleAssignment::Custom(roles))),
                (role, None) => Ok(Self::new(TEAM, email, role)),
                _ => Err(serde::de::Error::custom("only the role `custom` has custom roles")),
            });
        Some(read)
    }
}

impl Sample for CancelTeamMemberInvite {
    fn requests() -> Vec<Self> {
        vec![Self::new(TEAM, "a@example.com")]
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        #[derive(serde::Deserialize)]
        struct Body {
            email: String,
        }
        Some(serde_json::from_str(body).map(|Body { email }| Self::new(TEAM, email)))
    }
}

impl Sample for UpdateTeamMemberRole {
    fn requests() -> Vec<Self> {
        assignments().into_iter().map(|role| Self::new(TEAM, MemberId(2), role)).collect()
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        invalid_assignments().map(|(role, field)| (Self::new(TEAM, MemberId(2), role), field)).into()
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            member_id: MemberId,
            role: Option<Role>,
            custom_roles: Option<Vec<CustomRoleId>>,
        }
        let read =
            serde_json::from_str(body).and_then(|Body { member_id, role, custom_roles }| match (role, custom_roles) {
                (None, Some(roles)) => Ok(Self::new(TEAM, member_id, RoleAssignment::Custom(roles))),
                (Some(role), None) => Ok(Self::new(TEAM, member_id, role)),
                _ => Err(serde::de::Error::custom("there is a role or custom roles")),
            });
        Some(read)
    }
}
