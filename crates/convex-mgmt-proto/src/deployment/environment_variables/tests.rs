//! Environment variables on the wire.

use super::*;
use crate::auth::DeployKey;
use crate::error::BuildError;
use crate::metadata::DeploymentApi;
use crate::operation::Operation;
use crate::request::Endpoint;
use crate::types::Secret;
use bytes::Bytes;
use http::Method;

fn endpoint() -> Endpoint<DeploymentApi> {
    let key = DeployKey::parse("prod:happy-animal-123|made-up").unwrap();
    Endpoint::new("https://happy-animal-123.convex.cloud", &key).unwrap()
}

#[test]
fn the_list_request() {
    let request = ListEnvironmentVariables::new().to_request(&endpoint()).unwrap();
    assert_eq!(request.method(), Method::GET);
    assert_eq!(request.uri(), "https://happy-animal-123.convex.cloud/api/v1/list_environment_variables");
    assert_eq!(request.headers()["authorization"], "Convex prod:happy-animal-123|made-up");
    assert!(request.body().is_empty());
}

#[test]
fn the_update_request_writes_deletions_out() {
    let update = UpdateEnvironmentVariables::new().set("A", "1 \"x\"\n").set("B", "").delete("C");
    let request = update.to_request(&endpoint()).unwrap();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.headers()["content-type"], "application/json");
    assert_eq!(
        request.body(),
        r#"{"changes":[{"name":"A","value":"1 \"x\"\n"},{"name":"B","value":""},{"name":"C","value":null}]}"#
    );
}

#[test]
fn a_bad_change_is_refused_before_anything_is_sent_unless_told_otherwise() {
    let update = UpdateEnvironmentVariables::new().set("9", "x");
    assert!(matches!(update.to_request(&endpoint()), Err(BuildError::Invalid(_))));
    assert!(update.unchecked().to_request(&endpoint()).is_ok());
}

#[test]
fn variables_and_updates_are_collections() {
    let mut variables: EnvironmentVariables = [("B", "2"), ("A", "1")].into_iter().collect();
    variables.extend([("B", "two"), ("C", "3")]);
    let owned: Vec<(String, Secret)> = variables.clone().into_iter().collect();
    assert_eq!(owned, [("A", "1"), ("B", "two"), ("C", "3")].map(|(name, value)| (name.into(), value.into())));

    let mut update: UpdateEnvironmentVariables = variables.into_iter().collect();
    update.extend([EnvironmentVariableChange::Delete { name: "D".into() }]);
    let expected = UpdateEnvironmentVariables::new().set("A", "1").set("B", "two").set("C", "3").delete("D");
    assert_eq!(update.changes, expected.changes);
    assert!((&update).into_iter().eq(&expected.changes) && update.into_iter().eq(expected));
}

#[test]
fn a_list_is_read_in_clear_text_and_shown_without_values() {
    let body = Bytes::from(r#"{"environmentVariables":{"B":"canary","A":""},"more":{}}"#);
    let variables = ListEnvironmentVariables::decode(&body).unwrap();
    assert_eq!(variables.names().collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(variables.get("B").unwrap().expose(), "canary");
    assert!(!format!("{variables:?}").contains("canary"));
}

#[test]
fn a_value_that_is_no_text_is_located_without_being_shown() {
    let body = Bytes::from(r#"{"environmentVariables":{"A":"x","B":{"canary":1}}}"#);
    let error = ListEnvironmentVariables::decode(&body).unwrap_err();
    assert_eq!((error.path.as_str(), error.expected.as_str()), ("environmentVariables.B", "a string"));
    assert!(!format!("{error} {error:?}").contains("canary"));
    let error = ListEnvironmentVariables::decode(&Bytes::from("{}")).unwrap_err();
    assert_eq!(error.expected, "the field `environmentVariables`");
}

#[test]
fn variables_of_the_command_line_tool_can_be_taken_out() {
    let mut variables: EnvironmentVariables =
        [("CONVEX_DEPLOY_KEY", "k"), ("VITE_CONVEX_URL", "u"), ("MINE", "m")].into_iter().collect();
    assert_eq!(variables.take_cli_managed(), ["CONVEX_DEPLOY_KEY", "VITE_CONVEX_URL"]);
    assert_eq!(variables.names().collect::<Vec<_>>(), ["MINE"]);
}
