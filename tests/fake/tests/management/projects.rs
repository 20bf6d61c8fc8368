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
    assert_eq!((read["name"].as_str(), read["teamSlug"].as_str()), (Some("My App!"), Some("acme")));

    let renamed = ok(&plane, TEAM, &format!("PATCH /projects/{id}"), json!({"name": "X", "slug": "other"})).await;
    assert_eq!((renamed["name"].as_str(), renamed["slug"].as_str()), (Some("X"), Some("other")));
    assert_eq!(call(&plane, TEAM, &format!("POST /projects/{id}/delete"), Value::Null).await, (200, Value::Null));
    let gone = error(&plane, TEAM, &format!("GET /projects/{id}"), Value::Null).await;
    assert_eq!(gone, failure(404, "ProjectNotFound"));
}

#[tokio::test]
async fn a_project_comes_with_a_deployment_on_request() {
    let plane = plane();
    let body = json!({"projectName": "shop", "deploymentType": "prod", "deploymentRegion": "aws-eu-west-1"});
    let created = ok(&plane, TEAM, "POST /teams/1/create_project", body).await;
    let name = created["deploymentName"].as_str().unwrap();
    let read = ok(&plane, TEAM, &format!("GET /deployments/{name}"), Value::Null).await;
    assert_eq!((&read["deploymentUrl"], &read["isDefault"]), (&created["deploymentUrl"], &json!(true)));
    let project = ok(&plane, TEAM, &format!("GET /projects/{}", created["id"]), Value::Null).await;
    assert_eq!(project["prodDeploymentName"], name);
    assert_eq!(use_key(&plane, &read, TEAM).await, 200);
}
