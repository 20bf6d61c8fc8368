//! Pausing and the other reasons for a stop.

use super::*;

#[tokio::test]
async fn each_case_has_the_status_and_code_of_the_real_server() {
    check(&[
        ("67 running", KEY, "POST /unpause_deployment", "", 400, "UnpauseDeploymentFailed"),
        ("67 a body is ignored", KEY, "POST /pause_deployment", "{", 200, ""),
        ("67 reading only", READ_ONLY, "POST /pause_deployment", "", 403, "OperationNotPermitted"),
        ("67 as a user", ACTING, "POST /pause_deployment", "", 403, "SystemIdentityRequired"),
        ("67 method", KEY, "GET /pause_deployment", "", 405, ""),
    ])
    .await;
}

#[tokio::test]
async fn the_three_reasons_for_a_stop_are_independent() {
    let fake = self_hosted();
    let (pause, unpause) = ("POST /pause_deployment", "POST /unpause_deployment");
    for _ in 0..2 {
        ok(&fake, pause, "").await;
        assert_eq!(send(&fake, ACTING, pause, "").await.0, 200, "there is nothing to write");
    }
    assert!(fake.stops().paused);
    fake.set_system_stop(true);
    assert_eq!(error_of(&fake, pause, "").await, bad("PauseDeploymentFailed"));
    assert_eq!(error_of(&fake, unpause, "").await, bad("UnpauseDeploymentFailed"));
    ok(&fake, "POST /update_canonical_url", CLOUD).await;
    fake.set_system_stop(false);
    fake.set_usage_stop(true);
    ok(&fake, unpause, "").await;
    assert_eq!(error_of(&fake, unpause, "").await, bad("UnpauseDeploymentFailed"));
    let mut usage_limit = Stops::default();
    usage_limit.usage_limit = true;
    assert_eq!(fake.stops(), usage_limit);
    assert_eq!(actions(&fake.audit_log()), ["pause_deployment", "delete_canonical_url", "unpause_deployment"]);
    assert_eq!(fake.audit_log()[0].metadata, json!({}));
}
