//! Usage, and limits on it.

use super::*;

#[tokio::test]
async fn usage_is_told_in_floats_and_by_window() {
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
    assert_eq!(refused(&fake, create, &hundred).await, bad("DuplicateUsageLimit"));
    assert_eq!(refused(&fake, create, &calls(7, false)).await, bad("DuplicateUsageLimit"));
    assert_eq!(refused(&fake, create, &calls(u64::MAX, true)).await, bad("DuplicateUsageLimit"), "before it is stored");
    ok(&fake, create, &limit("functionCalls", "month", "disable", 1, true)).await;
    let warning = ok(&fake, create, &limit("functionCalls", "day", "warning", 1, true)).await;

    let update = format!("POST /update_usage_limit/{id}");
    let replaced = limit("dataEgressGb", "month", "warning", 3, false);
    assert_eq!(ok(&fake, &update, &replaced).await, json!({"usageLimit": with_id(&replaced)}));
    assert_eq!(ok(&fake, &update, &replaced).await["usageLimit"]["id"], id.as_str(), "it is no duplicate of itself");
    let taken = limit("functionCalls", "day", "warning", 9, true);
    assert_eq!(refused(&fake, &update, &taken).await, bad("DuplicateUsageLimit"));

    let listed = ok(&fake, "GET /list_usage_limits", "").await;
    let listed = listed["usageLimits"].as_array().unwrap();
    assert_eq!(listed.len(), 3);
    assert!(listed.contains(&with_id(&replaced)) && listed.contains(&warning["usageLimit"]));
    assert!(listed.is_sorted_by_key(|limit| limit["id"].as_str().unwrap()));

    let delete = format!("POST /delete_usage_limit/{id}");
    assert_eq!(send(&fake, ACTING, &delete, "").await.0, 403);
    assert_eq!(ok(&fake, &delete, "").await, Value::Null);
    assert_eq!(refused(&fake, &delete, "").await, (404, "UsageLimitNotFound".to_owned()));
    assert_eq!(refused(&fake, &update, &replaced).await, (404, "UsageLimitNotFound".to_owned()));

    let log = fake.audit_log();
    let told = |config: &str| {
        let mut config: Value = serde_json::from_str(config).unwrap();
        config["limit"] = config["limit"].to_string().into();
        config
    };
    assert_eq!(log[0].metadata, json!({"id": id, "config": told(&hundred)}));
    assert_eq!(log[3].metadata, json!({"id": id, "previous": told(&hundred), "current": told(&replaced)}));
    assert_eq!(log[5].metadata, json!({"id": id, "config": told(&replaced)}));
    let created = "create_usage_limit";
    let updated = "update_usage_limit";
    assert_eq!(actions(&log), [created, created, created, updated, updated, "delete_usage_limit"]);
}

#[tokio::test]
async fn limits_below_the_usage() {
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
        let (status, answer) = send(&fake, KEY, "POST /create_usage_limit", &config).await;
        match expected {
            Some(code) => assert_eq!((status, &answer), (400, &code.into()), "{config}"),
            None => assert_eq!(status, 200, "{config}"),
        }
    }
    // In this order: below, duplicate.
    let fake = self_hosted();
    let id = ok(&fake, "POST /create_usage_limit", &calls(9, false)).await["usageLimit"]["id"].clone();
    fake.set_usage(UsageMetric::FunctionCalls, UsageWindow::Day, 9.5);
    assert_eq!(refused(&fake, "POST /create_usage_limit", &calls(9, true)).await, bad("UsageLimitBelowCurrentUsage"));
    let enable = format!("POST /update_usage_limit/{}", id.as_str().unwrap());
    assert_eq!(refused(&fake, &enable, &calls(9, true)).await, bad("UsageLimitBelowCurrentUsage"));
    ok(&fake, &enable, &calls(10, true)).await;
}

#[tokio::test]
async fn warnings_on_a_dev_deployment() {
    let (create, warning) = ("POST /create_usage_limit", limit("functionCalls", "day", "warning", 100, false));
    for (kind, status) in [("dev", 400), ("prod", 200), ("preview", 200), ("custom", 200)] {
        let fake = fake_with(Some(json!({"deploymentType": kind})));
        assert_eq!(send(&fake, KEY, create, &warning).await.0, status, "{kind}");
    }
    let dev = cloud();
    assert_eq!(refused(&dev, create, &warning).await, bad("UsageLimitWarningNotSupported"));
    let id = ok(&dev, create, &calls(100, true)).await["usageLimit"]["id"].clone();
    let update = format!("POST /update_usage_limit/{}", id.as_str().unwrap());
    assert_eq!(refused(&dev, &update, &warning).await, bad("UsageLimitWarningNotSupported"));
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
    assert!(!fake.stops().usage_limit, "a warning stops nothing");

    fake.add_usage(UsageMetric::FunctionCalls, 5.0);
    fake.advance_clock(Duration::from_secs(6));
    assert!(!fake.stops().usage_limit, "it is not due yet");
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
    assert_eq!(news(&fake).len(), expected.len() + 3, "each is told anew on each day");

    // A limit that is raised, disabled or deleted frees the deployment.
    ok(&fake, &format!("POST /update_usage_limit/{}", id.as_str().unwrap()), &calls(11, true)).await;
    fake.evaluate_usage_limits();
    assert!(!fake.stops().usage_limit);
}
