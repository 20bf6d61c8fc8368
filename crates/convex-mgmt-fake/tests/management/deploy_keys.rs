//! Deploy keys and preview deploy keys.

use super::*;

/// A control plane, the id of a project, and its prod deployment.
async fn scene() -> (FakeControlPlane, u64, Value) {
    let (plane, id) = with_project().await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    (plane, id, prod)
}

async fn create(plane: &FakeControlPlane, token: &str, deployment: &Value, body: Value) -> String {
    let request = format!("POST /deployments/{}/create_deploy_key", text(deployment, "name"));
    text(&ok(plane, token, &request, body).await, "deployKey").to_owned()
}

async fn names(plane: &FakeControlPlane, deployment: &Value) -> Vec<Value> {
    let request = format!("GET /deployments/{}/list_deploy_keys", text(deployment, "name"));
    column(&ok(plane, TEAM, &request, Value::Null).await, "name")
}

#[tokio::test]
async fn a_minted_key_works_on_its_deployment_only_and_permits_its_actions_only() {
    let (plane, id, prod) = scene().await;
    let dev = deployment(&plane, id, json!({"type": "dev"})).await;
    let full = create(&plane, TEAM, &prod, json!({"name": "full"})).await;
    let view = create(&plane, TEAM, &prod, json!({"name": "v", "allowedActions": ["deployment:env:view"]})).await;
    let logs = create(&plane, TEAM, &prod, json!({"name": "l", "allowedActions": ["deployment:logs:view"]})).await;
    assert!(full.starts_with(&format!("prod:{}|", text(&prod, "name"))), "{full}");
    for (key, on_prod) in [(&full, 200), (&view, 200), (&logs, 403)] {
        assert_eq!((use_key(&plane, &prod, key).await, use_key(&plane, &dev, key).await), (on_prod, 401), "{key}");
    }
    let url = format!("{}/api/v1/update_environment_variables", text(&prod, "deploymentUrl"));
    let body = json!({"changes": [{"name": "A", "value": "1"}]});
    assert_eq!(send(&plane, &format!("Convex {view}"), "POST", &url, body).await.0, 403);
}

#[tokio::test]
async fn keys_are_listed_without_their_secrets() {
    let (plane, _, prod) = scene().await;
    let expires_at = after(&plane, 60 * MINUTE);
    let body = json!({"name": "ci", "allowedActions": ["deployment:deploy"], "expiresAt": expires_at, "unknown": 1});
    let key = create(&plane, TEAM, &prod, body).await;
    let request = format!("GET /deployments/{}/list_deploy_keys", text(&prod, "name"));
    let list = ok(&plane, TEAM, &request, Value::Null).await;
    let expected = json!([{
        "id": list[0]["id"], "name": "ci", "creationTime": list[0]["creationTime"], "lastUsedTime": null,
        "expiresAt": expires_at, "creator": 2, "managedBy": null, "allowedActions": ["deployment:deploy"],
    }]);
    assert_eq!(list, expected);
    assert!(!list.to_string().contains(key.split_once('|').unwrap().1));
    use_key(&plane, &prod, &key).await;
    assert!(ok(&plane, TEAM, &request, Value::Null).await[0]["lastUsedTime"].is_u64());
}

#[tokio::test]
async fn a_taken_name_gets_a_suffix_in_the_list() {
    let (plane, id, prod) = scene().await;
    let dev = deployment(&plane, id, json!({"type": "dev"})).await;
    let body = json!({"name": "ci"});
    let first = create(&plane, TEAM, &prod, body.clone()).await;
    create(&plane, TEAM, &prod, body.clone()).await;
    create(&plane, TEAM, &dev, body.clone()).await;
    assert_eq!(names(&plane, &prod).await, ["ci", "ci (2)"]);
    assert_eq!(names(&plane, &dev).await, ["ci"]);
    let delete = format!("POST /deployments/{}/delete_deploy_key", text(&prod, "name"));
    assert_eq!(call(&plane, TEAM, &delete, json!({"id": "ci (2)"})).await.0, 200);
    assert_eq!(use_key(&plane, &prod, &first).await, 200);
}

