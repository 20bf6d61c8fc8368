//! Tests of the requests and responses.

use super::*;
use crate::auth::DeployKey;
use crate::error::BuildError;
use crate::metadata::DeploymentApi;
use crate::operation::Operation;
use crate::request::Endpoint;
use crate::types::Secret;
use bytes::Bytes;
use http::Method;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn endpoint() -> Endpoint<DeploymentApi> {
    let key = DeployKey::parse("prod:happy-animal-123|made-up").unwrap();
    Endpoint::new("https://happy-animal-123.convex.cloud", &key).unwrap()
}

#[test]
fn lists_with_a_get_request_without_a_body() {
    let request = ListEnvironmentVariables::new().to_request(&endpoint()).unwrap();
    assert_eq!(request.method(), Method::GET);
    assert_eq!(request.uri(), "https://happy-animal-123.convex.cloud/api/v1/list_environment_variables");
    assert_eq!(request.headers()["authorization"], "Convex prod:happy-animal-123|made-up");
    assert!(request.body().is_empty());
}

#[test]
fn sends_deletions_as_null() {
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
fn rejects_an_invalid_change_unless_unchecked() {
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
fn reads_values_and_shows_only_names() {
    let body = Bytes::from(r#"{"environmentVariables":{"B":"canary","A":""},"more":{}}"#);
    let variables = ListEnvironmentVariables::decode(&body).unwrap();
    assert_eq!(variables.names().collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(variables.get("B").unwrap().expose(), "canary");
    assert!(!format!("{variables:?}").contains("canary"));
}

#[test]
fn locates_a_value_that_is_not_a_string_without_showing_it() {
    let body = Bytes::from(r#"{"environmentVariables":{"A":"x","B":{"canary":1}}}"#);
    let error = ListEnvironmentVariables::decode(&body).unwrap_err();
    assert_eq!((error.path.as_str(), error.expected.as_str()), ("environmentVariables.B", "a string"));
    assert!(!format!("{error} {error:?}").contains("canary"));
    let error = ListEnvironmentVariables::decode(&Bytes::from("{}")).unwrap_err();
    assert_eq!(error.expected, "the field `environmentVariables`");
}

#[test]
fn removes_the_variables_of_the_command_line_tool() {
    let mut variables: EnvironmentVariables =
        [("CONVEX_DEPLOY_KEY", "k"), ("VITE_CONVEX_URL", "u"), ("MINE", "m")].into_iter().collect();
    assert_eq!(variables.take_cli_managed(), ["CONVEX_DEPLOY_KEY", "VITE_CONVEX_URL"]);
    assert_eq!(variables.names().collect::<Vec<_>>(), ["MINE"]);
}

#[test]
fn a_body_beyond_the_limit_is_rejected_with_its_length() {
    let update = |bytes| UpdateEnvironmentVariables::new().set("A", "\n".repeat(bytes)).unchecked();
    let frame = r#"{"changes":[{"name":"A","value":""}]}"#.len();
    let limit = 2 * 1024 * 1024;
    let fits = (limit - frame) / 2;
    assert_eq!(update(fits).to_request(&endpoint()).unwrap().body().len(), 2 * fits + frame);
    match update(fits + 1).to_request(&endpoint()) {
        Err(BuildError::BodyTooLarge { length, limit: of, .. }) => {
            assert_eq!((length, of), (2 * fits + 2 + frame, limit))
        }
        other => panic!("{other:?}"),
    }
}

/// Names that often repeat, and values with characters that JSON escapes.
fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[A-D\u{0}é\"]{0,2}", "([a-z]{0,9}|[\u{0}-\u{20}\"\\\\\u{2028}🦀]){0,4}"), 0..12)
}

proptest! {
    #[test]
    fn a_body_is_that_of_serde_json(pairs in pairs(), deletions in pairs()) {
        let mut update: UpdateEnvironmentVariables = pairs.iter().cloned().collect();
        update = deletions.iter().fold(update, |update, (name, _)| update.delete(name));
        let json = |text: &String| serde_json::to_string(text).unwrap();
        let sets = pairs.iter().map(|(name, value)| format!(r#"{{"name":{},"value":{}}}"#, json(name), json(value)));
        let deletes = deletions.iter().map(|(name, _)| format!(r#"{{"name":{},"value":null}}"#, json(name)));
        let expected = format!(r#"{{"changes":[{}]}}"#, sets.chain(deletes).collect::<Vec<_>>().join(","));
        let request = update.clone().unchecked().to_request(&endpoint()).unwrap();
        prop_assert_eq!(request.body(), &expected);
        #[cfg(feature = "serde-all")]
        prop_assert_eq!(serde_json::to_string(&update).unwrap(), expected);
    }

    #[test]
    fn variables_are_a_sorted_map(first in pairs(), more in pairs(), single in pairs(), removed in pairs()) {
        let json = |text: &String| serde_json::to_string(text).unwrap();
        let fields: Vec<_> = first.iter().map(|(name, value)| format!("{}:{}", json(name), json(value))).collect();
        let body = Bytes::from(format!(r#"{{"environmentVariables":{{{}}}}}"#, fields.join(",")));
        let mut variables = ListEnvironmentVariables::decode(&body).unwrap();
        prop_assert_eq!(&variables, &first.iter().cloned().collect::<EnvironmentVariables>());
        let mut map: BTreeMap<String, Secret> = first.into_iter().map(|(name, value)| (name, value.into())).collect();
        variables.extend(more.clone());
        map.extend(more.into_iter().map(|(name, value)| (name, value.into())));
        for (name, value) in single {
            prop_assert_eq!(variables.insert(name.as_str(), value.as_str()), map.insert(name, value.into()));
        }
        for (name, _) in removed {
            prop_assert_eq!(variables.get(&name), map.get(&name));
            prop_assert_eq!(variables.remove(&name), map.remove(&name));
        }
        prop_assert_eq!((variables.len(), variables.is_empty()), (map.len(), map.is_empty()));
        prop_assert!(variables.names().eq(map.keys()) && variables.iter().eq(&map));
        prop_assert!(variables.into_iter().eq(map));
    }
}
