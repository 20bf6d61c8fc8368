//! Teams and their members.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::deployments::Region;

/// A team.
#[derive(Clone, Debug)]
pub(crate) struct Team {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) slug: String,
    /// The member who created the team.
    pub(crate) creator: Option<u64>,
    pub(crate) default_region: Option<Region>,
    /// By the id of the member.
    pub(crate) members: BTreeMap<u64, Membership>,
}

/// The role of a member in a team.
#[derive(Clone, Debug)]
pub(crate) struct Membership {
    pub(crate) role: Role,
    /// The ids of custom roles, for the role `custom`.
    pub(crate) custom_roles: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Role {
    Admin,
    Developer,
    Custom,
}

/// A person with an account.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: u64,
    pub(crate) name: Option<String>,
    pub(crate) email: String,
}

/// All teams and members, by id.
#[derive(Debug, Default)]
pub(crate) struct Teams {
    pub(crate) teams: BTreeMap<u64, Team>,
    pub(crate) members: BTreeMap<u64, Member>,
}

impl Teams {
    pub(crate) fn by_id(&self, id: u64) -> Option<&Team> {
        self.teams.get(&id)
    }

    /// Finds a team by the text of its id or by its slug.
    pub(crate) fn by_id_or_slug(&self, text: &str) -> Option<&Team> {
        let by_id = text.parse().ok().and_then(|id| self.by_id(id));
        by_id.or_else(|| self.teams.values().find(|team| team.slug == text))
    }
}
