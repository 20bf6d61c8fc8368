//! The pages of the audit log.

use super::*;

#[tokio::test]
async fn each_case_has_the_status_and_code_of_the_real_server() {
    check(&[
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
    ])
    .await;
}

async fn page(fake: &Fake, query: &str) -> Value {
    ok(fake, &format!("GET /list_audit_log_events?{query}"), "").await
}

#[tokio::test]
async fn the_audit_log_is_returned_in_pages() {
    let fake = cloud();
    for name in ["A", "B", "C"] {
        ok(&fake, "POST /update_environment_variables", &json!({"changes": [{"name": name, "value": ""}]}).to_string())
            .await;
        fake.advance_clock(Duration::from_millis(10));
    }
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["metadata"]["variable_name"].as_str().unwrap().to_owned()).collect()
    };
    let all = page(&fake, "from=0").await;
    assert_eq!(names(&all), ["A", "B", "C"]);
    assert_eq!(all["pagination"], json!({"hasMore": false}), "without a cursor");

    let first = page(&fake, "from=0&limit=2").await;
    assert_eq!((names(&first), &first["pagination"]["hasMore"]), (vec!["A".to_owned(), "B".to_owned()], &true.into()));
    let cursor = first["pagination"]["nextCursor"].as_str().unwrap().to_owned();
    let second = page(&fake, &format!("from=0&limit=1&cursor={cursor}")).await;
    assert_eq!((names(&second), &second["pagination"]["hasMore"]), (vec!["C".to_owned()], &true.into()));
    let cursor_after = second["pagination"]["nextCursor"].as_str().unwrap();
    let last = page(&fake, &format!("from=0&cursor={cursor_after}")).await;
    assert_eq!(last, json!({"items": [], "pagination": {"hasMore": false}}));

    let second_time = all["items"][1]["createTime"].as_u64().unwrap();
    assert_eq!(names(&page(&fake, &format!("from={second_time}")).await), ["B", "C"], "inclusive");
    assert_eq!(names(&page(&fake, &format!("from={}", second_time + 1)).await), ["C"]);

    let foreign = Fake::builder("other-animal-1").admin_key("other-animal-1|01c0ffee").plan(Plan::default()).build();
    let key = "Convex other-animal-1|01c0ffee";
    let (status, code) = send(&foreign, key, &format!("GET /list_audit_log_events?from=0&cursor={cursor}"), "").await;
    assert_eq!((status, code), (400, "InvalidCursor".into()));
    for wrong in [format!("from=1&cursor={cursor}"), format!("from=0&cursor={}", cursor.to_uppercase())] {
        let request = format!("GET /list_audit_log_events?{wrong}");
        assert_eq!(error_of(&fake, &request, "").await, bad("InvalidCursor"), "{wrong}");
    }
}

#[tokio::test]
async fn items_have_the_actor_and_the_client() {
    let fake = cloud();
    for key in [KEY, TOKEN, SYSTEM] {
        assert_eq!(send(&fake, key, "POST /update_canonical_url", CLOUD).await.0, 200);
    }
    let request = Request::post("/api/v1/pause_deployment")
        .header("authorization", KEY)
        .header("user-agent", "test/1")
        .header("x-forwarded-for", "203.0.113.7, 10.0.0.1");
    fake.clone().oneshot(request.body(Bytes::new()).unwrap()).await.unwrap();
    ok(&fake, "POST /create_usage_limit", &calls(1, true)).await;
    fake.add_usage(UsageMetric::FunctionCalls, 1.0);
    fake.evaluate_usage_limits();
    let listed = page(&fake, "from=0&limit=100").await;
    let items = listed["items"].as_array().unwrap();
    let member = json!({"kind": "member", "member_id": 0});
    let system = json!({"kind": "system"});
    let token = json!({"kind": "token", "member_id": 0, "token_id": 2, "client_id": null});
    let local: Value = "127.0.0.1".into();
    for (at, actor, ip, agent) in [
        (0, &member, &local, Value::Null),
        (1, &token, &local, Value::Null),
        (2, &system, &local, Value::Null),
        (3, &member, &"203.0.113.7".into(), "test/1".into()),
        (4, &member, &local, Value::Null),
        (5, &system, &Value::Null, Value::Null),
    ] {
        let item = items[at].as_object().unwrap();
        assert_eq!((&item["actor"], &item["clientIp"], &item["clientUserAgent"]), (actor, ip, &agent), "{at}");
        assert_eq!(item.len(), 6);
        assert!(item["createTime"].is_u64());
    }
    assert_eq!(items[4]["metadata"]["config"]["limit"], "1", "a string");
    assert_eq!(items[5]["action"], "usage_limit_exceeded");
}

#[tokio::test]
async fn the_plan_limits_the_age_of_entries() {
    let fake = fake_with(Some(json!({"auditLogRetentionDays": 7})));
    ok(&fake, "POST /pause_deployment", "").await;
    let made = fake.audit_log()[0].create_time;
    let old = (403, "AuditLogsTooOld".to_owned());
    assert_eq!(error_of(&fake, "GET /list_audit_log_events?from=0", "").await, old);
    let request = format!("from={made}&limit=1");
    let first = page(&fake, &request).await;
    let cursor = first["pagination"]["nextCursor"].as_str().unwrap();
    fake.advance_clock(7 * DAY - Duration::from_secs(3600));
    page(&fake, &format!("{request}&cursor={cursor}")).await;
    fake.advance_clock(Duration::from_secs(3601));
    let next = format!("GET /list_audit_log_events?{request}&cursor={cursor}");
    assert_eq!(error_of(&fake, &next, "").await, old, "each page uses the time of its request");

    let none = fake_with(Some(json!({"auditLogRetentionDays": 0})));
    assert_eq!(error_of(&none, "GET /list_audit_log_events?from=0", "").await, old);
    let future = page(&none, "from=99999999999999").await;
    assert_eq!(future["items"], json!([]));
}
