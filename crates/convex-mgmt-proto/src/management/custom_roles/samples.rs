//! Sample requests and responses.

use serde_json::{Value, json};

use super::resource::{CreatorScope, DeploymentScope, ProjectScope, TokenScope};
use super::*;
use crate::operation::sample::Sample;
use crate::types::{CustomRoleId, DeploymentType, TeamId};

const TEAM: TeamId = TeamId(7);
const ROLE: CustomRoleId = CustomRoleId(8);

/// Settings with and without a description, with each effect, and with all actions and with lists of them.
fn configs() -> Vec<CustomRoleConfig> {
    let project = || RoleResource::project(ProjectScope::slug("shop"));
    let production = || project().deployment(DeploymentScope::Type(DeploymentType::Prod));
    let own = TokenScope::Creator(CreatorScope::Caller);
    let statements = [
        RoleStatement::allow(RoleActions::All, project()),
        RoleStatement::deny([RoleAction::DeploymentDelete, RoleAction::DeploymentDataWrite], production()),
        RoleStatement::allow(RoleAction::DeploymentTokenCreate, production().token(own)),
        RoleStatement::allow(RoleActions::only([]), "galaxy:*"),
    ];
    vec![CustomRoleConfig::new("Reader", []), CustomRoleConfig::new("Writer", statements).description("Writes.")]
}

/// Settings that break one rule each.
fn invalid_configs() -> Vec<(CustomRoleConfig, &'static str)> {
    let config = |statement| CustomRoleConfig::new("Reader", [statement]);
    let mut invalid = Vec::new();
    for action in ["customRole:create", "customRole:update", "customRole:delete"] {
        let actions = [RoleAction::CustomRoleView, action.into()];
        invalid.push((config(RoleStatement::allow(actions, RoleResource::CustomRole)), "statements[0].actions[1]"));
    }
    let all = RoleResource::project(ProjectScope::slug("shop,*"));
    invalid.push((config(RoleStatement::allow(RoleActions::All, all)), "statements[0].resource"));
    let kind = DeploymentScope::Type("prod:token:*".into());
    let tokens = RoleResource::project(ProjectScope::Any).deployment(kind);
    invalid.push((config(RoleStatement::allow(RoleActions::All, tokens)), "statements[0].resource"));
    invalid
}

fn responses() -> Vec<Value> {
    let role = |actions: Value| {
        json!({
            "id": 1, "teamId": 2, "name": "n", "description": "d", "creator": 3, "createTime": 4,
            "statements": [{ "effect": "allow", "actions": actions, "resource": "project:*" }]
        })
    };
    vec![role("*".into()), role(json!(["project:view"]))]
}

const OPTIONAL: &[&str] = &["creator", "description"];
const MIXED: &[&str] = &["actions"];

impl Sample for ListCustomRoles {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;
    const MIXED: &'static [&'static str] = MIXED;

    fn requests() -> Vec<Self> {
        vec![Self::new(TEAM), Self::new(TEAM).limit(100).cursor("some-cursor")]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(TEAM).cursor(text)]
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        let list = || Self::new(TEAM);
        vec![(list().limit(0), "limit"), (list().limit(101), "limit"), (list().cursor(""), "cursor")]
    }

    fn responses() -> Vec<Value> {
        let page = |role| json!({ "items": [role], "pagination": { "hasMore": true, "nextCursor": "c" } });
        responses().into_iter().map(page).collect()
    }
}

impl Sample for CreateCustomRole {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;
    const MIXED: &'static [&'static str] = MIXED;

    fn requests() -> Vec<Self> {
        configs().into_iter().map(|config| Self::new(TEAM, config)).collect()
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        invalid_configs().into_iter().map(|(config, field)| (Self::new(TEAM, config), field)).collect()
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        Some(serde_json::from_str(body).map(|config| Self::new(TEAM, config)))
    }

    fn responses() -> Vec<Value> {
        responses()
    }
}

impl Sample for UpdateCustomRole {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;
    const MIXED: &'static [&'static str] = MIXED;

    fn requests() -> Vec<Self> {
        configs().into_iter().map(|config| Self::new(TEAM, ROLE, config)).collect()
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        invalid_configs().into_iter().map(|(config, field)| (Self::new(TEAM, ROLE, config), field)).collect()
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        #[derive(serde::Deserialize)]
        struct Body {
            id: CustomRoleId,
            #[serde(flatten)]
            config: CustomRoleConfig,
        }
        Some(serde_json::from_str(body).map(|Body { id, config }| Self::new(TEAM, id, config)))
    }

    fn responses() -> Vec<Value> {
        responses()
    }
}

impl Sample for DeleteCustomRole {
    fn requests() -> Vec<Self> {
        vec![Self::new(TEAM, ROLE)]
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        #[derive(serde::Deserialize)]
        struct Body {
            id: CustomRoleId,
        }
        Some(serde_json::from_str(body).map(|Body { id }| Self::new(TEAM, id)))
    }
}
