//! The audit log of a team.

use super::*;

/// Lists the entries of all times.
fn list(query: &str) -> String {
    format!("GET /teams/1/list_audit_log_events?from=0&to={}&{query}", i64::MAX)
}

#[tokio::test]
async fn every_topic_leaves_entries_with_the_names_of_the_document() {
    let plane = plane();
    let project = project(&plane, "shop").await;
    let prod = deployment(&plane, project, json!({"type": "prod"})).await;
    let name = text(&prod, "name");
    let role = role(&plane, "Reader").await;
    let post = async |request: &str, body: Value| {
        let (status, answer) = call(&plane, PERSON, &format!("POST {request}"), body).await;
        assert!((200..300).contains(&status), "{request}: {answer}");
    };
    post("/teams/1/invite_team_member", json!({"email": "a@b.c", "role": "admin"})).await;
    post("/teams/1/cancel_team_member_invite", json!({"email": "a@b.c"})).await;
    post("/teams/1/invite_team_member", json!({"email": "a@b.c", "role": "admin"})).await;
    let member = plane.accept_invitation(1, "a@b.c").unwrap();
    post("/teams/1/update_team_member_role", json!({"memberId": member, "role": "developer"})).await;
    post("/teams/1/update_custom_role", json!({"id": role, "name": "R", "statements": []})).await;
    post("/teams/1/delete_custom_role", json!({"id": role})).await;
    post("/teams/1/create_access_token", json!({"name": "ci"})).await;
    post("/teams/1/delete_access_token", json!({"id": "ci"})).await;
    for verb in ["create", "delete"] {
        let domain = json!({"requestDestination": "convexSite", "domain": "a.b.c"});
        post(&format!("/deployments/{name}/{verb}_custom_domain"), domain).await;
    }
    for value in [Some("1"), Some("2"), None] {
        let changes = json!([{"name": "A", "deploymentType": "dev", "value": value}]);
        post(&format!("/projects/{project}/update_default_environment_variables"), json!({"changes": changes})).await;
    }
    for (body, verb) in [(json!({"name": "k"}), "create"), (json!({"id": "k"}), "delete")] {
        post(&format!("/deployments/{name}/{verb}_deploy_key"), body.clone()).await;
        post(&format!("/projects/{project}/{verb}_preview_deploy_key"), body).await;
    }
    ok(&plane, PERSON, &format!("PATCH /projects/{project}"), json!({"name": "x"})).await;
    ok(&plane, PERSON, &format!("PATCH /deployments/{name}"), json!({"reference": "main-1"})).await;
    post(&format!("/projects/{project}/delete"), json!(null)).await;

    let mut page = ok(&plane, PERSON, &list("limit=100"), Value::Null).await;
    let events = page["items"].as_array_mut().unwrap();
    events.reverse();
    let actions: Vec<&str> = events.iter().map(|event| text(event, "action")).collect();
    let expected = [
        "project:create",
        "deployment:create",
        "customRole:create",
        "member:invite",
        "member:cancelInvitation",
        "member:invite",
        "team:join",
        "member:updateRole",
        "customRole:update",
        "customRole:delete",
        "team:token:create",
        "team:token:delete",
        "deployment:customDomain:create",
        "deployment:customDomain:delete",
        "defaultEnvironmentVariable:create",
        "defaultEnvironmentVariable:update",
        "defaultEnvironmentVariable:delete",
        "deployment:token:create",
        "project:token:create",
        "deployment:token:delete",
        "project:token:delete",
        "project:update",
        "deployment:update",
        "deployment:delete",
        "project:delete",
    ];
    assert_eq!(actions, expected);
    assert_eq!(events[0]["actor"], json!({"kind": "token", "member_id": 2, "token_id": 4, "client_id": null}));
    assert_eq!(events[3]["actor"], json!({"kind": "member", "member_id": 2}));
    assert_eq!(events[6]["actor"], json!({"kind": "member", "member_id": member}));
    for event in events {
        assert_eq!((&event["teamId"], event["metadata"].is_object()), (&json!(1), true), "{event}");
    }
}

