//! The creation and deletion of deployments, and how they are found.

use super::*;

#[tokio::test]
async fn a_deployment_is_created_with_the_documented_fields() {
    let (plane, id) = with_project().await;
    let created = deployment(&plane, id, json!({"type": "prod", "class": "s256", "region": "aws-eu-west-1"})).await;
    let name = text(&created, "name");
    assert!(name.split('-').count() == 3 && name.split('-').next_back().unwrap().parse::<u64>().is_ok(), "{name}");
    let expected = json!({
        "kind": "cloud", "id": created["id"], "name": name, "createTime": created["createTime"],
        "lastDeployTime": null, "deploymentType": "prod", "projectId": id, "creator": 2, "previewIdentifier": null,
        "region": "aws-eu-west-1", "isDefault": true, "reference": format!("prod/{name}"),
        "dashboardEditConfirmation": null, "deploymentUrl": created["deploymentUrl"], "expiresAt": null,
        "class": "s256", "sendLogsToClient": null,
    });
    assert_eq!(created, expected);
    assert_eq!(ok(&plane, PERSON, &format!("GET /deployments/{name}"), Value::Null).await, expected);
    assert!(plane.record_deploy(name));
    let deployed = ok(&plane, PERSON, &format!("GET /deployments/{name}"), Value::Null).await;
    assert!(deployed["lastDeployTime"].as_u64() >= created["createTime"].as_u64());
}

#[tokio::test]
async fn invalid_arguments_of_a_creation_are_rejected() {
    let (plane, id) = with_project().await;
    deployment(&plane, id, json!({"type": "prod"})).await;
    deployment(&plane, id, json!({"type": "dev", "reference": "taken"})).await;
    let soon = after(&plane, 29 * MINUTE);
    let late = after(&plane, 15 * 24 * 60 * MINUTE);
    for (body, code) in [
        (json!({}), "BadJsonBody"),
        (json!({"type": "staging"}), "BadJsonBody"),
        (json!({"type": "dev", "unknown": 1}), "BadJsonBody"),
        (json!({"type": "dev", "region": "mars"}), "BadJsonBody"),
        (json!({"type": "dev", "class": "huge"}), "InvalidDeploymentClass"),
        (json!({"type": "dev", "reference": "prod"}), "InvalidDeploymentReference"),
        (json!({"type": "dev", "reference": "happy-otter-1"}), "InvalidDeploymentReference"),
        (json!({"type": "custom", "reference": "taken"}), "DeploymentReferenceInUse"),
        (json!({"type": "preview", "reference": ""}), "InvalidDeploymentReference"),
        (json!({"type": "preview", "reference": "pr", "isDefault": true}), "InvalidIsDefault"),
        (json!({"type": "prod"}), "DefaultDeploymentExists"),
        (json!({"type": "dev", "expiresAt": soon}), "InvalidExpiresAt"),
        (json!({"type": "dev", "expiresAt": late}), "InvalidExpiresAt"),
        (json!({"type": "dev", "expiresAt": -1}), "InvalidExpiresAt"),
    ] {
        let actual = error(&plane, TEAM, &format!("POST /projects/{id}/create_deployment"), body.clone()).await;
        assert_eq!(actual, failure(400, code), "{body}");
    }
    assert_eq!(plane.deployments().len(), 2);
}

#[tokio::test]
async fn a_reference_allows_further_deployments_that_are_no_default() {
    let (plane, id) = with_project().await;
    let default = deployment(&plane, id, json!({"type": "prod"})).await;
    let staging = deployment(&plane, id, json!({"type": "prod", "reference": "env/staging"})).await;
    let custom = deployment(&plane, id, json!({"type": "custom"})).await;
    let defaults = [&default, &staging, &custom].map(|deployment| deployment["isDefault"].as_bool().unwrap());
    assert_eq!(defaults, [true, false, false]);
    let find =
        async |query: &str| ok(&plane, TEAM, &format!("GET /projects/{id}/deployment?{query}"), Value::Null).await;
    assert_eq!(find("reference=env%2Fstaging").await, staging);
    assert_eq!(find("defaultProd=true").await, default);
    assert_eq!(find("defaultProd=true&defaultDev=false").await, default);
    let by_slug = "GET /teams/acme/projects/shop/deployment?reference=env/staging";
    assert_eq!(ok(&plane, TEAM, by_slug, Value::Null).await, staging);
    for (query, expected) in [
        ("", failure(400, "BadQueryArgs")),
        ("?defaultProd=false", failure(400, "BadQueryArgs")),
        ("?defaultProd=yes", failure(400, "BadQueryArgs")),
        ("?defaultProd=true&reference=env/staging", failure(400, "BadQueryArgs")),
        ("?defaultDev=true", failure(404, "DeploymentNotFound")),
        ("?reference=staging", failure(404, "DeploymentNotFound")),
    ] {
        let actual = error(&plane, TEAM, &format!("GET /projects/{id}/deployment{query}"), Value::Null).await;
        assert_eq!(actual, expected, "{query}");
    }
}

