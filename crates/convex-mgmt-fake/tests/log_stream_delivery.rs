//! The deliveries to webhooks, as a receiver on a loopback port sees them.

mod receiver;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_fake::{DeliveryQuirk, Fake, FunctionExecution, Knobs, Plan, webhook_signature};
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

use receiver::{Received, Receiver};

/// Settings under which the timer does not fire during a test and retries have no backoff.
fn knobs() -> Knobs {
    let mut knobs = Knobs::default();
    knobs.webhook_flush_interval = Duration::from_secs(3600);
    knobs.webhook_backoff = (Duration::ZERO, Duration::ZERO);
    knobs
}

fn fake(knobs: Knobs) -> Fake {
    Fake::builder("happy-animal-123").admin_key("happy-animal-123|01ab").knobs(knobs).build()
}

async fn send(fake: &Fake, method: &str, path: &str, body: Value) -> Value {
    let request = Request::builder().method(method).uri(format!("/api/v1/{path}"));
    let request = request.header("authorization", "Convex happy-animal-123|01ab");
    let request = request.header("content-type", "application/json").body(Bytes::from(body.to_string())).unwrap();
    let response = fake.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200, "{response:?}");
    serde_json::from_slice(response.body()).unwrap_or_default()
}

/// Creates a webhook and returns its id and secret.
async fn create(fake: &Fake, url: &str, format: &str, topics: Value) -> (String, String) {
    let body = json!({"logStreamType": "webhook", "url": url, "format": format, "topics": topics});
    let created = send(fake, "POST", "create_log_stream", body).await;
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    (text("id"), text("hmacSecret"))
}

async fn status(fake: &Fake, id: &str) -> Value {
    fake.log_streams_settled().await;
    send(fake, "GET", &format!("get_log_stream/{id}"), Value::Null).await["status"].clone()
}

fn active() -> Value {
    json!({"type": "active"})
}

fn is_signed_with(secret: &str, received: &Received) -> bool {
    received.header("x-webhook-signature") == webhook_signature(secret, &received.body)
}

fn topics(received: &Received) -> Vec<Value> {
    received.events().iter().map(|event| event["topic"].clone()).collect()
}

#[tokio::test]
async fn a_new_stream_is_verified_before_its_first_batch() {
    let mut receiver = Receiver::start([], []).await;
    let fake = fake(knobs());
    let (id, secret) = create(&fake, &format!("{}?a=b#c", receiver.url()), "json", json!(["console"])).await;
    let received = receiver.next().await;
    assert_eq!(received.target, "/hook?a=b");
    let host = format!("127.0.0.1:{}", receiver.port);
    let signature = webhook_signature(&secret, &received.body);
    let expected = [
        ("content-type", "application/json"),
        ("x-webhook-signature", &signature),
        ("accept", "*/*"),
        ("user-agent", "Convex/1.0"),
        ("accept-encoding", "gzip"),
        ("host", &host),
        ("transfer-encoding", "chunked"),
    ];
    assert_eq!(received.headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let events = received.events();
    let convex = json!({
        "deployment_name": "happy-animal-123",
        "deployment_type": null,
        "deployment_ref": null,
        "project_name": null,
        "project_slug": null,
        "deployment_region": "local",
    });
    let expected = json!([{
        "timestamp": events[0]["timestamp"],
        "topic": "verification",
        "message": "Convex connection test",
        "convex": convex,
    }]);
    assert_eq!(Value::from(events), expected);
    assert!(expected[0]["timestamp"].as_u64().is_some_and(|timestamp| timestamp > 1_600_000_000_000));
    assert_eq!(status(&fake, &id).await, active());
}

#[tokio::test]
async fn case_109_jsonl_has_the_content_type_of_json() {
    let mut receiver = Receiver::start([], []).await;
    let fake = fake(knobs());
    let (id, secret) = create(&fake, &receiver.url(), "jsonl", json!(["audit_log", "console"])).await;
    assert_eq!(status(&fake, &id).await, active());
    fake.emit("console", json!({"message": "line\nbreak", "timestamp": 5}));
    fake.emit("function_execution", json!({}));
    fake.flush_log_streams().await;
    assert!(receiver.next().await.is_verification());
    let batch = receiver.next().await;
    assert_eq!(batch.header("content-type"), "application/json");
    assert!(is_signed_with(&secret, &batch) && !is_signed_with("", &batch));
    let text = String::from_utf8(batch.body.to_vec()).unwrap();
    let lines: Vec<Value> = text.split('\n').map(|line| serde_json::from_str(line).unwrap()).collect();
    // The first batch has the events from just before the creation of the stream.
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0]["audit_log_action"], "create_integration");
    let metadata = format!(r#"{{"id":"{id}","type":"webhook"}}"#);
    assert_eq!(lines[0]["audit_log_metadata"], metadata);
    assert_eq!(lines[1]["timestamp"], 5);
    assert_eq!(lines[1]["message"], "line\nbreak");
    fake.flush_log_streams().await;
    assert!(receiver.so_far().is_empty(), "no event is sent twice");
}

