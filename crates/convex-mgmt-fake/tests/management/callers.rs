//! Classes of tokens: which operations they may call, and what they have access to.

use super::*;

/// A control plane with a token of each class, two projects, and a deployment in the first.
async fn scene() -> (FakeControlPlane, u64, u64, String) {
    let (plane, first) = with_project().await;
    let second = project(&plane, "blog").await;
    plane.add_token(TokenClass::OAuthProject(first), "project:acme:shop|oauth-project");
    let prod = deployment(&plane, first, json!({"type": "prod"})).await;
    let name = text(&prod, "name").to_owned();
    (plane, first, second, name)
}

#[tokio::test]
async fn a_request_without_a_valid_token_is_unauthenticated() {
    let plane = plane();
    for (authorization, code) in [
        ("", "InvalidIdentity"),
        ("Bearer", "InvalidIdentity"),
        ("Convex team", "InvalidIdentity"),
        ("Basic team", "InvalidIdentity"),
        ("Bearer nope", "AccessTokenInvalid"),
    ] {
        // A closed schema and an unknown team do not matter yet.
        let (status, body) = send(&plane, authorization, "POST", "/v1/teams/9/create_project", json!({"x": 1})).await;
        assert_eq!((status, text(&body, "code")), (401, code), "{authorization}");
    }
    assert_eq!(send(&plane, "bearer team", "GET", "/v1/teams/1/projects", Value::Null).await.0, 200);
    plane.revoke_token(TEAM);
    assert_eq!(call(&plane, TEAM, "GET /teams/1/projects", Value::Null).await.0, 401);
}

#[tokio::test]
async fn each_operation_accepts_the_classes_that_the_document_lists() {
    let (plane, project, _, name) = scene().await;
    for (request, accepts_project_tokens) in [
        ("GET /teams/1/projects", false),
        ("GET /teams/acme/projects/shop", false),
        ("GET /teams/acme/projects/shop/deployment?defaultProd=true", false),
        ("GET /teams/1/list_deployments", false),
        ("GET /teams/1/list_local_deployments", false),
        ("GET /teams/1/list_deployment_classes", false),
        (&format!("GET /projects/{project}"), true),
        (&format!("GET /projects/{project}/list_deployments"), true),
        (&format!("GET /projects/{project}/deployment?defaultProd=true"), true),
        (&format!("GET /projects/{project}/list_preview_deploy_keys"), true),
        (&format!("GET /deployments/{name}"), true),
        (&format!("GET /deployments/{name}/list_deploy_keys"), true),
    ] {
        for token in [PERSON, TEAM, OAUTH] {
            ok(&plane, token, request, Value::Null).await;
        }
        let (status, body) = call(&plane, "oauth-project", request, Value::Null).await;
        let expected = if accepts_project_tokens { (200, None) } else { (403, Some("OperationNotPermitted")) };
        assert_eq!((status, body["code"].as_str()), expected, "{request}");
    }
    let rename = format!("PATCH /projects/{project}");
    let error = error(&plane, "oauth-project", &rename, json!({"name": "x"})).await;
    assert_eq!(error, failure(403, "OperationNotPermitted"));
}