#[tokio::test]
async fn each_member_has_a_default_dev_deployment() {
    let (plane, id) = with_project().await;
    let member = plane.add_member(1, "bob@example.com");
    plane.add_token_of(1, member, TokenClass::Person, "bob");
    let create = format!("POST /projects/{id}/create_deployment");
    let mine = ok(&plane, PERSON, &create, json!({"type": "dev"})).await;
    let his = ok(&plane, "bob", &create, json!({"type": "dev"})).await;
    let find = format!("GET /projects/{id}/deployment?defaultDev=true");
    assert_eq!(ok(&plane, PERSON, &find, Value::Null).await, mine);
    assert_eq!(ok(&plane, "bob", &find, Value::Null).await, his);
    let read = ok(&plane, "bob", &format!("GET /projects/{id}"), Value::Null).await;
    assert_eq!(read["devDeploymentName"], his["name"]);

    // An active local deployment of the member takes precedence.
    plane.add_local_deployment(id, member, "local-acme-shop", 3210, true);
    let local = ok(&plane, "bob", &find, Value::Null).await;
    assert_eq!((text(&local, "kind"), text(&local, "name")), ("local", "local-acme-shop"));
    assert!(local.get("id").is_none() && local.get("deploymentUrl").is_none());
    let read = ok(&plane, "bob", &format!("GET /projects/{id}"), Value::Null).await;
    assert_eq!(read["devDeploymentName"], "local-acme-shop");
    let unknown = error(&plane, "bob", "GET /deployments/local-acme-shop", Value::Null).await;
    assert_eq!(unknown, failure(404, "DeploymentNotFound"));
}

#[tokio::test]
async fn a_preview_has_a_bare_identifier_in_requests_and_replaces_the_one_before() {
    let (plane, id) = with_project().await;
    let body = json!({"type": "preview", "reference": "Feature/x_1"});
    let old = deployment(&plane, id, body.clone()).await;
    assert_eq!((text(&old, "reference"), text(&old, "previewIdentifier")), ("preview/Feature/x_1", "Feature/x_1"));
    plane.deployment(text(&old, "name")).unwrap().set_variable("OLD", "1");
    let new = deployment(&plane, id, body).await;
    assert_ne!(old["name"], new["name"]);
    assert_eq!(new["reference"], old["reference"]);
    let gone = error(&plane, TEAM, &format!("GET /deployments/{}", text(&old, "name")), Value::Null).await;
    assert_eq!(gone, failure(404, "DeploymentNotFound"));
    assert_eq!(plane.deployment(text(&new, "name")).unwrap().variables(), []);
    assert_eq!((use_key(&plane, &old, TEAM).await, use_key(&plane, &new, TEAM).await), (404, 200));
    let find = format!("GET /projects/{id}/deployment?reference=preview/Feature/x_1");
    assert_eq!(ok(&plane, TEAM, &find, Value::Null).await, new);
    let ledger: Vec<bool> = plane.deployments().iter().map(convex_mgmt_fake::LedgerEntry::exists).collect();
    assert_eq!(ledger, [false, true]);
}

#[tokio::test]
async fn a_deployment_is_deleted() {
    let (plane, id) = with_project().await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let request = format!("POST /deployments/{}/delete", text(&prod, "name"));
    assert_eq!(call(&plane, TEAM, &request, Value::Null).await, (200, Value::Null));
    assert_eq!(error(&plane, TEAM, &request, Value::Null).await, failure(404, "DeploymentNotFound"));
    assert!(plane.deployment(text(&prod, "name")).is_none());
    // Its place as the default is free.
    deployment(&plane, id, json!({"type": "prod"})).await;
}

#[tokio::test]
async fn a_quota_limits_the_deployments_of_a_team() {
    let plane = plane_with(|knobs| knobs.max_deployments = 2);
    let id = project(&plane, "shop").await;
    deployment(&plane, id, json!({"type": "prod"})).await;
    let preview = json!({"type": "preview", "reference": "pr-1"});
    deployment(&plane, id, preview.clone()).await;
    let body = json!({"type": "dev"});
    let actual = error(&plane, TEAM, &format!("POST /projects/{id}/create_deployment"), body).await;
    assert_eq!(actual, failure(400, "DeploymentQuotaReached"));
    // The replacement of a preview does not need more.
    deployment(&plane, id, preview).await;
    // The deployments of other teams do not count.
    let other = plane.add_team("other");
    plane.add_token_of(other, other + 1, TokenClass::Team, "other");
    let body = json!({"projectName": "a", "deploymentType": "prod"});
    ok(&plane, "other", &format!("POST /teams/{other}/create_project"), body).await;
}