#[tokio::test]
async fn a_project_is_created_before_its_deployment_or_not_at_all() {
    let plane = plane();
    let create = "POST /teams/1/create_project";
    let failing = json!({"projectName": "x", "deploymentType": "prod", "deploymentClass": "d2048"});
    assert_eq!(error(&plane, TEAM, create, failing).await, failure(403, "DeploymentClassNotAvailable"));
    ok(&plane, TEAM, create, json!({"projectName": "x", "deploymentType": "prod"})).await;
    let listed = ok(&plane, TEAM, &list(""), Value::Null).await;
    assert_eq!(column(&listed["items"], "action"), ["deployment:create", "project:create"]);
}

#[tokio::test]
async fn a_list_has_bounds_and_filters() {
    let plane = plane();
    let member = plane.add_member(1, "dev@example.com");
    plane.add_token_of(1, member, TokenClass::Person, "other");
    let create = async |token, name: &str| {
        ok(&plane, token, "POST /teams/1/create_project", json!({"projectName": name})).await;
    };
    create(PERSON, "first").await;
    plane.advance_clock(MINUTE);
    create("other", "second").await;
    role(&plane, "Reader").await;
    let [first, second, _] = plane.audit_log().iter().map(|event| event.entry.create_time).collect::<Vec<_>>()[..]
    else {
        panic!("three entries")
    };
    let names = async |query: &str| {
        let list = format!("GET /teams/1/list_audit_log_events?{query}");
        let page = ok(&plane, TEAM, &list, Value::Null).await;
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| text(&item["metadata"], "name").to_owned())
            .collect::<Vec<_>>()
    };
    let all = format!("from=0&to={}", i64::MAX);
    assert_eq!(names(&all).await, ["Reader", "second", "first"]);
    assert_eq!(names(&format!("from={first}&to={first}")).await, ["first"]);
    assert_eq!(names(&format!("from={}&to={second}&action=project:create", first + 1)).await, ["second"]);
    assert_eq!(names(&format!("{all}&memberId={member}")).await, ["second"]);
    assert_eq!(names(&format!("{all}&memberId=2&action=customRole%3Acreate")).await, ["Reader"]);
    assert_eq!(names(&format!("{all}&action=team:delete")).await, [""; 0]);
}

#[tokio::test]
async fn pages_continue_although_the_log_grows() {
    let plane = plane();
    for number in 0..17 {
        project(&plane, &format!("p{number}")).await;
    }
    let first = ok(&plane, TEAM, &list(""), Value::Null).await;
    assert_eq!(first["items"].as_array().unwrap().len(), 15);
    project(&plane, "later").await;
    let cursor = text(&first["pagination"], "nextCursor");
    let second = ok(&plane, TEAM, &list(&format!("cursor={cursor}")), Value::Null).await;
    let names = second["items"].as_array().unwrap().iter().map(|item| text(&item["metadata"], "name"));
    assert_eq!(names.collect::<Vec<_>>(), ["p1", "p0"]);
    assert_eq!(second["pagination"], json!({"hasMore": false}));
    let other = error(&plane, TEAM, &list(&format!("cursor={cursor}&memberId=2")), Value::Null).await;
    assert_eq!(other, failure(400, "InvalidCursor"));
}

#[tokio::test]
async fn rejects_missing_bounds_and_invalid_filters() {
    let plane = plane();
    for (query, code) in [
        ("", "BadQueryArgs"),
        ("from=0", "BadQueryArgs"),
        ("to=0", "BadQueryArgs"),
        ("from=x&to=1", "BadQueryArgs"),
        ("from=2&to=1", "InvalidTimeRange"),
        ("from=0&to=1&action=push_config", "BadQueryArgs"),
        ("from=0&to=1&memberId=-1", "BadQueryArgs"),
        ("from=0&to=1&limit=0", "LimitOutOfRange"),
        ("from=0&to=1&limit=101", "LimitOutOfRange"),
    ] {
        let list = format!("GET /teams/1/list_audit_log_events?{query}");
        assert_eq!(error(&plane, TEAM, &list, Value::Null).await, failure(400, code), "{query}");
    }
    assert_eq!(error(&plane, OAUTH, &list(""), Value::Null).await, failure(403, "OperationNotPermitted"));
    // Entries of another team are not in the list.
    let other = plane.add_team("other");
    plane.add_token_of(other, other + 1, TokenClass::Team, "other");
    let create = format!("POST /teams/{other}/create_project");
    ok(&plane, "other", &create, json!({"projectName": "x"})).await;
    assert_eq!(ok(&plane, TEAM, &list(""), Value::Null).await["items"], json!([]));
}