#[tokio::test]
async fn a_token_has_access_to_its_own_team_or_project_only() {
    let (plane, _, second, name) = scene().await;
    let other = plane.add_team("other");
    plane.add_token_of(other, other + 1, TokenClass::Team, "other-team");
    plane.add_token_of(other, other + 1, TokenClass::Person, "other-person");
    for token in ["other-team", "other-person"] {
        assert_eq!(ok(&plane, token, &format!("GET /teams/{other}/projects"), Value::Null).await["items"], json!([]));
        for request in
            ["GET /teams/1/projects", &format!("GET /projects/{second}"), &format!("GET /deployments/{name}")]
        {
            let error = error(&plane, token, request, Value::Null).await;
            assert_eq!(error, failure(403, "OperationNotPermitted"), "{token} {request}");
        }
    }
    let error_of = async |token, request: &str| error(&plane, token, request, Value::Null).await;
    let denied = failure(403, "OperationNotPermitted");
    assert_eq!(error_of("oauth-project", &format!("GET /projects/{second}")).await, denied);
    for (request, code) in [
        ("GET /teams/999/projects", "TeamNotFound"),
        ("GET /teams/nobody/projects/shop", "TeamNotFound"),
        ("GET /teams/acme/projects/nothing", "ProjectNotFound"),
        ("GET /projects/999", "ProjectNotFound"),
        ("GET /deployments/brave-otter-999", "DeploymentNotFound"),
    ] {
        assert_eq!(error_of(TEAM, request).await, failure(404, code), "{request}");
    }
    for request in ["GET /projects/x", "GET /teams/acme/projects", "GET /projects/-1"] {
        assert_eq!(error_of(TEAM, request).await, failure(400, "BadPathArgs"), "{request}");
    }
}

/// The same secret is `Bearer` for the Management API and `Convex` for the API of a deployment.
#[tokio::test]
async fn a_token_works_on_the_deployments_that_it_has_access_to() {
    let (plane, first, second, _) = scene().await;
    let prod = ok(&plane, TEAM, &format!("GET /projects/{first}/deployment?defaultProd=true"), Value::Null).await;
    let blog = deployment(&plane, second, json!({"type": "prod"})).await;
    let other = plane.add_team("other");
    plane.add_token_of(other, other + 1, TokenClass::Team, "other-team");
    for (token, on_shop, on_blog) in [
        (TEAM, 200, 200),
        ("team:acme|oauth", 200, 200),
        ("project:acme:shop|oauth-project", 200, 401),
        ("other-team", 401, 401),
        (PERSON, 401, 401),
        ("nope", 401, 401),
    ] {
        let statuses = (use_key(&plane, &prod, token).await, use_key(&plane, &blog, token).await);
        assert_eq!(statuses, (on_shop, on_blog), "{token}");
    }
    let fake = plane.deployment(text(&prod, "name")).unwrap();
    let url = format!("{}/api/v1/update_environment_variables", text(&prod, "deploymentUrl"));
    let body = json!({"changes": [{"name": "A", "value": "1"}]});
    assert_eq!(send(&plane, "Convex team:acme|oauth", "POST", &url, body).await.0, 200);
    let actor = &fake.audit_log()[0].actor;
    assert_eq!((&actor["kind"], &actor["member_id"], &actor["client_id"]), (&json!("token"), &json!(2), &json!("app")));
}

#[tokio::test]
async fn a_deploy_key_does_not_call_the_management_api() {
    let (plane, project, _, name) = scene().await;
    let create = format!("POST /deployments/{name}/create_deploy_key");
    let key = ok(&plane, TEAM, &create, json!({"name": "ci"})).await;
    let create = format!("POST /projects/{project}/create_preview_deploy_key");
    let preview = ok(&plane, TEAM, &create, json!({"name": "ci"})).await;
    for key in [text(&key, "deployKey"), text(&preview, "previewDeployKey")] {
        let error = error(&plane, key, &format!("GET /deployments/{name}"), Value::Null).await;
        assert_eq!(error, failure(403, "OperationNotPermitted"));
    }
}

#[tokio::test]
async fn routes_and_client_versions_are_checked_as_on_a_deployment() {
    let plane = plane();
    let (status, body) = send(&plane, "Bearer team", "GET", "/v1/nope", Value::Null).await;
    assert_eq!((status, body), (404, Value::Null));
    let (status, body) = send(&plane, "Bearer team", "DELETE", "/v1/projects/1", Value::Null).await;
    assert_eq!((status, body), (405, Value::Null));
    let request = Request::get("/v1/teams/1/projects").header("convex-client", "nothing").body(Bytes::new()).unwrap();
    let response = plane.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 400);
}
