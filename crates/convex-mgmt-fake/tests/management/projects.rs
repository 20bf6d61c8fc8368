//! Projects.

use super::*;

#[tokio::test]
async fn a_project_is_created_read_renamed_and_deleted() {
    let plane = plane();
    let created = ok(&plane, TEAM, "POST /teams/1/create_project", json!({"projectName": "My App!"})).await;
    let id = created["id"].as_u64().unwrap();
    assert_eq!(created, json!({"projectId": id, "id": id, "slug": "my-app"}));
    let read = ok(&plane, TEAM, &format!("GET /projects/{id}"), Value::Null).await;
    assert_eq!(read, ok(&plane, PERSON, "GET /teams/acme/projects/my-app", Value::Null).await);
    assert_eq!(read, ok(&plane, PERSON, "GET /teams/1/projects/my-app", Value::Null).await);
    assert_eq!((text(&read, "name"), text(&read, "teamSlug")), ("My App!", "acme"));

    let renamed = ok(&plane, TEAM, &format!("PATCH /projects/{id}"), json!({"name": "X", "slug": "other"})).await;
    assert_eq!((text(&renamed, "name"), text(&renamed, "slug")), ("X", "other"));
    let unchanged = ok(&plane, TEAM, &format!("PATCH /projects/{id}"), json!({"name": null})).await;
    assert_eq!(unchanged, renamed);
    assert_eq!(call(&plane, TEAM, &format!("POST /projects/{id}/delete"), Value::Null).await, (200, Value::Null));
    let gone = error(&plane, TEAM, &format!("GET /projects/{id}"), Value::Null).await;
    assert_eq!(gone, failure(404, "ProjectNotFound"));
    let actions: Vec<_> = plane.audit_log().iter().map(|entry| (entry.team_id, entry.entry.action)).collect();
    let expected = ["project:create", "project:update", "project:update", "project:delete"];
    assert_eq!(actions, expected.map(|action| (1, action)));
}

#[tokio::test]
async fn a_project_comes_with_a_deployment_on_request() {
    let plane = plane();
    let body = json!({"projectName": "shop", "deploymentType": "prod", "deploymentRegion": "aws-eu-west-1"});
    let created = ok(&plane, TEAM, "POST /teams/1/create_project", body).await;
    let name = text(&created, "deploymentName");
    let read = ok(&plane, TEAM, &format!("GET /deployments/{name}"), Value::Null).await;
    assert_eq!((&read["deploymentUrl"], &read["isDefault"]), (&created["deploymentUrl"], &json!(true)));
    assert_eq!(read["region"], "aws-eu-west-1");
    let project = ok(&plane, TEAM, &format!("GET /projects/{}", created["id"]), Value::Null).await;
    assert_eq!((&project["prodDeploymentName"], &project["devDeploymentName"]), (&json!(name), &Value::Null));
    assert_eq!(use_key(&plane, &read, TEAM).await, 200);
}

#[tokio::test]
async fn a_failed_deployment_leaves_no_project() {
    let plane = plane();
    for (body, code) in [
        (
            json!({"projectName": "a", "deploymentType": "prod", "deploymentClass": "s1"}),
            (400, "InvalidDeploymentClass"),
        ),
        (
            json!({"projectName": "a", "deploymentType": "dev", "deploymentClass": "d2048"}),
            (403, "DeploymentClassNotAvailable"),
        ),
        (json!({"projectName": "a", "deploymentType": "local"}), (400, "BadJsonBody")),
        (json!({"projectName": "a", "deploymentRegion": "mars"}), (400, "BadJsonBody")),
        (json!({"projectName": "a", "team": 1}), (400, "BadJsonBody")),
        (json!({"projectName": " "}), (400, "InvalidProjectName")),
        (json!({}), (400, "BadJsonBody")),
    ] {
        let actual = error(&plane, TEAM, "POST /teams/1/create_project", body.clone()).await;
        assert_eq!(actual, failure(code.0, code.1), "{body}");
    }
    assert_eq!((plane.projects(), plane.deployments()), (Vec::new(), Vec::new()));
    assert_eq!(plane.audit_log(), []);
}

#[tokio::test]
async fn slugs_are_unique_in_a_team() {
    let plane = plane();
    let mut slugs = Vec::new();
    for name in ["Shop", "shop", "-", "x"] {
        let created = ok(&plane, TEAM, "POST /teams/1/create_project", json!({"projectName": name})).await;
        slugs.push(text(&created, "slug").to_owned());
    }
    assert_eq!(slugs, ["shop", "shop-2", "project", "x-project"]);
    let id = plane.projects()[1].id;
    for slug in ["shop", "ab", "with space", "é-é-é", &"a".repeat(65)] {
        let actual = error(&plane, TEAM, &format!("PATCH /projects/{id}"), json!({"slug": slug})).await;
        assert_eq!(actual, failure(400, "InvalidSlug"), "{slug}");
    }
    ok(&plane, TEAM, &format!("PATCH /projects/{id}"), json!({"slug": "shop-2"})).await;
}

#[tokio::test]
async fn the_deletion_of_a_project_deletes_its_deployments_and_keys() {
    let (plane, id) = with_project().await;
    let other = project(&plane, "blog").await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let kept = deployment(&plane, other, json!({"type": "prod"})).await;
    let create = format!("POST /deployments/{}/create_deploy_key", text(&prod, "name"));
    let key = ok(&plane, TEAM, &create, json!({"name": "ci"})).await;
    ok(&plane, TEAM, &format!("POST /projects/{id}/create_preview_deploy_key"), json!({"name": "ci"})).await;
    assert_eq!(use_key(&plane, &prod, text(&key, "deployKey")).await, 200);

    assert_eq!(call(&plane, TEAM, &format!("POST /projects/{id}/delete"), Value::Null).await, (200, Value::Null));
    assert_eq!(use_key(&plane, &prod, text(&key, "deployKey")).await, 404);
    assert_eq!(use_key(&plane, &kept, TEAM).await, 200);
    let existing = |entries: Vec<convex_mgmt_fake::LedgerEntry>| -> Vec<u64> {
        entries.iter().filter(|entry| entry.exists()).map(|entry| entry.project_id).collect()
    };
    assert_eq!(existing(plane.projects()), [other]);
    assert_eq!(existing(plane.deployments()), [other]);
    assert_eq!(existing(plane.deploy_keys()), [0; 0]);
    assert_eq!(plane.deploy_keys().len(), 2);
}

#[tokio::test]
async fn a_quota_limits_the_projects_of_a_team() {
    let plane = plane_with(|knobs| knobs.max_projects = 1);
    let id = project(&plane, "a").await;
    let actual = error(&plane, TEAM, "POST /teams/1/create_project", json!({"projectName": "b"})).await;
    assert_eq!(actual, failure(400, "ProjectQuotaReached"));
    ok_empty(&plane, &format!("POST /projects/{id}/delete")).await;
    project(&plane, "b").await;
}