#[tokio::test]
async fn a_key_is_deleted_by_its_text_its_secret_or_its_name() {
    let (plane, _, prod) = scene().await;
    let delete = format!("POST /deployments/{}/delete_deploy_key", text(&prod, "name"));
    for id in
        [|key: &str| key.to_owned(), |key: &str| key.split_once('|').unwrap().1.to_owned(), |_: &str| "ci".to_owned()]
    {
        let key = create(&plane, TEAM, &prod, json!({"name": "ci"})).await;
        assert_eq!(use_key(&plane, &prod, &key).await, 200);
        assert_eq!(call(&plane, TEAM, &delete, json!({"id": id(&key)})).await, (200, Value::Null));
        assert_eq!(use_key(&plane, &prod, &key).await, 401);
        let again = error(&plane, TEAM, &delete, json!({"id": id(&key)})).await;
        assert_eq!(again, failure(404, "DeployKeyNotFound"));
    }
    // Neither other tokens nor other lists are affected.
    for id in [TEAM, PERSON, "Team", ""] {
        assert_eq!(error(&plane, TEAM, &delete, json!({"id": id})).await, failure(404, "DeployKeyNotFound"), "{id}");
    }
    assert_eq!(error(&plane, TEAM, &delete, json!({"id": "ci", "x": 1})).await, failure(400, "BadJsonBody"));
    let ledger = plane.deploy_keys();
    assert_eq!((ledger.len(), ledger.iter().filter(|key| key.exists()).count()), (3, 0));
}

#[tokio::test]
async fn invalid_arguments_of_a_creation_are_rejected() {
    let (plane, id, prod) = scene().await;
    let request = format!("POST /deployments/{}/create_deploy_key", text(&prod, "name"));
    for (body, code) in [
        (json!({}), "BadJsonBody"),
        (json!({"name": ""}), "InvalidDeployKeyName"),
        (json!({"name": "a", "allowedActions": null}), "BadJsonBody"),
        (json!({"name": "a", "allowedActions": ["deployment:everything"]}), "BadJsonBody"),
        (json!({"name": "a", "expiresAt": after(&plane, 29 * MINUTE)}), "InvalidExpiresAt"),
    ] {
        assert_eq!(error(&plane, TEAM, &request, body.clone()).await, failure(400, code), "{body}");
    }
    let request = format!("POST /projects/{id}/create_preview_deploy_key");
    let body = json!({"name": "a", "expiresAt": after(&plane, MINUTE)});
    assert_eq!(error(&plane, TEAM, &request, body).await, failure(400, "InvalidExpiresAt"));
    assert_eq!(plane.deploy_keys(), []);
}