#[tokio::test]
async fn events_contain_the_plan() {
    let mut receiver = Receiver::start([], []).await;
    let plan: Plan = serde_json::from_value(json!({
        "deploymentType": "prod",
        "reference": "production",
        "projectName": "Shop",
        "projectSlug": "shop",
    }))
    .unwrap();
    let builder = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01ab").knobs(knobs());
    let fake = builder.plan(plan).build();
    create(&fake, &receiver.url(), "json", Value::Null).await;
    let convex = receiver.next().await.events()[0]["convex"].clone();
    assert_eq!(convex["deployment_type"], "prod");
    assert_eq!(convex["deployment_ref"], "production");
    assert_eq!(convex["project_name"], "Shop");
    assert_eq!(convex["project_slug"], "shop");
}

#[tokio::test]
async fn a_batch_has_at_most_128_events() {
    let mut receiver = Receiver::start([], []).await;
    let fake = fake(knobs());
    let (id, _) = create(&fake, &receiver.url(), "json", json!(["console"])).await;
    assert_eq!(status(&fake, &id).await, active());
    for number in 0..308 {
        fake.emit("console", json!({"message": number}));
    }
    fake.flush_log_streams().await;
    assert!(receiver.next().await.is_verification());
    let mut numbers = Vec::new();
    for size in [128, 128, 52] {
        let events = receiver.next().await.events();
        assert_eq!(events.len(), size);
        numbers.extend(events.iter().map(|event| event["message"].as_u64().unwrap()));
    }
    assert!(numbers.into_iter().eq(0..308));
    assert!(receiver.so_far().is_empty());
}

#[tokio::test]
async fn retryable_statuses_are_retried() {
    for code in [500, 503, 408, 421, 425, 429] {
        let mut receiver = Receiver::start([code, code], [code; 5]).await;
        let fake = fake(knobs());
        let (id, _) = create(&fake, &receiver.url(), "json", json!(["console"])).await;
        assert_eq!(status(&fake, &id).await, active(), "{code}");
        fake.emit("console", json!({}));
        fake.flush_log_streams().await;
        let received = receiver.so_far();
        assert_eq!(received.len(), 3 + 6, "{code}");
        for same in [&received[..3], &received[3..]] {
            assert!(same.iter().all(|one| one.body == same[0].body && one.headers == same[0].headers), "{code}");
        }
        assert_eq!(received.last().unwrap().status, 200);
    }
}

