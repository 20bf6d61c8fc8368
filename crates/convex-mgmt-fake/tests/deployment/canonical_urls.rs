//! Canonical URLs.

use super::*;

#[tokio::test]
async fn each_case_has_the_status_and_code_of_the_real_server() {
    check(&[
        ("38 no key", "", "GET /get_canonical_urls", "", 403, "BadDeployKey"),
        ("40 destination", KEY, "POST /update_canonical_url", r#"{"requestDestination":"cloud"}"#, 400, "BadJsonBody"),
        ("40 no destination", KEY, "POST /update_canonical_url", r#"{"url":"x"}"#, 400, "BadJsonBody"),
        ("40 a key twice", KEY, "POST /update_canonical_url", r#"{"url":"x","url":"x"}"#, 400, "BadJsonBody"),
        ("41 any key", LOGS_ONLY, "GET /get_canonical_urls", "", 200, ""),
        ("41 writing", READ_ONLY, "POST /update_canonical_url", CLOUD, 403, "OperationNotPermitted"),
        ("41 as a user", ACTING, "POST /update_canonical_url", CLOUD, 403, "SystemIdentityRequired"),
        ("crossed: read", KEY, "GET /update_canonical_url", "", 200, ""),
        ("crossed: write", KEY, "POST /get_canonical_urls", CLOUD, 200, ""),
        ("without v1", KEY, "POST /api/update_canonical_url", CLOUD, 200, ""),
        ("without v1, not crossed", KEY, "GET /api/update_canonical_url", "", 405, ""),
    ])
    .await;
}

#[tokio::test]
async fn any_text_is_a_canonical_url() {
    let fake = self_hosted();
    let default = ok(&fake, "GET /get_canonical_urls", "").await;
    assert_eq!(default, json!({"convexCloudUrl": "http://127.0.0.1:3210", "convexSiteUrl": "http://127.0.0.1:3211"}));
    let set = |destination: &str, url: Value| json!({"requestDestination": destination, "url": url}).to_string();
    ok(&fake, "POST /update_canonical_url", &set("convexCloud", "not a url".into())).await;
    ok(&fake, "POST /update_canonical_url", &set("convexSite", "".into())).await;
    let both = ok(&fake, "GET /get_canonical_urls", "").await;
    assert_eq!(both, json!({"convexCloudUrl": "not a url", "convexSiteUrl": ""}));
    ok(&fake, "POST /update_canonical_url", &set("convexSite", Value::Null)).await;
    ok(&fake, "POST /update_canonical_url", CLOUD).await;
    ok(&fake, "POST /update_canonical_url", CLOUD).await;
    assert_eq!(ok(&fake, "GET /get_canonical_urls", "").await, default);
    let log: Vec<(&str, Value)> = fake.audit_log().into_iter().map(|entry| (entry.action, entry.metadata)).collect();
    let cloud = json!({"request_destination": "convexCloud"});
    assert_eq!(
        log,
        [
            ("update_canonical_url", json!({"request_destination": "convexCloud", "url": "not a url"})),
            ("update_canonical_url", json!({"request_destination": "convexSite", "url": ""})),
            ("delete_canonical_url", json!({"request_destination": "convexSite"})),
            ("delete_canonical_url", cloud.clone()),
            ("delete_canonical_url", cloud),
        ]
    );
}

#[tokio::test]
async fn an_update_evaluates_the_auth_config() {
    let builder = || Fake::builder("happy-animal-123").admin_key("happy-animal-123|01c0ffee");
    let missing = builder().auth_config_variable("ISSUER").build();
    assert_eq!(
        error_of(&missing, "POST /update_canonical_url", CLOUD).await,
        bad("AuthConfigMissingEnvironmentVariable")
    );
    assert!(missing.audit_log().is_empty());
    let built_in = builder().auth_config_variable("CONVEX_SITE_URL").build();
    ok(&built_in, "POST /update_canonical_url", CLOUD).await;
}
