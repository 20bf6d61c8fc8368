//! Tests of the operations on default environment variables.

use super::*;
use crate::auth::AccessToken;
use crate::operation::Operation;
use crate::request::Endpoint;
use crate::types::{DeploymentType, ProjectId};

fn update() -> UpdateDefaultEnvironmentVariables {
    UpdateDefaultEnvironmentVariables::new(ProjectId(42))
}

#[test]
fn a_list_that_cannot_be_paged_says_if_there_is_more() {
    for (pagination, has_more) in [
        (r#"{"hasMore":true,"nextCursor":"c"}"#, true),
        (r#"{"hasMore":true,"nextCursor":null}"#, true),
        (r#"{"hasMore":true}"#, true),
        (r#"{"hasMore":false}"#, false),
    ] {
        let body = format!(r#"{{"items":[],"pagination":{pagination}}}"#);
        let list = ListDefaultEnvironmentVariables::decode(&body.into()).unwrap();
        assert_eq!((list.has_more, list.variables.len()), (has_more, 0), "{pagination}");
    }
    let error = ListDefaultEnvironmentVariables::decode(&r#"{"items":[],"pagination":{}}"#.into()).unwrap_err();
    assert_eq!((error.path.as_str(), error.expected.as_str()), ("pagination", "the field `hasMore`"));
}

#[test]
fn a_variable_has_one_value_for_each_type() {
    let body = r#"{"items":[{"name":"A","value":"1","deploymentTypes":["dev","new-type"]},
        {"name":"A","value":"2","deploymentTypes":["prod"]}],"pagination":{"hasMore":false}}"#;
    let list = ListDefaultEnvironmentVariables::decode(&body.into()).unwrap();
    let value = |name, of: &str| list.get(name, &of.into()).map(|value| value.expose());
    assert_eq!([value("A", "dev"), value("A", "new-type"), value("A", "prod")], [Some("1"), Some("1"), Some("2")]);
    assert_eq!([value("A", "preview"), value("B", "dev")], [None; 2]);
    assert!(!format!("{list:?}").contains('2'));
}

#[test]
fn reports_all_violations_of_new_values_at_once_and_never_a_value() {
    let update = update()
        .set("OK", DeploymentType::Dev, "canary")
        .set("canary=canary", DeploymentType::Dev, "canary".repeat(2000))
        .set("", "new-type", "")
        .delete("1A", "new-type")
        .set("N".repeat(257), DeploymentType::Prod, "");
    let violations = update.check().unwrap_err();
    let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "changes[1].name (13 bytes)",
            "changes[1].value (13 bytes)",
            "changes[2].name (0 bytes)",
            "changes[4].name (257 bytes)"
        ]
    );
    assert!(!format!("{violations} {update:?}").replace("canary=canary", "").contains("canary"));
}

#[test]
fn collects_changes_in_their_order() {
    let mut all = update().set("A", DeploymentType::Dev, "1");
    all.extend(update().delete("A", DeploymentType::Dev).set("B", "new-type", "2").changes);
    let seen: Vec<_> = all
        .changes
        .iter()
        .map(|one| (one.name(), one.deployment_type().as_str(), one.value().map(|value| value.expose())))
        .collect();
    assert_eq!(seen, [("A", "dev", Some("1")), ("A", "dev", None), ("B", "new-type", Some("2"))]);
}

#[test]
fn a_body_is_that_of_serde_json() {
    let texts = ["", "plain", "\"\\\n\u{1}", "\u{2028}🦀 and a text of more than sixteen bytes\u{1f}"];
    let update = texts.iter().fold(update(), |update, text| update.set(*text, *text, *text).delete(*text, *text));
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let both = texts.iter().map(|text| json(text)).map(|text| {
        let change = format!(r#"{{"name":{text},"deploymentType":{text},"value""#);
        format!("{change}:{text}}},{change}:null}}")
    });
    let expected = format!(r#"{{"changes":[{}]}}"#, both.collect::<Vec<_>>().join(","));
    let endpoint = Endpoint::new("https://api.convex.dev", &AccessToken::parse("made-up").unwrap()).unwrap();
    assert_eq!(update.clone().unchecked().to_request(&endpoint).unwrap().body(), &expected);
    #[cfg(feature = "serde-all")]
    assert_eq!(format!(r#"{{"changes":{}}}"#, serde_json::to_string(&update.changes).unwrap()), expected);
}
