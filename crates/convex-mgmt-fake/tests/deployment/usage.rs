//! Usage and usage limits.

use super::*;

/// Ids without an object: one of the table of usage limits, and one of a user table.
const UNKNOWN: &str = "n02060r30c1g60r30c1g60r30c1g7q5c";
const OTHER_TABLE: &str = "j57060r30c1g60r30c1g60r30c1g63zr";

#[tokio::test]
async fn each_case_has_the_status_and_code_of_the_real_server() {
    let create = "POST /create_usage_limit";
    let update = format!("POST /update_usage_limit/{UNKNOWN}");
    let with_limit = |text: &str| calls(1, true).replace(":1,", &format!(":{text},"));
    check(&[
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
    ])
    .await;
}

#[tokio::test]
async fn usage_is_returned_as_floats_per_window() {
    let fake = self_hosted();
    let zero = json!({"current_day": 0.0, "current_month": 0.0});
    let fresh = ok(&fake, "GET /get_current_usage", "").await;
    assert_eq!(fresh["seedStatus"], "pending");
    let units: Vec<(&str, &str)> = fresh["metrics"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, metric)| {
            assert_eq!(metric["usage"], zero, "{name}");
            (name.as_str(), metric["unit"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        units,
        [
            ("actionComputeConvexGbHours", "GB-hours"),
            ("actionComputeCpuGbHours", "GB-hours"),
            ("actionComputeNodeJsGbHours", "GB-hours"),
            ("dataEgressGb", "GB"),
            ("databaseIoGb", "GB"),
            ("functionCalls", "calls"),
            ("queryMutationComputeGbHours", "GB-hours"),
            ("searchQueryGb", "Query-GB"),
        ]
    );
    fake.set_usage(UsageMetric::FunctionCalls, UsageWindow::Month, 10.0);
    fake.add_usage(UsageMetric::FunctionCalls, 2.0);
    fake.add_usage(UsageMetric::FunctionCalls, 0.5);
    fake.set_seed_status(SeedStatus::Complete);
    let usage = ok(&fake, "GET /get_current_usage", "").await;
    assert_eq!(usage["metrics"]["functionCalls"]["usage"], json!({"current_day": 2.5, "current_month": 12.5}));
    assert_eq!(usage["seedStatus"], "complete");
    fake.advance_clock(32 * DAY);
    let usage = ok(&fake, "GET /get_current_usage", "").await;
    assert_eq!(usage["metrics"]["functionCalls"]["usage"], zero);
}

#[tokio::test]
async fn limits_are_created_replaced_and_deleted() {
    let fake = self_hosted();
    let (create, hundred) = ("POST /create_usage_limit", calls(100, true));
    let created = ok(&fake, create, &hundred).await;
    let id = created["usageLimit"]["id"].as_str().unwrap().to_owned();
    let with_id = |config: &str| {
        let mut config: Value = serde_json::from_str(config).unwrap();
        config["id"] = id.as_str().into();
        config
    };
    assert_eq!(created, json!({"usageLimit": with_id(&hundred)}));
    assert_eq!(error_of(&fake, create, &hundred).await, bad("DuplicateUsageLimit"));
    assert_eq!(error_of(&fake, create, &calls(7, false)).await, bad("DuplicateUsageLimit"));
    assert_eq!(
        error_of(&fake, create, &calls(u64::MAX, true)).await,
        bad("DuplicateUsageLimit"),
        "the check for duplicates precedes storage"
    );
    ok(&fake, create, &limit("functionCalls", "month", "disable", 1, true)).await;
    let warning = ok(&fake, create, &limit("functionCalls", "day", "warning", 1, true)).await;

    let update = format!("POST /update_usage_limit/{id}");
    let replaced = limit("dataEgressGb", "month", "warning", 3, false);
    assert_eq!(ok(&fake, &update, &replaced).await, json!({"usageLimit": with_id(&replaced)}));
    assert_eq!(
        ok(&fake, &update, &replaced).await["usageLimit"]["id"],
        id.as_str(),
        "a limit is not a duplicate of itself"
    );
    let taken = limit("functionCalls", "day", "warning", 9, true);
    assert_eq!(error_of(&fake, &update, &taken).await, bad("DuplicateUsageLimit"));

    let listed = ok(&fake, "GET /list_usage_limits", "").await;
    let listed = listed["usageLimits"].as_array().unwrap();
    assert_eq!(listed.len(), 3);
    assert!(listed.contains(&with_id(&replaced)) && listed.contains(&warning["usageLimit"]));
    assert!(listed.is_sorted_by_key(|limit| limit["id"].as_str().unwrap()));

    let delete = format!("POST /delete_usage_limit/{id}");
    assert_eq!(send(&fake, ACTING, &delete, "").await.0, 403);
    assert_eq!(ok(&fake, &delete, "").await, Value::Null);
    assert_eq!(error_of(&fake, &delete, "").await, (404, "UsageLimitNotFound".to_owned()));
    assert_eq!(error_of(&fake, &update, &replaced).await, (404, "UsageLimitNotFound".to_owned()));

    let log = fake.audit_log();
    let audited = |config: &str| {
        let mut config: Value = serde_json::from_str(config).unwrap();
        config["limit"] = config["limit"].to_string().into();
        config
    };
    assert_eq!(log[0].metadata, json!({"id": id, "config": audited(&hundred)}));
    assert_eq!(log[3].metadata, json!({"id": id, "previous": audited(&hundred), "current": audited(&replaced)}));
    assert_eq!(log[5].metadata, json!({"id": id, "config": audited(&replaced)}));
    let created = "create_usage_limit";
    let updated = "update_usage_limit";
    assert_eq!(actions(&log), [created, created, created, updated, updated, "delete_usage_limit"]);
}

#[tokio::test]
async fn a_limit_below_the_usage_is_rejected_if_it_is_enabled() {
    for (config, expected) in [
        (calls(9, true), Some("UsageLimitBelowCurrentUsage")),
        (calls(9, false), None),
        (calls(10, true), None),
        (limit("functionCalls", "day", "warning", 9, true), Some("UsageLimitBelowCurrentUsage")),
        (limit("functionCalls", "month", "disable", 9, true), None),
        (limit("searchQueryGb", "day", "disable", 9, true), None),
    ] {
        let fake = self_hosted();
        fake.set_usage(UsageMetric::FunctionCalls, UsageWindow::Day, 10.0);
        let (status, response) = send(&fake, KEY, "POST /create_usage_limit", &config).await;
        match expected {
            Some(code) => assert_eq!((status, &response), (400, &code.into()), "{config}"),
            None => assert_eq!(status, 200, "{config}"),
        }
    }
    // The check against the usage precedes the check for duplicates.
    let fake = self_hosted();
    let id = ok(&fake, "POST /create_usage_limit", &calls(9, false)).await["usageLimit"]["id"].clone();
    fake.set_usage(UsageMetric::FunctionCalls, UsageWindow::Day, 9.5);
    assert_eq!(error_of(&fake, "POST /create_usage_limit", &calls(9, true)).await, bad("UsageLimitBelowCurrentUsage"));
    let enable = format!("POST /update_usage_limit/{}", id.as_str().unwrap());
    assert_eq!(error_of(&fake, &enable, &calls(9, true)).await, bad("UsageLimitBelowCurrentUsage"));
    ok(&fake, &enable, &calls(10, true)).await;
}

#[tokio::test]
async fn a_dev_deployment_rejects_warnings() {
    let (create, warning) = ("POST /create_usage_limit", limit("functionCalls", "day", "warning", 100, false));
    for (kind, status) in [("dev", 400), ("prod", 200), ("preview", 200), ("custom", 200)] {
        let fake = fake_with(Some(json!({"deploymentType": kind})));
        assert_eq!(send(&fake, KEY, create, &warning).await.0, status, "{kind}");
    }
    let dev = cloud();
    assert_eq!(error_of(&dev, create, &warning).await, bad("UsageLimitWarningNotSupported"));
    let id = ok(&dev, create, &calls(100, true)).await["usageLimit"]["id"].clone();
    let update = format!("POST /update_usage_limit/{}", id.as_str().unwrap());
    assert_eq!(error_of(&dev, &update, &warning).await, bad("UsageLimitWarningNotSupported"));
}

#[tokio::test]
async fn reached_limits_stop_the_deployment_until_the_window_ends() {
    let fake = self_hosted();
    let id = ok(&fake, "POST /create_usage_limit", &calls(10, true)).await["usageLimit"]["id"].clone();
    let warning = limit("functionCalls", "day", "warning", 5, true);
    let warning_id = ok(&fake, "POST /create_usage_limit", &warning).await["usageLimit"]["id"].clone();
    let news = |fake: &Fake| -> Vec<(&str, Value)> {
        fake.audit_log().into_iter().skip(2).map(|entry| (entry.action, entry.metadata)).collect()
    };
    fake.add_usage(UsageMetric::FunctionCalls, 5.0);
    fake.evaluate_usage_limits();
    fake.evaluate_usage_limits();
    let config = |number: &str, kind: &str| json!({"metric": "functionCalls", "window": "day", "limitType": kind, "limit": number, "enabled": true});
    let mut expected = vec![("usage_limit_exceeded", json!({"id": warning_id, "config": config("5", "warning")}))];
    assert_eq!(news(&fake), expected);
    assert!(!fake.stops().usage_limit, "a warning does not stop the deployment");

    fake.add_usage(UsageMetric::FunctionCalls, 5.0);
    fake.advance_clock(Duration::from_secs(6));
    assert!(!fake.stops().usage_limit, "the evaluation is not due yet");
    fake.advance_clock(Duration::from_secs(4));
    expected.push(("usage_limit_exceeded", json!({"id": id, "config": config("10", "disable")})));
    expected.push(("change_usage_limit_stop_state", json!({"old_state": "none", "new_state": "disabled"})));
    assert_eq!(news(&fake), expected);
    assert!(fake.stops().usage_limit);
    let last = fake.audit_log().pop().unwrap();
    assert_eq!((last.actor, last.client_ip), (json!({"kind": "system"}), None));

    fake.advance_clock(DAY);
    expected.push(("change_usage_limit_stop_state", json!({"old_state": "disabled", "new_state": "none"})));
    assert_eq!(news(&fake), expected);
    fake.add_usage(UsageMetric::FunctionCalls, 10.0);
    fake.evaluate_usage_limits();
    assert_eq!(news(&fake).len(), expected.len() + 3, "each limit is reported again on each day");

    // Raising, disabling or deleting the limit starts the deployment again.
    ok(&fake, &format!("POST /update_usage_limit/{}", id.as_str().unwrap()), &calls(11, true)).await;
    fake.evaluate_usage_limits();
    assert!(!fake.stops().usage_limit);
}
