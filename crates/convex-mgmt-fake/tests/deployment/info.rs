//! Deployment info.

use super::*;

#[tokio::test]
async fn each_case_has_the_status_and_code_of_the_real_server() {
    check(&[
        ("90 self-hosted", READ_ONLY, "GET /deployment_info", "", 200, ""),
        ("91 permission", LOGS_ONLY, "GET /deployment_info", "", 403, "OperationNotPermitted"),
        ("91 no key", "", "GET /deployment_info", "", 403, "BadDeployKey"),
    ])
    .await;
}

#[tokio::test]
async fn info_describes_the_deployment() {
    assert_eq!(ok(&self_hosted(), "GET /deployment_info", "").await, json!({"kind": "selfHosted"}));
    let plan = json!({
        "deploymentType": "prod", "teamId": 11, "projectId": 22, "deploymentId": 33,
        "projectName": "Shop", "projectSlug": "shop",
    });
    let expected = json!({
        "kind": "cloud", "teamId": 11, "projectId": 22, "projectName": "Shop", "projectSlug": "shop", "id": 33,
        "deploymentType": "prod", "reference": null,
    });
    assert_eq!(ok(&fake_with(Some(plan)), "GET /deployment_info", "").await, expected);
}
