//! Raw requests about log streams, with the responses of the real server. The numbers are the case numbers of the recordings
//! of a real server.

use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_fake::{Fake, FakeBuilder, Knobs, Plan};
use http::Request;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tower::ServiceExt;

const ADMIN: &str = "happy-animal-123|01c0ffee";
const READ_ONLY: &str = "happy-animal-123|01decade";
const WEBHOOK: &str = r#"{"logStreamType":"webhook","url":"https://example.com","format":"json"}"#;

fn builder() -> FakeBuilder {
    let mut knobs = Knobs::default();
    // Retries have no backoff.
    knobs.webhook_backoff = (Duration::ZERO, Duration::ZERO);
    Fake::builder("happy-animal-123").admin_key(ADMIN).read_only_key(READ_ONLY).knobs(knobs)
}

fn plan(plan: Value) -> Plan {
    serde_json::from_value(plan).unwrap()
}

/// Sends a request with a key: `GET` without a body, `POST` with one, which may be empty.
async fn send(fake: &Fake, key: &str, path: &str, body: Option<&str>) -> (u16, Value) {
    let request = Request::builder().uri(format!("/api/v1/{path}")).header("authorization", format!("Convex {key}"));
    let method = if body.is_some() { "POST" } else { "GET" };
    let request = request.method(method).header("content-type", "application/json");
    let request = request.body(Bytes::from(body.unwrap_or_default().to_owned())).unwrap();
    let response = fake.clone().oneshot(request).await.unwrap();
    let body = if response.body().is_empty() { Value::Null } else { serde_json::from_slice(response.body()).unwrap() };
    (response.status().as_u16(), body)
}

async fn post(fake: &Fake, path: &str, body: &str) -> (u16, Value) {
    send(fake, ADMIN, path, Some(body)).await
}

async fn create(fake: &Fake, body: &str) -> String {
    let (status, created) = post(fake, "create_log_stream", body).await;
    assert_eq!(status, 200, "{body}: {created}");
    created["id"].as_str().unwrap().to_owned()
}

async fn read(fake: &Fake, id: &str) -> Value {
    let (status, stream) = send(fake, ADMIN, &format!("get_log_stream/{id}"), None).await;
    assert_eq!(status, 200, "{stream}");
    stream
}

async fn list(fake: &Fake) -> Vec<Value> {
    let (status, streams) = send(fake, ADMIN, "list_log_streams", None).await;
    assert_eq!(status, 200, "{streams}");
    streams.as_array().unwrap().clone()
}

/// Returns the status and the error code, or `-`.
fn code((status, body): &(u16, Value)) -> (u16, &str) {
    (*status, body["code"].as_str().unwrap_or("-"))
}

fn axiom(attributes: usize, more: &str) -> String {
    let attributes: Vec<_> = (0..attributes).map(|n| json!({"key": format!("k{n}"), "value": "v"})).collect();
    format!(
        r#"{{"logStreamType":"axiom","apiKey":"k","datasetName":"d","attributes":{}{more}}}"#,
        Value::from(attributes)
    )
}

