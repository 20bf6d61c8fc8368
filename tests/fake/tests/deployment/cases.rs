//! One request to a fresh deployment each.

use super::*;

/// Ids that lead to nothing: of the table of usage limits, and of a table of the app.
const UNKNOWN: &str = "n02060r30c1g60r30c1g60r30c1g7q5c";
const OTHER_TABLE: &str = "j57060r30c1g60r30c1g60r30c1g63zr";

#[tokio::test]
async fn the_table_of_cases() {
    let create = "POST /create_usage_limit";
    let update = format!("POST /update_usage_limit/{UNKNOWN}");
    let with_limit = |text: &str| calls(1, true).replace(":1,", &format!(":{text},"));
    for (case, key, request, body, status, code) in [
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
        ("67 running", KEY, "POST /unpause_deployment", "", 400, "UnpauseDeploymentFailed"),
        ("67 a body is ignored", KEY, "POST /pause_deployment", "{", 200, ""),
        ("67 reading only", READ_ONLY, "POST /pause_deployment", "", 403, "OperationNotPermitted"),
        ("67 as a user", ACTING, "POST /pause_deployment", "", 403, "SystemIdentityRequired"),
        ("67 method", KEY, "GET /pause_deployment", "", 405, ""),
        ("72 zero", KEY, create, &with_limit("0"), 400, "InvalidUsageLimit"),
        ("72 the greatest", KEY, create, &with_limit("9223372036854775807"), 200, ""),
        ("72 too great to store", KEY, create, &with_limit("9223372036854775808"), 500, "InternalServerError"),
        ("72 the greatest u64", KEY, create, &with_limit("18446744073709551615"), 500, "InternalServerError"),
        ("72 beyond", KEY, create, &with_limit("18446744073709551616"), 400, "BadJsonBody"),
        ("72 a float", KEY, create, &with_limit("5.0"), 400, "BadJsonBody"),
        ("72 negative", KEY, create, &with_limit("-1"), 400, "BadJsonBody"),
        ("72 a text", KEY, create, &with_limit("\"5\""), 400, "BadJsonBody"),
        ("73 metric", KEY, create, &limit("bogus", "day", "disable", 1, true), 400, "BadJsonBody"),
        ("73 window", KEY, create, &limit("functionCalls", "week", "disable", 1, true), 400, "BadJsonBody"),
        ("73 type", KEY, create, &limit("functionCalls", "day", "stop", 1, true), 400, "BadJsonBody"),
        ("73 not all", KEY, create, r#"{"limit":5}"#, 400, "BadJsonBody"),
        ("73 reading only", READ_ONLY, create, &calls(1, true), 403, "OperationNotPermitted"),
        ("73 reading only, zero", READ_ONLY, create, &calls(0, true), 403, "OperationNotPermitted"),
        ("73 as a user", ACTING, create, &calls(1, true), 403, "SystemIdentityRequired"),
        ("73 no key, bad body", "", create, "{", 400, "BadJsonBody"),
        ("76 malformed", KEY, "POST /update_usage_limit/xyz", &calls(1, true), 400, "InvalidId"),
        ("76 malformed before zero", KEY, "POST /update_usage_limit/xyz", &calls(0, true), 400, "InvalidId"),
        ("76 unknown", KEY, &update, &calls(1, true), 404, "UsageLimitNotFound"),
        ("76 another table", KEY, &update.replace(UNKNOWN, OTHER_TABLE), &calls(1, true), 400, "InvalidId"),
        ("76 unknown before zero", KEY, &update, &calls(0, true), 404, "UsageLimitNotFound"),
        ("76 body before the id", KEY, "POST /update_usage_limit/xyz", "{}", 400, "BadJsonBody"),
        ("76 path before the body", KEY, "POST /update_usage_limit/%FF", "{}", 400, "BadPathArgs"),
        ("76 no id", KEY, "POST /update_usage_limit/", "{}", 404, ""),
        ("76 bad key before all", "Convex x", "POST /update_usage_limit/%FF", "{", 401, "BadAdminKey"),
        ("78 malformed", KEY, "POST /delete_usage_limit/xyz", "", 400, "InvalidId"),
        ("78 unknown", KEY, &update.replace("update", "delete"), "", 404, "UsageLimitNotFound"),
        ("79 reading", READ_ONLY, "GET /get_current_usage", "", 200, ""),
        ("79 no permission", LOGS_ONLY, "GET /get_current_usage", "", 403, "OperationNotPermitted"),
        ("80 no plan", KEY, "GET /list_audit_log_events?from=0", "", 403, "AuditLogsDisabled"),
        ("81 no from", KEY, "GET /list_audit_log_events", "", 400, "BadQueryArgs"),
        ("81 bad query, no key", "", "GET /list_audit_log_events", "", 400, "BadQueryArgs"),
        ("82 negative", KEY, "GET /list_audit_log_events?from=-1", "", 400, "BadQueryArgs"),
        ("82 a float", KEY, "GET /list_audit_log_events?from=1.5", "", 400, "BadQueryArgs"),
        ("82 no limit", KEY, "GET /list_audit_log_events?from=0&limit=", "", 400, "BadQueryArgs"),
        ("82 twice", KEY, "GET /list_audit_log_events?from=0&from=0", "", 400, "BadQueryArgs"),
        ("83 zero", KEY, "GET /list_audit_log_events?from=0&limit=0", "", 400, "LimitOutOfRange"),
        ("83 over", KEY, "GET /list_audit_log_events?from=0&limit=101", "", 400, "LimitOutOfRange"),
        ("83 the limit first", KEY, "GET /list_audit_log_events?from=0&limit=0&cursor=x", "", 400, "LimitOutOfRange"),
        (
            "83 permission first",
            LOGS_ONLY,
            "GET /list_audit_log_events?from=0&limit=0",
            "",
            403,
            "OperationNotPermitted",
        ),
        ("83 cursor before the plan", KEY, "GET /list_audit_log_events?from=0&cursor=x", "", 400, "InvalidCursor"),
        ("83 empty cursor", KEY, "GET /list_audit_log_events?from=0&cursor=", "", 400, "InvalidCursor"),
        ("90 self-hosted", READ_ONLY, "GET /deployment_info", "", 200, ""),
        ("91 permission", LOGS_ONLY, "GET /deployment_info", "", 403, "OperationNotPermitted"),
        ("91 no key", "", "GET /deployment_info", "", 403, "BadDeployKey"),
    ] {
        let (got, answer) = send(&self_hosted(), key, request, body).await;
        let got_code = if got == 200 { "" } else { answer.as_str().unwrap_or_default() };
        assert_eq!((got, got_code), (status, code), "{case}");
    }
}
