//! Changes of a deployment's settings, and its transfer.

use super::*;

#[tokio::test]
async fn absent_fields_are_kept_and_null_resets_the_three_state_ones() {
    let (plane, id) = with_project().await;
    let preview = deployment(&plane, id, json!({"type": "preview", "reference": "pr-1"})).await;
    let name = text(&preview, "name");
    let update = async |body: Value| {
        let (status, response) = call(&plane, TEAM, &format!("PATCH /deployments/{name}"), body).await;
        assert_eq!((status, response), (200, Value::Null));
        ok(&plane, TEAM, &format!("GET /deployments/{name}"), Value::Null).await
    };
    let later = after(&plane, 60 * MINUTE);
    let set =
        json!({"dashboardEditConfirmation": true, "sendLogsToClient": false, "expiresAt": later, "class": "s256"});
    let changed = update(set).await;
    let fields = ["dashboardEditConfirmation", "sendLogsToClient", "expiresAt", "class"];
    let read = |deployment: &Value| fields.map(|field| deployment[field].clone());
    assert_eq!(read(&changed), [json!(true), json!(false), json!(later), json!("s256")]);
    assert_eq!(update(json!({})).await, changed);
    // Inferred: `null` is as absent where it has no meaning.
    assert_eq!(
        update(json!({"reference": null, "class": null, "isDefault": null, "deploymentType": null})).await,
        changed
    );
    let reset = json!({"dashboardEditConfirmation": null, "sendLogsToClient": null, "expiresAt": null});
    assert_eq!(read(&update(reset).await), [Value::Null, Value::Null, Value::Null, json!("s256")]);
}

#[tokio::test]
async fn an_invalid_field_leaves_everything_unchanged() {
    let (plane, id) = with_project().await;
    deployment(&plane, id, json!({"type": "prod"})).await;
    deployment(&plane, id, json!({"type": "dev", "reference": "taken"})).await;
    let staging = deployment(&plane, id, json!({"type": "prod", "reference": "staging"})).await;
    let request = format!("PATCH /deployments/{}", text(&staging, "name"));
    for (body, code) in [
        (json!({"reference": "taken"}), (400, "DeploymentReferenceInUse")),
        (json!({"reference": "Staging"}), (400, "InvalidDeploymentReference")),
        (json!({"class": "huge"}), (400, "InvalidDeploymentClass")),
        (json!({"class": "d2048"}), (403, "DeploymentClassNotAvailable")),
        (json!({"isDefault": true}), (400, "DefaultDeploymentExists")),
        (json!({"isDefault": true, "deploymentType": "custom"}), (400, "InvalidIsDefault")),
        (json!({"expiresAt": after(&plane, MINUTE)}), (400, "InvalidExpiresAt")),
        (json!({"name": "x"}), (400, "BadJsonBody")),
        (json!({"deploymentType": "x"}), (400, "BadJsonBody")),
    ] {
        let mut body = body;
        if code.1 != "InvalidDeploymentReference" && code.1 != "DeploymentReferenceInUse" {
            body["reference"] = json!("renamed");
        }
        assert_eq!(error(&plane, TEAM, &request, body.clone()).await, failure(code.0, code.1), "{body}");
    }
    let read = ok(&plane, TEAM, &format!("GET /deployments/{}", text(&staging, "name")), Value::Null).await;
    assert_eq!(read, staging);
}

#[tokio::test]
async fn the_default_moves_in_two_steps() {
    let (plane, id) = with_project().await;
    let old = deployment(&plane, id, json!({"type": "prod"})).await;
    let new = deployment(&plane, id, json!({"type": "prod", "reference": "next"})).await;
    for (deployment, is_default) in [(&old, false), (&new, true)] {
        let request = format!("PATCH /deployments/{}", text(deployment, "name"));
        assert_eq!(call(&plane, TEAM, &request, json!({"isDefault": is_default})).await.0, 200);
    }
    let found = ok(&plane, TEAM, &format!("GET /projects/{id}/deployment?defaultProd=true"), Value::Null).await;
    assert_eq!(found["name"], new["name"]);
}

#[tokio::test]
async fn a_transfer_answers_204_and_moves_the_deployment() {
    let (plane, shop) = with_project().await;
    let blog = project(&plane, "blog").await;
    let moved = deployment(&plane, shop, json!({"type": "prod"})).await;
    let name = text(&moved, "name");
    let request = format!("POST /deployments/{name}/transfer");
    let transferred = call(&plane, TEAM, &request, json!({"destinationProjectId": blog})).await;
    assert_eq!(transferred, (204, Value::Null));
    let read = ok(&plane, TEAM, &format!("GET /projects/{blog}/deployment?defaultProd=true"), Value::Null).await;
    assert_eq!((&read["name"], &read["projectId"]), (&json!(name), &json!(blog)));
    let url = format!("{}/api/v1/deployment_info", text(&read, "deploymentUrl"));
    let (_, info) = send(&plane, "Convex team", "GET", &url, Value::Null).await;
    assert_eq!((&info["projectId"], &info["projectSlug"]), (&json!(blog), &json!("blog")));
    let actions: Vec<_> = plane.audit_log().iter().map(|entry| entry.entry.action).collect();
    assert!(actions.ends_with(&["deployment:transfer", "deployment:receive"]), "{actions:?}");
}

#[tokio::test]
async fn a_transfer_needs_a_destination_in_the_team_without_the_reference() {
    let (plane, shop) = with_project().await;
    let blog = project(&plane, "blog").await;
    plane.add_token(TokenClass::OAuthProject(shop), "oauth-project");
    let staging = json!({"type": "prod", "reference": "staging"});
    let moved = deployment(&plane, shop, staging.clone()).await;
    deployment(&plane, blog, staging).await;
    let other = plane.add_team("other");
    plane.add_token_of(other, other + 1, TokenClass::Team, "other");
    let body = json!({"projectName": "a"});
    let foreign = ok(&plane, "other", &format!("POST /teams/{other}/create_project"), body).await["id"].clone();
    let request = format!("POST /deployments/{}/transfer", text(&moved, "name"));
    for (token, destination, code) in [
        (TEAM, json!(blog), (400, "DeploymentReferenceInUse")),
        (TEAM, json!(999), (404, "ProjectNotFound")),
        (TEAM, foreign, (403, "OperationNotPermitted")),
        (TEAM, json!("blog"), (400, "BadJsonBody")),
        ("oauth-project", json!(blog), (403, "OperationNotPermitted")),
    ] {
        let actual = error(&plane, token, &request, json!({"destinationProjectId": destination})).await;
        assert_eq!(actual, failure(code.0, code.1), "{token} {destination}");
    }
}
