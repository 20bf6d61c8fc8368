//! Deploy keys and preview deploy keys.

use super::*;

#[tokio::test]
async fn a_minted_key_works_until_the_end_of_the_revocation_delay() {
    let plane = plane_with(|knobs| knobs.revocation_delay = MINUTE);
    let id = project(&plane, "shop").await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let name = prod["name"].as_str().unwrap();
    let body = json!({"name": "ci", "allowedActions": ["deployment:env:view"]});
    let minted = ok(&plane, TEAM, &format!("POST /deployments/{name}/create_deploy_key"), body).await;
    let key = minted["deployKey"].as_str().unwrap();
    assert!(key.starts_with(&format!("prod:{name}|")));
    assert_eq!(use_key(&plane, &prod, key).await, 200);

    let delete = format!("POST /deployments/{name}/delete_deploy_key");
    assert_eq!(call(&plane, TEAM, &delete, json!({"id": "ci"})).await, (200, Value::Null));
    assert_eq!(use_key(&plane, &prod, key).await, 200);
    plane.advance_clock(MINUTE);
    assert_eq!(use_key(&plane, &prod, key).await, 401);
    assert_eq!(error(&plane, TEAM, &delete, json!({"id": "ci"})).await, failure(404, "DeployKeyNotFound"));
}
