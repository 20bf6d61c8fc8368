//! The differences in teams, members, custom roles and the audit log.

use convex_mgmt_proto::management::custom_roles::resource::ProjectScope;
use convex_mgmt_proto::management::custom_roles::{
    CustomRoleConfig, RoleAction, RoleActions, RoleResource, RoleStatement,
};
use convex_mgmt_proto::management::members::{Role, RoleAssignment};
use convex_mgmt_proto::management::{
    InviteTeamMember, ListAuditLogEvents, ListCustomRoles, UpdateCustomRole, UpdateTeamMemberRole,
};
use convex_mgmt_proto::{CustomRoleId, MemberId, Operation, TeamId, UnixMillis};
use serde_json::{Value, json};

use super::super::ids::{id_as_text, id_as_text_in_request};
use super::super::nulls::without_nulls;
use super::super::{Instead, Override, Side, What};
use crate::spec::samples::Kind;

/// The lists in pages.
const PAGES: &[&str] = &["list_audit_log_events", "list_custom_roles"];

pub(super) const ROWS: &[Override] = &[
    // Bodies of responses.
    id_as_text(&["create_team", "create_custom_role", "list_custom_roles", "update_custom_role"], "*creator"),
    id_as_text(&["create_team"], "*referredBy"),
    id_as_text(&["list_audit_log_events"], "*member_id"),
    id_as_text(&["list_audit_log_events"], "*token_id"),
    Override {
        operations: &["create_team"],
        what: What::Body(Side::Response, Instead::Accepted(Kind::Missing, "managedBy<2>.oauthApp")),
        facts: "a manager that is an object of a new form is kept, so an object needs no field",
        source: "inferred",
    },
    // Bodies of requests.
    id_as_text_in_request(&["delete_custom_role", "update_custom_role"], "id"),
    id_as_text_in_request(&["update_team_member_role"], "memberId"),
    Override {
        operations: &["invite_team_member"],
        what: What::Body(Side::Request, Instead::Repaired(without_roles_that_the_role_excludes)),
        facts: "an invitation has custom roles exactly if its role is `custom`",
        source: "the description of the operation",
    },
    Override {
        operations: &["update_team_member_role"],
        what: What::Body(Side::Request, Instead::Repaired(with_one_kind_of_role)),
        facts: "an update has a built-in role or custom roles, and never both; inferred: it has one of them",
        source: "the description of the operation",
    },
    Override {
        operations: &["create_custom_role", "invite_team_member", "update_custom_role", "update_team_member_role"],
        what: What::Body(Side::Request, Instead::ReadsAs(without_nulls)),
        facts: "null is the same as absent, so it is omitted",
        source: "inferred",
    },
    // Parameters and values.
    Override {
        operations: &["invite_team_member", "update_team_member_role"],
        what: What::Behaviour(|| {
            let both = |role: RoleAssignment| {
                let invite = InviteTeamMember::new(TeamId(1), "a@example.com", role.clone()).check();
                [invite.is_ok(), UpdateTeamMemberRole::new(TeamId(1), MemberId(1), role).check().is_ok()]
            };
            both(Role::Custom.into()) == [false; 2]
                && both(RoleAssignment::custom([])) == [false; 2]
                && both(RoleAssignment::custom([CustomRoleId(1)])) == [true; 2]
        }),
        facts: "custom roles are never an empty list, and `custom` is a role only together with them",
        source: "the descriptions of the operations",
    },
    Override {
        operations: &["create_custom_role", "update_custom_role"],
        what: What::Behaviour(|| {
            let accepts = |statement| {
                let config = CustomRoleConfig::new("n", [statement]);
                UpdateCustomRole::new(TeamId(1), CustomRoleId(1), config).check().is_ok()
            };
            let granting = |action: &str| RoleStatement::allow(RoleAction::from(action), RoleResource::CustomRole);
            accepts(granting("customRole:view"))
                && !["create", "update", "delete"].iter().any(|verb| accepts(granting(&format!("customRole:{verb}"))))
        }),
        facts: "no custom role can grant the actions that change custom roles",
        source: "crates/roles/src/eval.rs",
    },
    Override {
        operations: &["create_custom_role", "update_custom_role"],
        what: What::Behaviour(|| {
            let accepts = |resource: RoleResource| {
                CustomRoleConfig::new("n", [RoleStatement::allow(RoleActions::All, resource)]).check().is_ok()
            };
            let slug = |slug: &str| RoleResource::project(ProjectScope::slug(slug)).into();
            accepts(slug("shop")) && !accepts(slug("shop,*")) && accepts("project:slug=shop, *".into())
        }),
        facts: "a resource has a grammar: a built one is checked, and a text of another form is left to the server",
        source: "crates/roles/src/parse.rs",
    },
    Override {
        operations: PAGES,
        what: What::Behaviour(|| {
            let limits = |limit| [audit_log().limit(limit).check().is_ok(), roles().limit(limit).check().is_ok()];
            [0, 101].map(limits) == [[false; 2]; 2] && [1, 100].map(limits) == [[true; 2]; 2]
        }),
        facts: "a limit outside 1 to 100 is rejected and not clamped, as by the Deployment Platform API",
        source: "inferred",
    },
    Override {
        operations: &["list_audit_log_events"],
        what: What::Behaviour(|| {
            let range = |from, to| ListAuditLogEvents::new(TeamId(1), UnixMillis(from), UnixMillis(to)).check();
            range(1, 1).is_ok() && range(2, 1).is_err()
        }),
        facts: "a range of time does not end before it begins",
        source: "inferred",
    },
];

fn audit_log() -> ListAuditLogEvents {
    ListAuditLogEvents::new(TeamId(1), UnixMillis(0), UnixMillis(1))
}

fn roles() -> ListCustomRoles {
    ListCustomRoles::new(TeamId(1))
}

/// Removes a valid list of custom roles beside another role.
fn without_roles_that_the_role_excludes(request: &mut Value) {
    if request["role"] != "custom" {
        without_roles_beside_a_role(request);
    }
}

/// Removes a valid list of custom roles beside a role, and adds a role if there is neither.
fn with_one_kind_of_role(request: &mut Value) {
    without_roles_beside_a_role(request);
    if let Some(fields) = request.as_object_mut().filter(|fields| !fields.contains_key("customRoles")) {
        fields.entry("role").or_insert(json!("admin"));
    }
}

fn without_roles_beside_a_role(request: &mut Value) {
    let is_valid = request["customRoles"].as_array().is_some_and(|roles| roles.iter().all(Value::is_u64));
    let has_both = is_valid && request["role"].is_string();
    if let Some(fields) = request.as_object_mut().filter(|_| has_both) {
        fields.remove("customRoles");
    }
}
