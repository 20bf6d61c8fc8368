//! What takes effect later or ends by itself: revocations, new deployments, listings, expiry.

use super::*;

#[tokio::test]
async fn a_revoked_key_works_until_the_end_of_the_revocation_delay() {
    let plane = plane_with(|knobs| knobs.revocation_delay = MINUTE);
    let id = project(&plane, "shop").await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let name = text(&prod, "name");
    let minted = ok(&plane, TEAM, &format!("POST /deployments/{name}/create_deploy_key"), json!({"name": "ci"})).await;
    let key = text(&minted, "deployKey");
    let delete = format!("POST /deployments/{name}/delete_deploy_key");
    assert_eq!(call(&plane, TEAM, &delete, json!({"id": key})).await.0, 200);
    plane.advance_clock(MINUTE / 2);
    assert_eq!(use_key(&plane, &prod, key).await, 200);
    plane.advance_clock(MINUTE / 2);
    assert_eq!(use_key(&plane, &prod, key).await, 401);
}

#[tokio::test]
async fn a_key_ends_at_its_expiry() {
    let (plane, id) = with_project().await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let create = format!("POST /deployments/{}/create_deploy_key", text(&prod, "name"));
    let body = json!({"name": "ci", "expiresAt": after(&plane, 31 * MINUTE)});
    let minted = ok(&plane, TEAM, &create, body).await;
    let key = text(&minted, "deployKey");
    plane.advance_clock(30 * MINUTE);
    assert_eq!(use_key(&plane, &prod, key).await, 200);
    plane.advance_clock(MINUTE);
    assert_eq!(use_key(&plane, &prod, key).await, 401);
}

#[tokio::test]
async fn a_new_deployment_answers_404_for_a_while() {
    let plane = plane_with(|knobs| knobs.new_deployment_delay = MINUTE);
    let id = project(&plane, "shop").await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let url = format!("{}/api/v1/list_environment_variables", text(&prod, "deploymentUrl"));
    let read = async || send(&plane, "Convex team", "GET", &url, Value::Null).await;
    assert_eq!(read().await, (404, Value::Null));
    assert_eq!(call(&plane, TEAM, &format!("GET /deployments/{}", text(&prod, "name")), Value::Null).await.0, 200);
    plane.advance_clock(MINUTE);
    assert_eq!(read().await.0, 200);
    let recorded = plane.deployment(text(&prod, "name")).unwrap().requests();
    assert_eq!(recorded.iter().map(|request| request.status.unwrap().as_u16()).collect::<Vec<_>>(), [404, 200]);
}

#[tokio::test]
async fn listings_show_what_was_deleted_a_moment_ago() {
    let plane = plane_with(|knobs| knobs.listing_delay = MINUTE);
    let id = project(&plane, "shop").await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let dev = deployment(&plane, id, json!({"type": "dev"})).await;
    let (name, dev) = (text(&prod, "name"), text(&dev, "name"));
    ok(&plane, TEAM, &format!("POST /deployments/{dev}/create_deploy_key"), json!({"name": "ci"})).await;
    let body = json!({"id": "ci"});
    assert_eq!(call(&plane, TEAM, &format!("POST /deployments/{dev}/delete_deploy_key"), body).await.0, 200);
    ok_empty(&plane, &format!("POST /deployments/{name}/delete")).await;
    for still in [1, 0] {
        let list = ok(&plane, TEAM, &format!("GET /projects/{id}/list_deployments"), Value::Null).await;
        assert_eq!(list.as_array().unwrap().len(), 1 + still);
        // A listed deployment keeps its URL, but does not exist.
        assert!(column(&list, "deploymentUrl").contains(&prod["deploymentUrl"]) == (still == 1));
        assert_eq!(call(&plane, TEAM, &format!("GET /deployments/{name}"), Value::Null).await.0, 404);
        let keys = ok(&plane, TEAM, &format!("GET /deployments/{dev}/list_deploy_keys"), Value::Null).await;
        assert_eq!(keys.as_array().unwrap().len(), still);
        plane.advance_clock(MINUTE);
    }
    ok_empty(&plane, &format!("POST /projects/{id}/delete")).await;
    for still in [1, 0] {
        let projects = ok(&plane, TEAM, "GET /teams/1/projects", Value::Null).await;
        assert_eq!(projects["items"].as_array().unwrap().len(), still);
        plane.advance_clock(MINUTE);
    }
}

#[tokio::test]
async fn a_preview_expires_by_default_and_others_on_request() {
    let plane = plane_with(|knobs| knobs.preview_retention = 120 * MINUTE);
    let id = project(&plane, "shop").await;
    let earliest = after(&plane, 120 * MINUTE);
    let preview = deployment(&plane, id, json!({"type": "preview", "reference": "a"})).await;
    let latest = after(&plane, 120 * MINUTE);
    let kept = deployment(&plane, id, json!({"type": "preview", "reference": "b", "expiresAt": null})).await;
    let hour = after(&plane, 60 * MINUTE);
    let dev = deployment(&plane, id, json!({"type": "dev", "expiresAt": hour})).await;
    assert!((earliest..=latest).contains(&preview["expiresAt"].as_u64().unwrap()), "{preview}");
    assert_eq!((&kept["expiresAt"], &dev["expiresAt"]), (&Value::Null, &json!(hour)));
    let mut exist = Vec::new();
    for _ in 0..3 {
        exist.push([&preview, &kept, &dev].map(|one| plane.deployment(text(one, "name")).is_some()));
        plane.advance_clock(60 * MINUTE);
    }
    assert_eq!(exist, [[true, true, true], [true, true, false], [false, true, false]]);
    let last = plane.audit_log().pop().unwrap().entry;
    assert_eq!((last.action, last.actor), ("deployment:delete", json!({"kind": "system"})));
}