#[tokio::test]
async fn batches_arrive_twice_late_or_never_on_request() {
    let mut receiver = Receiver::start([], []).await;
    let fake = fake(knobs());
    let (id, secret) = create(&fake, &receiver.url(), "json", json!(["console"])).await;
    assert_eq!(status(&fake, &id).await, active());
    fake.delivery_quirk(DeliveryQuirk::Normal, 1);
    for quirk in [DeliveryQuirk::Late, DeliveryQuirk::Twice, DeliveryQuirk::Never] {
        fake.delivery_quirk(quirk, 1);
    }
    for number in 1..=5 {
        fake.emit("console", json!({ "message": number }));
        fake.flush_log_streams().await;
    }
    let mut received = receiver.so_far();
    assert!(received.remove(0).is_verification());
    let numbers: Vec<_> = received.iter().map(|one| one.events()[0]["message"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 3, 3, 2, 5]);
    assert!(received.iter().all(|one| is_signed_with(&secret, one)));
    assert_eq!((&received[1].body, &received[1].headers), (&received[2].body, &received[2].headers));

    // The late batch keeps the signature that it had.
    fake.delivery_quirk(DeliveryQuirk::Late, 1);
    fake.emit("console", json!({"message": 6}));
    fake.flush_log_streams().await;
    send(&fake, "POST", &format!("rotate_webhook_secret/{id}"), Value::Null).await;
    fake.restart_log_streams();
    fake.flush_log_streams().await;
    assert!(receiver.so_far().is_empty(), "a restart loses it");
}

