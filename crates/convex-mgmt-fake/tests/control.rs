//! The control routes below `/_fake/` have the same effects as the methods of the fake.

mod receiver;

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use convex_mgmt_fake::{Fake, Knobs, Plan, UsageMetric, UsageWindow, Value as Stored};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use receiver::Receiver;

const NAME: &str = "happy-animal-123";
const ADMIN_KEY: &str = "happy-animal-123|01ab";

fn fake() -> Fake {
    Fake::builder(NAME).admin_key(ADMIN_KEY).plan(Plan::default()).build()
}

/// Sends a request without a credential or a content type, and returns the status and the JSON, or text, of the response.
async fn exchange(fake: &Fake, method: &str, path: &str, body: &str) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path).body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    let response = fake.clone().oneshot(request).await.unwrap();
    let body = response.body();
    let json = serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned().into());
    (response.status(), json)
}

async fn post(fake: &Fake, path: &str, body: Value) -> Value {
    let (status, reply) = exchange(fake, "POST", path, &body.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{path} {body}: {reply}");
    reply
}

async fn get(fake: &Fake, path: &str) -> Value {
    let (status, reply) = exchange(fake, "GET", path, "").await;
    assert_eq!(status, StatusCode::OK, "{path}: {reply}");
    reply
}

/// The status of a request of the API with this key.
async fn status_with(fake: &Fake, key: &str, path: &str) -> u16 {
    let request = Request::get(path).header("authorization", format!("Convex {key}"));
    fake.clone().oneshot(request.body(Bytes::new()).unwrap()).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn tables_are_filled_in_one_transaction_and_read() {
    let fake = fake();
    let reply = post(
        &fake,
        "/_fake/tables",
        json!([
            {"change": "insert", "table": "messages", "document": {"body": "hello", "int": 1, "float": 1.0}},
            {"change": "insert", "table": "messages", "document": {"_id": "mine", "bytes": {"$bytes": "ABCD"}}},
            {"change": "createTable", "component": "shop/cart", "table": "empty"},
            {"change": "replaceTable", "table": "items", "documents": [{}, {"a": null}]},
        ]),
    )
    .await;
    assert_eq!((&reply[1], &reply[2]), (&json!({"id": "mine"}), &json!({})));
    assert_eq!(reply[3]["ids"].as_array().map(Vec::len), Some(2), "{reply}");
    let id = reply[0]["id"].as_str().unwrap();
    let document = fake.commit(|tables| tables.get("", "messages", id)).unwrap();
    assert_eq!((&document["int"], &document["float"]), (&Stored::Int64(1), &Stored::Float64(1.0)));

    let tables = fake.tables();
    let names: Vec<_> = tables.iter().map(|table| (&*table.component, &*table.table, table.documents.len())).collect();
    assert_eq!(names, [("", "messages", 2), ("shop/cart", "empty", 0), ("", "items", 2)]);
    assert_eq!(get(&fake, "/_fake/tables").await, serde_json::to_value(&tables).unwrap());
    let times: Vec<_> = tables[0].documents.iter().map(|document| &document["_creationTime"]).collect();
    assert!(times.iter().all(|time| matches!(time, Stored::Float64(time) if *time > 1e12)), "{times:?}");

    for (change, reply) in [
        (
            json!({"change": "replace", "table": "messages", "id": "mine", "document": {"new": 1}}),
            json!({"found": true}),
        ),
        (json!({"change": "replace", "table": "messages", "id": "?", "document": {}}), json!({"found": false})),
        (json!({"change": "delete", "table": "messages", "id": id}), json!({"found": true})),
        (json!({"change": "delete", "table": "messages", "id": id}), json!({"found": false})),
        (json!({"change": "clearTable", "table": "items"}), json!({})),
        (json!({"change": "deleteTable", "component": "shop/cart", "table": "empty"}), json!({"found": true})),
        (json!({"change": "deleteTable", "component": "shop/cart", "table": "empty"}), json!({"found": false})),
    ] {
        assert_eq!(post(&fake, "/_fake/tables", change.clone()).await, reply, "{change}");
    }
    let tables = fake.tables();
    let names: Vec<_> = tables.iter().map(|table| (&*table.table, table.documents.len())).collect();
    assert_eq!(names, [("messages", 1), ("items", 0)]);
    assert_eq!(tables[0].documents[0]["new"], Stored::Int64(1));
}

#[tokio::test]
async fn imports_build_hidden_tables() {
    let fake = fake();
    fake.commit(|tables| tables.insert("", "a", Stored::document(json!({"_id": "old"}))));
    let begun = post(&fake, "/_fake/tables", json!({"change": "beginImport", "table": "a"})).await;
    let import = &begun["import"];
    for (change, reply) in [
        (json!({"change": "insertImported", "import": import, "documents": [{"_id": "new"}]}), json!({"ids": ["new"]})),
        (json!({"change": "insertImported", "import": 99, "documents": [{}]}), json!({"ids": null})),
        (json!({"change": "finishImport", "import": 99}), json!({"found": false})),
    ] {
        assert_eq!(post(&fake, "/_fake/tables", change.clone()).await, reply, "{change}");
    }
    let ids = |tables: &Value| tables[0]["documents"][0]["_id"].clone();
    assert_eq!(ids(&get(&fake, "/_fake/tables").await), "old");
    assert_eq!(ids(&get(&fake, "/_fake/hidden_tables").await), "new");
    let finished = post(&fake, "/_fake/tables", json!({"change": "finishImport", "import": import})).await;
    assert_eq!(finished, json!({"found": true}));
    assert_eq!(ids(&get(&fake, "/_fake/tables").await), "new");
    assert_eq!(get(&fake, "/_fake/hidden_tables").await, json!([]));
}

#[tokio::test]
async fn data_sync_misbehaves_on_request() {
    let fake = fake();
    let page = async |cursor: &Value| {
        let body = json!({ "cursor": cursor }).to_string();
        let request = Request::post("/api/v1/data/sync").header("authorization", format!("Convex {ADMIN_KEY}"));
        let request = request.header("content-type", "application/json").body(Bytes::from(body)).unwrap();
        let response = fake.clone().oneshot(request).await.unwrap();
        serde_json::from_slice::<Value>(response.body()).unwrap()
    };
    let quirks = json!([{"quirk": "unknownStatus", "status": "paused"}, {"quirk": "noCursor", "pages": 2}]);
    assert_eq!(post(&fake, "/_fake/sync_quirks", quirks).await, json!([{}, {}]));
    let first = page(&Value::Null).await;
    assert_eq!((&first["status"]["type"], &first["pagination"]), (&json!("paused"), &json!({"hasMore": true})));
    assert_eq!(page(&Value::Null).await["pagination"], json!({"hasMore": true}));
    post(&fake, "/_fake/sync_quirks", json!({"quirk": "noCursor"})).await;
    exchange(&fake, "DELETE", "/_fake/sync_quirks", "").await;
    let cursor = page(&Value::Null).await["pagination"]["nextCursor"].clone();
    assert_eq!(page(&cursor).await["status"]["type"], "upToDate");
    post(&fake, "/_fake/expire_sync_cursors", json!({})).await;
    assert_eq!(page(&cursor).await["code"], "DataSyncCursorExpired");
    let unknown = exchange(&fake, "POST", "/_fake/sync_quirks", r#"{"quirk":"lazy"}"#).await;
    assert_eq!(unknown.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn usage_is_counted_and_limits_are_evaluated() {
    let (fake, same) = (fake(), fake());
    let changes = json!([
        {"change": "set", "metric": "functionCalls", "window": "month", "amount": 40},
        {"change": "add", "metric": "functionCalls", "amount": 2.5},
        {"change": "seedStatus", "status": "complete"},
    ]);
    assert_eq!(post(&fake, "/_fake/usage", changes).await, json!([{}, {}, {}]));
    same.set_usage(UsageMetric::FunctionCalls, UsageWindow::Month, 40.0);
    same.add_usage(UsageMetric::FunctionCalls, 2.5);
    same.set_seed_status(convex_mgmt_fake::SeedStatus::Complete);
    let current = format!("/api/v1/get_current_usage?adminKey={}", ADMIN_KEY.replace('|', "%7C"));
    let usage = get(&fake, &current).await;
    assert_eq!(usage, get(&same, &current).await);
    assert_eq!(
        usage["metrics"]["functionCalls"]["usage"],
        json!({"current_day": 2.5, "current_month": 42.5}),
        "{usage}"
    );

    let request = Request::post("/api/v1/create_usage_limit")
        .header("authorization", format!("Convex {ADMIN_KEY}"))
        .header("content-type", "application/json")
        .body(Bytes::from_static(
            br#"{"metric":"functionCalls","window":"day","limitType":"disable","limit":3,"enabled":true}"#,
        ));
    assert_eq!(fake.clone().oneshot(request.unwrap()).await.unwrap().status(), StatusCode::OK);
    post(&fake, "/_fake/usage", json!({"change": "add", "metric": "functionCalls", "amount": 1})).await;
    assert!(!fake.stops().usage_limit);
    assert_eq!(post(&fake, "/_fake/usage", json!({"change": "evaluateLimits"})).await, json!({}));
    assert!(fake.stops().usage_limit);
}

#[tokio::test]
async fn variables_are_set_and_deleted_without_audit_entries() {
    let fake = fake();
    assert_eq!(post(&fake, "/_fake/variables", json!({"A": "1", "B": ""})).await, json!({}));
    assert_eq!(post(&fake, "/_fake/variables", json!([{"A": null, "C": "3"}, {"NONE": null}])).await, json!([{}, {}]));
    assert_eq!(fake.variables(), [("B".to_owned(), String::new()), ("C".to_owned(), "3".to_owned())]);
    assert_eq!(get(&fake, "/_fake/variables").await, json!({"B": "", "C": "3"}));
    assert_eq!((fake.remove_variable("C"), fake.remove_variable("C")), (true, false));
    assert_eq!((get(&fake, "/_fake/audit_log").await, fake.audit_log().len()), (json!([]), 0));
}

#[tokio::test]
async fn events_are_delivered_before_the_response_with_flush() {
    // The timer does not fire during the test.
    let mut knobs = Knobs::default();
    knobs.webhook_flush_interval = Duration::from_secs(3600);
    let fake = Fake::builder(NAME).admin_key(ADMIN_KEY).knobs(knobs).build();
    let mut receiver = Receiver::start([], []).await;
    let config = json!({
        "logStreamType": "webhook", "url": receiver.url(), "format": "json", "topics": ["console"],
    });
    let request = Request::post("/api/v1/create_log_stream")
        .header("authorization", format!("Convex {ADMIN_KEY}"))
        .header("content-type", "application/json")
        .body(Bytes::from(config.to_string()));
    assert_eq!(fake.clone().oneshot(request.unwrap()).await.unwrap().status(), StatusCode::OK);
    // The stream is still pending. The events wait for its verification.
    let events = json!([
        {"topic": "console", "fields": {"message": "one", "timestamp": 7}},
        {"topic": "function_execution", "fields": {}},
        {"topic": "console"},
    ]);
    assert_eq!(post(&fake, "/_fake/events?flush=true", events).await, json!([{}, {}, {}]));
    let received = receiver.so_far();
    assert!(received.len() == 2 && received[0].is_verification(), "{received:?}");
    let delivered = received[1].events();
    assert_eq!(delivered.len(), 2, "{delivered:?}");
    assert_eq!((&delivered[0]["message"], &delivered[0]["timestamp"]), (&json!("one"), &json!(7)));
    assert_eq!(delivered[1]["topic"], "console");
}

#[tokio::test]
async fn traffic_and_deliveries_are_controlled() {
    let mut receiver = Receiver::start([], []).await;
    let fake = fake();
    let config =
        json!({"logStreamType": "webhook", "url": receiver.url(), "format": "json", "topics": ["function_execution"]});
    let request = Request::post("/api/v1/create_log_stream")
        .header("authorization", format!("Convex {ADMIN_KEY}"))
        .header("content-type", "application/json")
        .body(Bytes::from(config.to_string()));
    fake.clone().oneshot(request.unwrap()).await.unwrap();
    fake.log_streams_settled().await;
    assert!(receiver.next().await.is_verification());
    assert_eq!(post(&fake, "/_fake/delivery_quirks", json!({"quirk": "twice"})).await, json!({}));
    assert_eq!(post(&fake, "/_fake/traffic", json!([{"events": 40, "seed": 3}])).await, json!([{}]));
    fake.flush_log_streams().await;
    let (first, second) = (receiver.next().await, receiver.next().await);
    assert_eq!(first.body, second.body);
    assert!(first.events().len() > 10 && first.events()[0]["usage"]["database_read_bytes"].is_u64());
    for (path, body) in [("delivery_quirks", r#"{"quirk":"often"}"#), ("traffic", r#"{"seed":1}"#)] {
        assert_eq!(exchange(&fake, "POST", &format!("/_fake/{path}"), body).await.0, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn only_the_latest_requests_are_kept_with_their_numbers() {
    let mut knobs = Knobs::default();
    knobs.recorded_requests = 3;
    let fake = Fake::builder(NAME).admin_key(ADMIN_KEY).knobs(knobs).build();
    for number in 0..5 {
        status_with(&fake, ADMIN_KEY, &format!("/api/v1/get_canonical_urls?number={number}")).await;
    }
    let kept = get(&fake, "/_fake/requests").await;
    let numbers: Vec<_> = kept.as_array().unwrap().iter().map(|request| request["number"].clone()).collect();
    assert_eq!(numbers, [2, 3, 4]);
    assert_eq!((&kept[0]["status"], fake.requests().len()), (&fake.requests()[0].status.unwrap().as_u16().into(), 3));
    assert!(fake.requests()[0].uri.ends_with("number=2"));
    assert_eq!(get(&fake, "/_fake/requests?from=4").await.as_array().map(Vec::len), Some(1));
    assert_eq!(get(&fake, "/_fake/requests?from=5").await, json!([]));
}

#[tokio::test]
async fn the_clock_advances_up_to_its_latest_time() {
    let fake = fake();
    let now = || u64::try_from(fake.now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let before = now();
    let reply = post(&fake, "/_fake/clock", json!({"milliseconds": 86_400_000})).await;
    let after = reply["now"].as_u64().unwrap();
    assert!((before + 86_400_000..before + 90_000_000).contains(&after), "{before} and {after}");
    assert!((after..after + 3_600_000).contains(&now()));
    let read = get(&fake, "/_fake/clock").await["now"].as_u64().unwrap();
    assert!((after..=now()).contains(&read));
    // A time that overflows in nanoseconds, in one step or in several.
    let (status, text) = exchange(&fake, "POST", "/_fake/clock", r#"{"milliseconds":18446744073709551615}"#).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{text}");
    let steps = format!("[{}]", [r#"{"milliseconds":3155760000000}"#; 3].join(","));
    assert_eq!(exchange(&fake, "POST", "/_fake/clock", &steps).await.0, StatusCode::BAD_REQUEST);
    assert!(now() < after + Duration::from_secs(3600).as_millis() as u64, "no step was applied");
}

#[tokio::test]
async fn keys_are_added_and_revoked() {
    const LIST: &str = "/api/v1/list_environment_variables";
    let fake = fake();
    let keys = json!([
        {"change": "add", "key": "happy-animal-123|02", "role": "admin"},
        {"change": "add", "key": "prod:happy-animal-123|04", "role": "token", "actions": ["deployment:logs:view"]},
        {"change": "add", "key": "eyJ2", "role": "token"},
    ]);
    post(&fake, "/_fake/keys", keys).await;
    post(&fake, "/_fake/keys", json!({"change": "add", "key": "happy-animal-123|03", "role": "readOnly"})).await;
    let statuses = async |keys: [&str; 5]| {
        let mut statuses = Vec::new();
        for key in keys {
            statuses.push(status_with(&fake, key, LIST).await);
        }
        statuses
    };
    let all = [ADMIN_KEY, "dev:happy-animal-123|02", "happy-animal-123|03", "prod:happy-animal-123|04", "eyJ2"];
    assert_eq!(statuses(all).await, [200, 200, 200, 403, 200]);

    let revoke = async |key: &str| post(&fake, "/_fake/keys", json!({"change": "revoke", "key": key})).await;
    assert_eq!(revoke("nope").await, json!({"found": false}));
    // With and without the type of the deployment.
    for key in ["prod:happy-animal-123|02", "happy-animal-123|03", "prod:happy-animal-123|04"] {
        assert_eq!(revoke(key).await, json!({"found": true}), "{key}");
        assert_eq!(revoke(key).await, json!({"found": false}), "{key}");
    }
    assert_eq!(statuses(all).await, [200, 401, 401, 401, 200]);
    // A token keeps its number when another is revoked, and a revoked key can be added again.
    fake.add_read_only_key("happy-animal-123|03");
    fake.add_token("prod:happy-animal-123|04", ["deployment:env:view"]);
    fake.add_admin_key("happy-animal-123|02");
    assert_eq!(statuses(all).await, [200, 200, 200, 200, 200]);
    assert!(fake.revoke_key(ADMIN_KEY));
    assert_eq!(statuses(all).await, [401, 200, 200, 200, 200]);
}

#[tokio::test]
async fn requests_are_returned_with_their_faults_and_statuses() {
    let fake = fake();
    post(&fake, "/_fake/faults", json!({"fault": "response", "status": 429, "retryAfter": 3, "path": "_usage"})).await;
    let key = ADMIN_KEY;
    assert_eq!(status_with(&fake, key, "/api/v1/list_usage_limits").await, 200);
    assert_eq!(status_with(&fake, key, "/api/v1/get_current_usage").await, 429);
    let request = Request::post("/x").header("a", "1").header("a", "2").body(Bytes::from_static(b"{\"b\":\xff}"));
    fake.clone().oneshot(request.unwrap()).await.unwrap();
    let all = get(&fake, "/_fake/requests").await;
    let headers = json!({"authorization": format!("Convex {ADMIN_KEY}")});
    assert_eq!(
        all,
        json!([
            {"number": 0, "method": "GET", "uri": "/api/v1/list_usage_limits", "headers": headers, "body": "",
             "fault": null, "status": 200},
            {"number": 1, "method": "GET", "uri": "/api/v1/get_current_usage", "headers": headers, "body": "",
             "fault": {"fault": "response", "status": 429, "retryAfter": 3}, "status": null},
            {"number": 2, "method": "POST", "uri": "/x", "headers": {"a": "1, 2"}, "body": "{\"b\":\u{fffd}}",
             "fault": null, "status": 404},
        ])
    );
    assert_eq!(get(&fake, "/_fake/requests?from=2").await, json!([all[2]]));
    assert_eq!(get(&fake, "/_fake/requests?from=3").await, json!([]));
    assert_eq!(fake.requests().len(), 3, "control requests are not recorded");
}

#[tokio::test]
async fn the_audit_log_has_the_format_of_the_api() {
    let fake = fake();
    let body = r#"{"changes":[{"name":"A","value":"1"}]}"#;
    let request = Request::post("/api/v1/update_environment_variables")
        .header("authorization", format!("Convex {ADMIN_KEY}"))
        .header("content-type", "application/json")
        .body(Bytes::from_static(body.as_bytes()));
    fake.clone().oneshot(request.unwrap()).await.unwrap();
    let log = get(&fake, "/_fake/audit_log").await;
    assert_eq!(
        (&log[0]["action"], log[0]["metadata"]["variable_name"].as_str()),
        (&json!("create_environment_variable"), Some("A"))
    );
    let page = format!("/api/v1/list_audit_log_events?from=0&adminKey={}", ADMIN_KEY.replace('|', "%7C"));
    assert_eq!(get(&fake, &page).await["items"], log);
}

#[tokio::test]
async fn invalid_bodies_change_nothing() {
    let fake = fake();
    for (path, body, reason) in [
        ("variables", r#"{"A":1}"#, "expected a string"),
        ("variables", "A=1", "the body is not JSON"),
        ("variables", "", "the body is not JSON"),
        ("variables", "7", "neither an object nor a list"),
        ("variables", r#"[{"A":"1"},{"B":2}]"#, "at index 1"),
        ("tables", r#"{"change":"insrt","table":"t"}"#, "unknown variant `insrt`"),
        ("tables", r#"[{"change":"createTable","table":"t"},{"change":"insert","tabel":"t"}]"#, "`tabel`"),
        ("tables", r#"{"change":"insert","table":"t","document":[]}"#, "expected a map"),
        ("usage", r#"{"change":"add","metric":"calls","amount":1}"#, "`functionCalls`"),
        ("usage", r#"{"change":"evaluateLimits","now":true}"#, "`now`"),
        ("events", r#"{"topic":"console","fields":[]}"#, "expected a map"),
        ("events?flush=yes", r#"{"topic":"console"}"#, "`true`"),
        ("clock", "{}", "`milliseconds`"),
        ("clock", r#"{"milliseconds":-1}"#, "-1"),
        ("keys", r#"{"change":"add","key":"other|1","role":"admin"}"#, "'happy-animal-123|SECRET'"),
        ("keys", r#"{"change":"add","key":"happy-animal-123|","role":"readOnly"}"#, "'happy-animal-123|SECRET'"),
        ("keys", r#"{"change":"add","key":"happy-animal-123|9","role":"admin","actions":["a"]}"#, "only a token"),
        (
            "keys",
            r#"[{"change":"revoke","key":"happy-animal-123|01ab"},{"change":"add","key":"","role":"token"}]"#,
            "empty",
        ),
        ("faults", r#"{"fault":"bogus"}"#, "unknown variant `bogus`"),
        ("faults", r#"{"path":"/x"}"#, "`fault`"),
        ("faults", r#"{"fault":"reset","pathh":"/x"}"#, "unknown field `pathh`"),
        ("faults", r#"{"fault":"delay","milliseconds":1,"pathh":"/x"}"#, "unknown field `pathh`"),
        ("faults", r#"{"fault":"reset","times":-1}"#, "-1"),
    ] {
        let (status, text) = exchange(&fake, "POST", &format!("/_fake/{path}"), body).await;
        assert!(
            status == StatusCode::BAD_REQUEST && text.as_str().is_some_and(|text| text.contains(reason)),
            "{path} {body}: {text}"
        );
    }
    assert!(fake.variables().is_empty() && fake.tables().is_empty());
    assert_eq!(
        status_with(&fake, ADMIN_KEY, "/api/v1/get_current_usage").await,
        200,
        "there is no fault, and the key is valid"
    );
    assert_eq!(exchange(&fake, "GET", "/_fake/requests?since=1", "").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(exchange(&fake, "POST", "/_fake/requests", "").await.0, StatusCode::METHOD_NOT_ALLOWED);
    let (status, text) = exchange(&fake, "GET", "/_fake/table", "").await;
    assert!(status == StatusCode::NOT_FOUND && text.as_str().is_some_and(|text| text.contains("tables")), "{text}");
}