fn webhook(more: &str) -> String {
    format!(r#"{{"logStreamType":"webhook","url":"https://example.com","format":"json"{more}}}"#)
}

#[tokio::test]
async fn creations_have_the_status_and_code_of_the_real_server() {
    let sentry = |more: &str| format!(r#"{{"logStreamType":"sentry","dsn":"https://public@sentry.example/1"{more}}}"#);
    let post_hog = |host: &str| format!(r#"{{"logStreamType":"postHogErrorTracking","apiKey":"k","host":{host}}}"#);
    for (case, body, status, expected) in [
        ("43 webhook", WEBHOOK.to_owned(), 200, "-"),
        ("43 null is absent", webhook(r#","topics":null,"more":1"#), 200, "-"),
        ("46 no url", WEBHOOK.replace("https://", ""), 400, "InvalidWebhookUrl"),
        ("46 any scheme", WEBHOOK.replace("https:", "ftp:"), 200, "-"),
        ("46 before the topics", webhook(r#","topics":[]"#).replace("https://", ""), 400, "InvalidWebhookUrl"),
        ("47 no topics", webhook(r#","topics":[]"#), 400, "EmptyLogTopics"),
        ("47 exception", webhook(r#","topics":["exception"]"#), 400, "InvalidLogTopic"),
        ("47 verification", webhook(r#","topics":["console","verification"]"#), 400, "InvalidLogTopic"),
        ("47 bogus", webhook(r#","topics":["bogus"]"#), 400, "BadJsonBody"),
        (
            "48 custom audit without a plan",
            webhook(r#","topics":["custom_audit"]"#),
            403,
            "CustomAuditLogsInLogStreamsNotEnabled",
        ),
        ("48 the topics before the plan", webhook(r#","topics":["custom_audit","exception"]"#), 400, "InvalidLogTopic"),
        ("51 missing field", r#"{"logStreamType":"webhook","url":"https://a.example"}"#.into(), 400, "BadJsonBody"),
        ("51 no tags", r#"{"logStreamType":"datadog","siteLocation":"US1","ddApiKey":"k"}"#.into(), 400, "BadJsonBody"),
        ("51 another format", WEBHOOK.replace("json", "xml"), 400, "BadJsonBody"),
        ("51 unknown type", WEBHOOK.replace("webhook", "splunk"), 400, "BadJsonBody"),
        ("51 a field twice", webhook(r#","format":"json""#), 400, "BadJsonBody"),
        ("52 1024 attributes", axiom(1024, ""), 200, "-"),
        ("52 1025 attributes", axiom(1025, ""), 500, "InternalServerError"),
        ("53 ingest url", axiom(0, r#","ingestUrl":"https://us-east-1.aws.edge.axiom.co""#), 200, "-"),
        ("53 a slash", axiom(0, r#","ingestUrl":"https://api.axiom.co/""#), 400, "InvalidAxiomIngestUrl"),
        ("53 before the topics", axiom(0, r#","ingestUrl":"x","topics":[]"#), 400, "InvalidAxiomIngestUrl"),
        ("53 after the attributes", axiom(1025, r#","ingestUrl":"x""#), 500, "InternalServerError"),
        ("54 sentry", sentry(r#","tags":{"a b":"c"}"#), 200, "-"),
        ("54 no dsn", sentry("").replace("public@", ""), 400, "InvalidSentryDsn"),
        ("54 a tag that is no name", sentry(r#","tags":{"$a":"b"}"#), 400, "BadJsonBody"),
        ("54 a host", post_hog(r#""https://eu.example""#), 200, "-"),
        ("54 no host", post_hog(r#""eu.example""#), 400, "InvalidPostHogHost"),
        ("54 null", post_hog("null"), 200, "-"),
    ] {
        let fake = builder().build();
        let response = post(&fake, "create_log_stream", &body).await;
        assert_eq!(code(&response), (status, expected), "{case}: {response:?}");
        assert_eq!(list(&fake).await.len(), usize::from(status == 200), "{case}");
        assert_eq!(fake.audit_log().len(), usize::from(status == 200), "{case}");
    }
}

#[tokio::test]
async fn case_44_a_created_webhook_can_be_read() {
    let fake = builder().build();
    let (_, created) = post(&fake, "create_log_stream", WEBHOOK).await;
    let secret = created["hmacSecret"].as_str().unwrap();
    assert!(secret.len() == 32 && secret.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{secret}");
    assert_eq!(created, json!({"logStreamType": "webhook", "id": created["id"], "hmacSecret": secret}));
    let expected = json!({
        "logStreamType": "webhook",
        "id": created["id"],
        "status": {"type": "pending"},
        "url": "https://example.com/",
        "format": "json",
        "hmacSecret": secret,
        "topics": null,
    });
    assert_eq!(read(&fake, created["id"].as_str().unwrap()).await, expected);
    assert_eq!(list(&fake).await, [expected]);
    let entry = &fake.audit_log()[0];
    assert_eq!(entry.action, "create_integration");
    assert_eq!(entry.metadata, json!({"id": created["id"], "type": "webhook"}));
}

#[tokio::test]
async fn case_49_topics_are_sorted_and_deduplicated() {
    let fake = builder().build();
    let id = create(&fake, &webhook(r#","topics":["audit_log","console","console"]"#)).await;
    assert_eq!(read(&fake, &id).await["topics"], json!(["console", "audit_log"]));
}

#[tokio::test]
async fn case_50_a_deployment_has_at_most_five_streams_and_one_of_each_type() {
    let fake = builder().build();
    let mut ids = Vec::new();
    for (body, shown) in [
        (
            r#"{"logStreamType":"datadog","siteLocation":"US1_FED","ddApiKey":"k","ddTags":["a"],"service":"s"}"#,
            json!({"siteLocation": "US1_FED", "ddTags": ["a"], "service": "s", "topics": null}),
        ),
        (&axiom(1, ""), json!({"datasetName": "d", "attributes": [{"key": "k0", "value": "v"}], "topics": null})),
        (r#"{"logStreamType":"sentry","dsn":"https://a@b.example/1","tags":{"t":"v"}}"#, json!({"tags": {"t": "v"}})),
        (
            r#"{"logStreamType":"postHogLogs","apiKey":"k","host":"https://eu.example","serviceName":"s"}"#,
            json!({"host": "https://eu.example", "serviceName": "s", "topics": null}),
        ),
        (r#"{"logStreamType":"postHogErrorTracking","apiKey":"k"}"#, json!({})),
    ] {
        let id = create(&fake, body).await;
        fake.log_streams_settled().await;
        let kind = serde_json::from_str::<Value>(body).unwrap()["logStreamType"].clone();
        let mut expected = json!({"logStreamType": kind, "id": id, "status": {"type": "active"}});
        expected.as_object_mut().unwrap().extend(shown.as_object().unwrap().clone());
        assert_eq!(read(&fake, &id).await, expected);
        ids.push(id);
    }
    assert_eq!(code(&post(&fake, "create_log_stream", WEBHOOK).await), (400, "LogSinkQuotaExceeded"));
    // The check for an existing type precedes validation.
    let existing = axiom(1025, r#","ingestUrl":"x""#);
    assert_eq!(code(&post(&fake, "create_log_stream", &existing).await), (409, "LogStreamAlreadyExists"));
    // Validation precedes the quota.
    let wrong = WEBHOOK.replace("https://", "");
    assert_eq!(code(&post(&fake, "create_log_stream", &wrong).await), (400, "InvalidWebhookUrl"));
    ids.sort();
    let listed: Vec<_> = list(&fake).await.iter().map(|stream| stream["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, ids);
}

/// Each step is an update of the same stream, with the expected result.
#[tokio::test]
async fn updates_change_the_fields_that_they_contain() {
    let fake = builder().plan(plan(json!({}))).build();
    let datadog = r#"{"logStreamType":"datadog","siteLocation":"EU","ddApiKey":"k","ddTags":["a"],"service":"s"}"#;
    let sentry = r#"{"logStreamType":"sentry","dsn":"https://a@b.example/1","tags":{"t":"v"}}"#;
    let post_hog = r#"{"logStreamType":"postHogLogs","apiKey":"k","host":"https://eu.example","serviceName":"s"}"#;
    for (body, steps) in [
        (
            WEBHOOK,
            vec![
                // 56 and 58
                (r#""url":null,"topics":["console"]"#, json!({"url": "https://example.com/", "topics": ["console"]})),
                ("", json!({"url": "https://example.com/", "topics": ["console"]})),
                (r#""url":"http://127.0.0.1:80","format":"jsonl""#, json!({"url": "http://127.0.0.1/"})),
                (r#""format":null,"topics":null"#, json!({"format": "jsonl", "topics": null})),
            ],
        ),
        (
            datadog,
            vec![
                (
                    r#""siteLocation":null,"ddTags":null,"ddApiKey":null"#,
                    json!({"siteLocation": "EU", "ddTags": ["a"]}),
                ),
                (r#""ddTags":[],"topics":["custom_audit"]"#, json!({"ddTags": [], "service": "s"})),
                (r#""service":null"#, json!({"service": null, "topics": ["custom_audit"]})),
            ],
        ),
        (
            &axiom(1, r#","ingestUrl":"https://api.axiom.co""#),
            vec![
                (
                    r#""attributes":null,"datasetName":"e""#,
                    json!({"datasetName": "e", "ingestUrl": "https://api.axiom.co"}),
                ),
                (r#""attributes":[],"ingestUrl":null"#, json!({"attributes": [], "ingestUrl": null})),
            ],
        ),
        (
            sentry,
            vec![
                (r#""dsn":null"#, json!({"tags": {"t": "v"}})),
                (r#""tags":{"u":"w"}"#, json!({"tags": {"u": "w"}})),
                (r#""tags":null"#, json!({"tags": null})),
            ],
        ),
        (
            post_hog,
            vec![
                (r#""serviceName":"z""#, json!({"host": "https://eu.example", "serviceName": "z"})),
                (r#""host":null,"serviceName":null"#, json!({"host": null, "serviceName": null})),
            ],
        ),
    ] {
        let id = create(&fake, body).await;
        let kind = serde_json::from_str::<Value>(body).unwrap()["logStreamType"].clone();
        for (change, expected) in steps {
            fake.log_streams_settled().await;
            let comma = if change.is_empty() { "" } else { "," };
            let update = format!(r#"{{"logStreamType":{kind}{comma}{change}}}"#);
            let response = post(&fake, &format!("update_log_stream/{id}"), &update).await;
            assert_eq!(response, (200, Value::Null), "{update}");
            let stream = read(&fake, &id).await;
            assert_eq!(stream["status"], json!({"type": "pending"}), "{update}");
            for (name, value) in expected.as_object().unwrap() {
                assert_eq!(&stream[name], value, "{name} after {update}");
            }
        }
        assert_eq!(post(&fake, &format!("delete_log_stream/{id}"), "").await, (200, Value::Null));
    }
}

#[tokio::test]
async fn rejected_updates_change_nothing() {
    let fake = builder().build();
    let id = create(&fake, WEBHOOK).await;
    let before = read(&fake, &id).await;
    for (case, body, expected) in [
        ("55", r#"{"logStreamType":"axiom"}"#, (400, "LogStreamTypeMismatch")),
        ("59", "{}", (400, "BadJsonBody")),
        ("url", r#"{"logStreamType":"webhook","url":"x","topics":[]}"#, (400, "InvalidWebhookUrl")),
        ("topics", r#"{"logStreamType":"webhook","format":"jsonl","topics":[]}"#, (400, "EmptyLogTopics")),
        (
            "plan",
            r#"{"logStreamType":"webhook","topics":["custom_audit"]}"#,
            (403, "CustomAuditLogsInLogStreamsNotEnabled"),
        ),
    ] {
        let response = post(&fake, &format!("update_log_stream/{id}"), body).await;
        assert_eq!(code(&response), expected, "{case}");
        let mut after = read(&fake, &id).await;
        after["status"] = before["status"].clone();
        assert_eq!(after, before, "{case}");
    }
    assert_eq!(fake.audit_log().len(), 1);
}

#[tokio::test]
async fn malformed_and_unknown_ids_are_rejected() {
    let fake = builder().build();
    let deleted = create(&fake, WEBHOOK).await;
    post(&fake, &format!("delete_log_stream/{deleted}"), "").await;
    for (case, id, expected) in [
        ("61", "xyz", (400, "InvalidLogStreamId")),
        ("61 upper case", "0400000000000000000000000000248".replace('0', "O").as_str(), (400, "InvalidLogStreamId")),
        ("61 of another table", "0400000000000000000000000000248", (404, "LogStreamDoesntExist")),
        ("62 deleted", &deleted, (404, "LogStreamDoesntExist")),
        ("112 one segment", "a%2Fb", (400, "InvalidLogStreamId")),
        ("not UTF-8", "%FF", (400, "BadPathArgs")),
    ] {
        for (operation, body) in [
            ("get_log_stream", None),
            ("update_log_stream", Some(r#"{"logStreamType":"axiom"}"#)),
            ("delete_log_stream", Some("")),
            ("rotate_webhook_secret", Some("{")),
        ] {
            let response = send(&fake, ADMIN, &format!("{operation}/{id}"), body).await;
            assert_eq!(code(&response), expected, "{case}: {operation}");
        }
    }
}

#[tokio::test]
async fn case_62_a_deleted_stream_is_listed_for_a_while() {
    let fake = builder().build();
    let id = create(&fake, WEBHOOK).await;
    assert_eq!(post(&fake, &format!("delete_log_stream/{id}"), "").await, (200, Value::Null));
    assert_eq!(list(&fake).await[0]["status"], json!({"type": "deleting"}));
    let second = create(&fake, WEBHOOK).await;
    assert_ne!(second, id);
    assert_eq!(list(&fake).await.len(), 2);
    fake.advance_clock(Duration::from_secs(10));
    assert_eq!(list(&fake).await.len(), 1);
    post(&fake, &format!("delete_log_stream/{second}"), "").await;
    fake.remove_deleted_log_streams();
    assert!(list(&fake).await.is_empty());
    let actions: Vec<_> = fake.audit_log().iter().map(|entry| entry.action).collect();
    let (create, delete) = ("create_integration", "delete_integration");
    assert_eq!(actions, [create, delete, create, delete]);
}

#[tokio::test]
async fn case_64_only_webhooks_have_a_secret() {
    let fake = builder().build();
    let (webhook, axiom) = (create(&fake, WEBHOOK).await, create(&fake, &axiom(0, "")).await);
    let before = read(&fake, &webhook).await;
    let (status, rotated) = post(&fake, &format!("rotate_webhook_secret/{webhook}"), "").await;
    let after = read(&fake, &webhook).await;
    assert_ne!(after["hmacSecret"], before["hmacSecret"]);
    assert_eq!((status, rotated), (200, json!({"logStreamType": "webhook", "hmacSecret": after["hmacSecret"]})));
    assert_eq!(fake.audit_log()[2].action, "update_integration");
    let response = post(&fake, &format!("rotate_webhook_secret/{axiom}"), "").await;
    assert_eq!(code(&response), (400, "NoSecretToRotate"));
}

#[tokio::test]
async fn case_65_a_plan_can_exclude_log_streams() {
    let fake = builder().plan(plan(json!({"logStreamingEnabled": false}))).build();
    let unknown = "0400000000000000000000000000248";
    for (path, body) in [
        ("create_log_stream".to_owned(), WEBHOOK.replace("https://", "")),
        (format!("update_log_stream/{unknown}"), r#"{"logStreamType":"webhook"}"#.to_owned()),
        (format!("delete_log_stream/{unknown}"), String::new()),
        (format!("rotate_webhook_secret/{unknown}"), String::new()),
    ] {
        assert_eq!(code(&post(&fake, &path, &body).await), (403, "LogStreamingNotEnabled"), "{path}");
        let rejected = send(&fake, READ_ONLY, &path, Some(&body)).await;
        assert_eq!(code(&rejected), (403, "OperationNotPermitted"), "{path}");
    }
    assert!(list(&fake).await.is_empty());
    let without = builder().plan(plan(json!({"customAuditLogsInLogStreamsConfigEnabled": false}))).build();
    let body = webhook(r#","topics":["custom_audit"]"#);
    let rejected = post(&without, "create_log_stream", &body).await;
    assert_eq!(code(&rejected), (403, "CustomAuditLogsInLogStreamsNotEnabled"));
    create(&builder().plan(plan(json!({}))).build(), &body).await;
}

#[tokio::test]
async fn a_key_that_acts_as_a_user_can_only_read() {
    let fake = builder().build();
    let id = create(&fake, WEBHOOK).await;
    let acting = format!("{ADMIN}:e30=");
    assert_eq!(send(&fake, &acting, "list_log_streams", None).await.0, 200);
    for (path, body) in [
        ("create_log_stream".to_owned(), axiom(0, "")),
        (format!("update_log_stream/{id}"), r#"{"logStreamType":"webhook"}"#.to_owned()),
        (format!("rotate_webhook_secret/{id}"), String::new()),
        (format!("delete_log_stream/{id}"), String::new()),
    ] {
        let response = send(&fake, &acting, &path, Some(&body)).await;
        assert_eq!(code(&response), (403, "SystemIdentityRequired"), "{path}");
    }
    assert_eq!(list(&fake).await.len(), 1);
}

#[tokio::test]
async fn knobs_set_the_limits() {
    let mut knobs = Knobs::default();
    (knobs.max_log_streams, knobs.max_axiom_attributes) = (1, 1);
    let fake = builder().knobs(knobs).build();
    let response = post(&fake, "create_log_stream", &axiom(2, "")).await;
    assert_eq!(code(&response), (500, "InternalServerError"));
    create(&fake, &axiom(1, "")).await;
    assert_eq!(code(&post(&fake, "create_log_stream", WEBHOOK).await), (400, "LogSinkQuotaExceeded"));
}

#[test]
fn streams_can_be_written_outside_of_a_runtime() {
    let fake = builder().build();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // An executor other than tokio's.
    let mut creation = std::pin::pin!(create(&fake, WEBHOOK));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(id) = creation.as_mut().poll(&mut context) else { panic!("creation does not wait") };
    let update = format!("update_log_stream/{id}");
    // The next write within a runtime starts the verification, also in a second runtime.
    for _ in 0..2 {
        runtime().block_on(async {
            let url = r#"{"logStreamType":"webhook","url":"ftp://example.com"}"#;
            assert_eq!(post(&fake, &update, url).await.0, 200);
            assert_eq!(read(&fake, &id).await["status"]["type"], "pending");
            fake.log_streams_settled().await;
            assert_eq!(read(&fake, &id).await["status"]["type"], "failed");
        });
    }
}

/// The real server makes three attempts at a write of a log stream before it fails with a write conflict.
#[tokio::test(start_paused = true)]
async fn overlapping_writes_lose_after_three_attempts() {
    let mut knobs = Knobs::default();
    knobs.commit_time = Duration::from_millis(20);
    let fake = builder().knobs(knobs).build();
    let together = async |path: &str, body: &'static str| {
        let mut writers = JoinSet::new();
        for _ in 0..8 {
            let (fake, path) = (fake.clone(), path.to_owned());
            writers.spawn(async move { post(&fake, &path, body).await });
        }
        let mut codes: Vec<_> =
            writers.join_all().await.iter().map(code).map(|(status, code)| (status, code.to_owned())).collect();
        codes.sort();
        codes
    };
    let lost = (503, "OptimisticConcurrencyControlFailure".to_owned());
    let created = together("create_log_stream", WEBHOOK).await;
    // A rejected request commits nothing, so the second attempts of all seven meet the new stream and none loses again.
    assert_eq!(created[0], (200, "-".to_owned()));
    let exists = (409, "LogStreamAlreadyExists".to_owned());
    assert!(created[1..].iter().all(|code| *code == exists), "{created:?}");
    let id = list(&fake).await[0]["id"].as_str().unwrap().to_owned();
    for (path, body) in [("update_log_stream", r#"{"logStreamType":"webhook"}"#), ("rotate_webhook_secret", "")] {
        let codes = together(&format!("{path}/{id}"), body).await;
        assert_eq!((&codes[2], &codes[3]), (&(200, "-".to_owned()), &lost), "{path}");
    }
    assert_eq!(fake.audit_log().len(), 7, "lost writes change nothing");
    let deleted = together(&format!("delete_log_stream/{id}"), "").await;
    assert_eq!(deleted[0], (200, "-".to_owned()));
    let missing = (404, "LogStreamDoesntExist".to_owned());
    assert!(deleted[1..].iter().all(|code| *code == missing), "{deleted:?}");
}