#[tokio::test]
async fn function_events_have_the_fields_of_the_real_server() {
    let mut receiver = Receiver::start([], []).await;
    let fake = fake(knobs());
    let (id, _) = create(&fake, &receiver.url(), "json", json!(["function_execution"])).await;
    assert_eq!(status(&fake, &id).await, active());
    fake.emit_function(FunctionExecution::query("a:q").cached().usage("database_read_bytes", 7).time(30));
    fake.emit_function(FunctionExecution::mutation("a:m").component("shop/cart").fails("no"));
    fake.emit_function(FunctionExecution::action("a:a").time(9).scheduled("job"));
    fake.emit_function(
        FunctionExecution::mutation("a:m").lost_write_conflict("items", "id", 2).field("more", json!(1)),
    );
    fake.flush_log_streams().await;
    receiver.next().await;
    let events = receiver.next().await.events();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let list = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
    let all = list(
        "timestamp topic convex function execution_time_ms user_execution_time_ms status error_message occ_info \
         will_retry scheduler_info run_reason usage",
    );
    let usage = list(
        "database_read_bytes database_write_bytes database_io_read_bytes database_io_write_bytes \
         database_read_documents database_write_documents file_storage_read_bytes file_storage_write_bytes \
         vector_storage_read_bytes vector_storage_write_bytes text_search_query_bytes text_search_write_query_bytes \
         vector_search_query_bytes vector_search_write_query_bytes network_egress_bytes memory_used_mb \
         action_memory_used_mb audit_log_egress_bytes function_args_bytes function_returns_bytes",
    );
    let function = list("path type cached request_id mutation_queue_length mutation_retry_count");
    for event in &events[..3] {
        assert_eq!((keys(event), keys(&event["usage"])), (all.clone(), usage.clone()));
    }
    let [query, failed, action, conflict] = &events[..] else { panic!("{events:?}") };
    assert_eq!(keys(&query["function"]), function, "the root component has no path");
    assert_eq!((&query["usage"]["database_read_bytes"], &query["user_execution_time_ms"]), (&json!(7), &json!(30)));
    assert_eq!((&query["function"]["cached"], &query["usage"]["action_memory_used_mb"]), (&json!(true), &Value::Null));
    assert_eq!((&failed["status"], &failed["error_message"]), (&json!("failure"), &json!("no\n")));
    assert_eq!(failed["function"]["component_path"], "shop/cart");
    assert_eq!(
        (&failed["function"]["cached"], &failed["usage"]["function_returns_bytes"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!((&action["user_execution_time_ms"], &action["execution_time_ms"]), (&Value::Null, &json!(9)));
    assert_eq!((&action["scheduler_info"], &action["run_reason"]), (&json!({"job_id": "job"}), &json!("scheduler")));
    assert_eq!((&conflict["will_retry"], &conflict["more"]), (&json!(true), &json!(1)));
    assert_eq!(keys(&conflict["occ_info"]), list("table_name document_id write_source component_path retry_count"));
}

#[tokio::test]
async fn made_up_traffic_repeats_with_its_seed_and_has_all_its_topics() {
    let mut receiver = Receiver::start([], []).await;
    let fake = fake(knobs());
    let (id, _) = create(&fake, &receiver.url(), "jsonl", Value::Null).await;
    assert_eq!(status(&fake, &id).await, active());
    // The event about the creation of the stream.
    fake.flush_log_streams().await;
    receiver.so_far();
    let mut emitted = Vec::new();
    for seed in [1, 1, 2] {
        fake.emit_traffic(120, seed);
        fake.flush_log_streams().await;
        let mut events = receiver.next().await.events();
        for event in &mut events {
            event["timestamp"].take();
        }
        emitted.push(events);
    }
    assert!(emitted[0] == emitted[1] && emitted[0] != emitted[2]);
    let topics: BTreeSet<_> = emitted[0].iter().map(|event| event["topic"].as_str().unwrap()).collect();
    let expected = [
        "concurrency_stats",
        "console",
        "current_storage_usage",
        "function_execution",
        "log_stream_egress",
        "storage_api_bandwidth",
    ];
    assert_eq!(topics, expected.into());
}

#[tokio::test]
async fn redirects_and_empty_successes_count_as_accepted() {
    let mut receiver = Receiver::start([302], [204]).await;
    let fake = fake(knobs());
    let (id, _) = create(&fake, &receiver.url(), "json", json!(["console"])).await;
    assert_eq!(status(&fake, &id).await, active());
    fake.emit("console", json!({}));
    fake.flush_log_streams().await;
    assert_eq!(receiver.so_far().len(), 2);
}

#[tokio::test]
async fn a_batch_that_is_rejected_or_never_accepted_is_dropped() {
    for (code, attempts) in [(400, 1), (404, 1), (503, 6)] {
        let mut receiver = Receiver::start([], [code; 6]).await;
        let fake = fake(knobs());
        let (id, _) = create(&fake, &receiver.url(), "json", json!(["console"])).await;
        assert_eq!(status(&fake, &id).await, active());
        fake.emit("console", json!({}));
        fake.flush_log_streams().await;
        assert_eq!(receiver.so_far().len(), 1 + attempts, "{code}");
        fake.flush_log_streams().await;
        assert!(receiver.so_far().is_empty(), "{code}");
        assert_eq!(status(&fake, &id).await, active(), "{code}");
    }
}

#[tokio::test]
async fn case_110_a_failed_stream_stays_failed_until_it_is_updated() {
    for (statuses, attempts) in [(vec![400], 1), (vec![404], 1), (vec![503; 3], 3)] {
        let mut receiver = Receiver::start(statuses.clone(), []).await;
        let fake = fake(knobs());
        let (id, _) = create(&fake, &receiver.url(), "json", json!(["console"])).await;
        let failed = status(&fake, &id).await;
        assert_eq!(failed["type"], "failed");
        assert!(failed["reason"].as_str().unwrap().contains(&statuses[0].to_string()), "{failed}");
        fake.emit("console", json!({}));
        fake.flush_log_streams().await;
        assert_eq!(receiver.so_far().len(), attempts, "a failed stream gets no batches");
        send(&fake, "POST", &format!("update_log_stream/{id}"), json!({"logStreamType": "webhook"})).await;
        assert_eq!(status(&fake, &id).await, active());
        fake.flush_log_streams().await;
        assert_eq!(receiver.so_far().len(), 1, "the earlier event is not delivered");
    }
}

#[tokio::test]
async fn a_stream_with_an_unreachable_webhook_fails() {
    for url in ["http://127.0.0.1:9/", "https://127.0.0.1:9/", "mailto:someone@example.com"] {
        let fake = fake(knobs());
        let (id, _) = create(&fake, url, "json", Value::Null).await;
        let status = status(&fake, &id).await;
        assert_eq!(status["type"], "failed", "{url}");
        assert!(status["reason"].as_str().unwrap().contains(url), "{status}");
    }
}

#[tokio::test]
async fn a_rotated_secret_is_used_from_the_next_update_on() {
    let mut receiver = Receiver::start([], []).await;
    let fake = fake(knobs());
    let (id, old) = create(&fake, &receiver.url(), "json", json!(["console"])).await;
    assert_eq!(status(&fake, &id).await, active());
    let rotated = send(&fake, "POST", &format!("rotate_webhook_secret/{id}"), Value::Null).await;
    let new = rotated["hmacSecret"].as_str().unwrap();
    assert_eq!(status(&fake, &id).await, active());
    let batch = || async {
        fake.emit("console", json!({}));
        fake.flush_log_streams().await;
    };
    batch().await;
    send(&fake, "POST", &format!("update_log_stream/{id}"), json!({"logStreamType": "webhook"})).await;
    assert_eq!(status(&fake, &id).await, active());
    batch().await;
    let secrets: Vec<_> = receiver.so_far().iter().map(|one| is_signed_with(new, one)).collect();
    assert_eq!(secrets, [false, false, true, true]);

    send(&fake, "POST", &format!("rotate_webhook_secret/{id}"), Value::Null).await;
    fake.restart_log_streams();
    batch().await;
    let after_restart = receiver.next().await;
    assert!(!is_signed_with(new, &after_restart) && !is_signed_with(&old, &after_restart));
}

#[tokio::test]
async fn each_stream_gets_the_events_of_its_topics() {
    let mut receiver = Receiver::start([], []).await;
    let fake = fake(knobs());
    fake.emit("console", json!({"message": "before the first stream"}));
    let (id, _) = create(&fake, &receiver.url(), "json", Value::Null).await;
    assert_eq!(status(&fake, &id).await, active());
    for topic in ["custom_audit", "exception", "of_the_future"] {
        fake.emit(topic, json!({}));
    }
    fake.flush_log_streams().await;
    receiver.next().await;
    assert_eq!(topics(&receiver.next().await), ["console", "audit_log", "of_the_future"]);
    send(&fake, "POST", &format!("delete_log_stream/{id}"), Value::Null).await;
    fake.emit("console", json!({}));
    fake.flush_log_streams().await;
    assert!(receiver.so_far().is_empty(), "a deleted stream gets nothing");
}

#[tokio::test]
async fn events_from_long_before_the_first_stream_are_not_delivered() {
    let mut receiver = Receiver::start([], []).await;
    let fake = fake(knobs());
    fake.emit("console", json!({}));
    fake.advance_clock(Duration::from_secs(7200));
    let (id, _) = create(&fake, &receiver.url(), "json", json!(["console"])).await;
    assert_eq!(status(&fake, &id).await, active());
    fake.flush_log_streams().await;
    assert_eq!(receiver.so_far().len(), 1);
}

#[tokio::test]
async fn the_timer_and_a_full_buffer_trigger_a_delivery() {
    let mut receiver = Receiver::start([], []).await;
    let mut often = knobs();
    often.webhook_flush_interval = Duration::from_millis(20);
    let fake = fake(often);
    let (id, _) = create(&fake, &receiver.url(), "json", json!(["console"])).await;
    assert_eq!(status(&fake, &id).await, active());
    receiver.next().await;
    fake.emit("console", json!({"message": 1}));
    assert_eq!(receiver.next().await.events()[0]["message"], 1);

    let fake = self::fake(knobs());
    let (id, _) = create(&fake, &receiver.url(), "json", json!(["console"])).await;
    assert_eq!(status(&fake, &id).await, active());
    receiver.next().await;
    for number in 0..4096 {
        fake.emit("console", json!({"message": number}));
    }
    for _ in 0..32 {
        assert_eq!(receiver.next().await.events().len(), 128);
    }
}

#[test]
fn the_timer_outlives_the_runtime_that_it_started_in() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut often = knobs();
    often.webhook_flush_interval = Duration::from_millis(20);
    let fake = fake(often);
    let (id, _) = runtime().block_on(create(&fake, "http://127.0.0.1:9/", "json", json!(["console"])));
    runtime().block_on(async {
        let mut receiver = Receiver::start([], []).await;
        let change = json!({"logStreamType": "webhook", "url": receiver.url()});
        send(&fake, "POST", &format!("update_log_stream/{id}"), change).await;
        assert_eq!(status(&fake, &id).await, active());
        assert!(receiver.next().await.is_verification());
        fake.emit("console", json!({"message": 1}));
        assert_eq!(receiver.next().await.events()[0]["message"], 1);
    });
}
