//! Tests of statements, of their checks, and of a role that is read and written back.

use super::resource::ProjectScope;
use super::*;
use crate::auth::AccessToken;
use crate::error::BuildError;
use crate::operation::Operation;
use crate::request::Endpoint;
use crate::types::{CustomRoleId, TeamId};

#[test]
fn a_role_that_was_read_is_written_back_unchanged() {
    let statements = r#"[{"effect":"allow","actions":"*","resource":"project:*"},
        {"effect":"maybe","actions":["project:view","project:paint"],"resource":"galaxy: *, id=7"},
        {"effect":"deny","actions":"most","resource":""},
        {"effect":"allow","actions":[],"resource":"project:slug=ab:deployment:type=next-year"}]"#;
    let body = format!(r#"{{"id":"5","teamId":1,"name":"R","createTime":-1,"statements":{statements}}}"#);
    let role = CreateCustomRole::decode(&body.into()).unwrap();
    assert_eq!((role.id, role.description.as_deref(), role.creator), (CustomRoleId(5), None, None));
    assert_eq!(role.statements[0].actions, RoleActions::All);
    assert_eq!(role.statements[1].actions, [RoleAction::ProjectView, "project:paint".into()].into());

    let endpoint = Endpoint::new("https://api.example", &AccessToken::parse("made-up").unwrap()).unwrap();
    let request = UpdateCustomRole::new(role.team_id, role.id, role.config()).to_request(&endpoint).unwrap();
    let mut expected: serde_json::Value = serde_json::from_str(statements).unwrap();
    expected = serde_json::json!({ "id": 5, "name": "R", "statements": expected });
    assert_eq!(serde_json::from_slice::<serde_json::Value>(request.body()).unwrap(), expected);
}

#[test]
fn every_violation_of_a_role_is_reported_with_its_place() {
    let project = || RoleResource::project(ProjectScope::slug("a:b"));
    let roles = [RoleAction::from("customRole:update"), RoleAction::CustomRoleView, "customRole:create".into()];
    let config = CustomRoleConfig::new(
        "",
        [
            RoleStatement::allow(RoleActions::All, RoleResource::CustomRole),
            RoleStatement::allow(roles.clone(), project()),
            RoleStatement::deny(roles, RoleResource::CustomRole),
            RoleStatement::deny(RoleActions::All, project().default_environment_variable()),
        ],
    );
    let violations = config.check().unwrap_err();
    let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(
        fields,
        ["statements[1].actions[0]", "statements[1].actions[2]", "statements[1].resource", "statements[3].resource"]
    );
    let endpoint = Endpoint::new("https://api.example", &AccessToken::parse("made-up").unwrap()).unwrap();
    let create = CreateCustomRole::new(TeamId(1), config);
    assert!(matches!(create.to_request(&endpoint), Err(BuildError::Invalid(found)) if found == violations));
    assert!(create.unchecked().to_request(&endpoint).is_ok());
}

#[test]
fn an_error_in_a_statement_is_located() {
    for (statement, path) in [
        (r#"{"effect":"allow","actions":["a",7],"resource":"x"}"#, "statements[0].actions[1]"),
        (r#"{"effect":"allow","actions":7,"resource":"x"}"#, "statements[0].actions"),
        (r#"{"effect":"allow","actions":{},"resource":"x"}"#, "statements[0].actions"),
        (r#"{"effect":"allow","actions":null,"resource":"x"}"#, "statements[0].actions"),
        (r#"{"effect":"allow","actions":"*","resource":["x"]}"#, "statements[0].resource"),
        (r#"{"effect":true,"actions":"*","resource":"x"}"#, "statements[0].effect"),
    ] {
        let body = format!(r#"{{"id":5,"teamId":1,"name":"R","createTime":1,"statements":[{statement}]}}"#);
        assert_eq!(CreateCustomRole::decode(&body.into()).unwrap_err().path, path, "{statement}");
    }
}
