//! The creation of teams.

use super::*;

const CREATE: &str = "POST /teams/create_team";

fn named(name: &str) -> Value {
    json!({"name": name, "defaultRegion": "aws-eu-west-1"})
}

#[tokio::test]
async fn a_new_team_belongs_to_its_creator_and_has_a_default_region() {
    let plane = plane();
    let team = created(&plane, PERSON, CREATE, named("Big Shop!")).await;
    let id = team["id"].as_u64().unwrap();
    assert_eq!((&team["slug"], &team["creator"], &team["suspended"]), (&json!("big-shop"), &json!(2), &json!(false)));
    let members = ok(&plane, PERSON, &format!("GET /teams/{id}/list_members"), Value::Null).await;
    assert_eq!(column(&members["items"], "role"), ["admin"]);
    let body = json!({"projectName": "web", "deploymentType": "prod"});
    let project = ok(&plane, PERSON, &format!("POST /teams/{id}/create_project"), body).await;
    let read = format!("GET /deployments/{}", text(&project, "deploymentName"));
    assert_eq!(ok(&plane, PERSON, &read, Value::Null).await["region"], "aws-eu-west-1");
    // The tokens of the first team have no access.
    let denied = error(&plane, TEAM, &format!("GET /teams/{id}/projects"), Value::Null).await;
    assert_eq!(denied, failure(403, "OperationNotPermitted"));
}

#[tokio::test]
async fn teams_of_one_name_have_different_slugs() {
    let plane = plane();
    assert_eq!(created(&plane, PERSON, CREATE, named("ACME")).await["slug"], "acme-2");
    assert_eq!(created(&plane, PERSON, CREATE, named("acme")).await["slug"], "acme-3");
    assert_eq!(created(&plane, PERSON, CREATE, named("é")).await["slug"], "team");
}

#[tokio::test]
async fn invalid_names_and_other_tokens_create_no_team() {
    let plane = plane();
    for name in ["", "  ", "My Convex team"] {
        assert_eq!(error(&plane, PERSON, CREATE, named(name)).await, failure(400, "InvalidTeamName"), "{name}");
    }
    for body in [json!({"name": "x"}), json!({"name": "x", "defaultRegion": "mars"})] {
        assert_eq!(error(&plane, PERSON, CREATE, body).await, failure(400, "BadJsonBody"));
    }
    for token in [TEAM, OAUTH] {
        assert_eq!(error(&plane, token, CREATE, named("x")).await, failure(403, "OperationNotPermitted"));
    }
    assert!(plane.audit_log().is_empty());
}