#[tokio::test]
async fn an_oauth_caller_gets_its_own_token_with_a_new_prefix() {
    let (plane, id, prod) = scene().await;
    plane.add_token(TokenClass::OAuthProject(id), "project:acme:shop|grant");
    for (token, secret) in [(OAUTH, "oauth"), ("project:acme:shop|grant", "grant")] {
        let echoed = create(&plane, token, &prod, json!({"name": "ci"})).await;
        assert_eq!(echoed, format!("prod:{}|{secret}", text(&prod, "name")));
        assert_eq!(use_key(&plane, &prod, &echoed).await, 200);
        let request = format!("POST /projects/{id}/create_preview_deploy_key");
        let preview = ok(&plane, token, &request, json!({"name": "ci"})).await;
        assert_eq!(text(&preview, "previewDeployKey"), format!("preview:acme:shop|{secret}"));
    }
    assert_eq!((names(&plane, &prod).await, plane.deploy_keys()), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn the_deletion_of_an_echoed_key_removes_the_grant() {
    let (plane, id, prod) = scene().await;
    plane.add_token(TokenClass::OAuthProject(id), "project:acme:shop|grant");
    let delete = format!("POST /deployments/{}/delete_deploy_key", text(&prod, "name"));
    let echoed = create(&plane, OAUTH, &prod, json!({"name": "ci"})).await;
    // By name, there is no such key.
    assert_eq!(error(&plane, OAUTH, &delete, json!({"id": "ci"})).await, failure(404, "DeployKeyNotFound"));
    assert_eq!(call(&plane, OAUTH, &delete, json!({"id": echoed})).await, (200, Value::Null));
    assert_eq!(error(&plane, OAUTH, "GET /teams/1/projects", Value::Null).await, failure(401, "AccessTokenInvalid"));
    assert_eq!(use_key(&plane, &prod, "team:acme|oauth").await, 401);

    let delete = format!("POST /projects/{id}/delete_preview_deploy_key");
    assert_eq!(call(&plane, "grant", &delete, json!({"id": "preview:acme:shop|grant"})).await, (200, Value::Null));
    assert_eq!(call(&plane, "grant", &format!("GET /projects/{id}"), Value::Null).await.0, 401);
}

#[tokio::test]
async fn a_preview_deploy_key_works_on_the_previews_of_its_project() {
    let (plane, id, prod) = scene().await;
    let other = project(&plane, "blog").await;
    let preview = json!({"type": "preview", "reference": "pr-1"});
    let (mine, foreign) = (deployment(&plane, id, preview.clone()).await, deployment(&plane, other, preview).await);
    let request = format!("POST /projects/{id}/create_preview_deploy_key");
    let created = ok(&plane, TEAM, &request, json!({"name": "ci"})).await;
    let key = text(&created, "previewDeployKey");
    assert!(key.starts_with("preview:acme:shop|"), "{key}");
    let mut statuses = Vec::new();
    for deployment in [&mine, &foreign, &prod] {
        statuses.push(use_key(&plane, deployment, key).await);
    }
    assert_eq!(statuses, [200, 401, 401]);

    plane.add_token(TokenClass::OAuthProject(id), "grant");
    let list = format!("GET /projects/{id}/list_preview_deploy_keys");
    let listed = ok(&plane, TEAM, &list, Value::Null).await;
    assert_eq!(
        (column(&listed["items"], "name"), &listed["items"][0]["allowedActions"]),
        (vec![json!("ci")], &json!([]))
    );
    let managed = ok(&plane, TEAM, &format!("{list}?includeManaged=true"), Value::Null).await;
    assert_eq!(column(&managed["items"], "managedBy"), [Value::Null, json!({"oauthApp": "app"})]);

    let delete = format!("POST /projects/{id}/delete_preview_deploy_key");
    assert_eq!(call(&plane, TEAM, &delete, json!({"id": key})).await, (200, Value::Null));
    assert_eq!(use_key(&plane, &mine, key).await, 401);
}

/// Observed on the real service: one of two deletions at the same time fails with 500 and succeeds on the next try.
#[tokio::test(start_paused = true)]
async fn one_of_two_overlapping_deletions_of_preview_deploy_keys_fails() {
    let plane = plane_with(|knobs| knobs.commit_time = Duration::from_millis(20));
    let id = project(&plane, "shop").await;
    for name in ["a", "b"] {
        ok(&plane, TEAM, &format!("POST /projects/{id}/create_preview_deploy_key"), json!({"name": name})).await;
    }
    let delete = format!("POST /projects/{id}/delete_preview_deploy_key");
    let (first, second) =
        tokio::join!(call(&plane, TEAM, &delete, json!({"id": "a"})), call(&plane, TEAM, &delete, json!({"id": "b"})));
    let mut codes = [&first, &second].map(|(status, body)| (*status, body["code"].as_str()));
    codes.sort_unstable();
    assert_eq!(codes, [(200, None), (500, Some("InternalServerError"))]);
    let kept = if first.0 == 200 { "b" } else { "a" };
    assert_eq!(call(&plane, TEAM, &delete, json!({"id": kept})).await.0, 200);
}
