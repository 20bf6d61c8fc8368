//! Tests of the meter: sums against another way to add, repeats, merges, the horizon, and the stored form.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::engines::webhook::event::FunctionType;
use crate::engines::webhook::{self, FunctionId};

/// The counters of `usage` that are always present.
const COUNTERS: [&str; 16] = [
    "database_read_bytes",
    "database_write_bytes",
    "database_io_read_bytes",
    "database_io_write_bytes",
    "database_read_documents",
    "database_write_documents",
    "file_storage_read_bytes",
    "file_storage_write_bytes",
    "vector_storage_read_bytes",
    "vector_storage_write_bytes",
    "text_search_query_bytes",
    "text_search_write_query_bytes",
    "vector_search_query_bytes",
    "vector_search_write_query_bytes",
    "network_egress_bytes",
    "audit_log_egress_bytes",
];

const OPTIONAL: [&str; 2] = ["function_args_bytes", "function_returns_bytes"];

fn convex(deployment: &str) -> Value {
    json!({"deployment_name": deployment, "deployment_type": null, "deployment_ref": null,
        "project_name": null, "project_slug": null, "deployment_region": "local"})
}

/// An execution. `number` is the value of the first counter, and each further counter is one more.
fn execution(deployment: &str, component: Option<&str>, path: &str, function_type: &str, number: u64) -> Value {
    let is_action = function_type == "action";
    let mut usage = json!({"memory_used_mb": 64, "action_memory_used_mb": is_action.then_some(number % 512)});
    for (counter, name) in (number..).zip(COUNTERS) {
        usage[name] = counter.into();
    }
    for name in OPTIONAL {
        usage[name] = (!number.is_multiple_of(3)).then_some(number).into();
    }
    let status = ["success", "failure", "abandoned"][number as usize % 3];
    let mut function = json!({"path": path, "type": function_type, "request_id": "r",
        "cached": (function_type == "query").then_some(number.is_multiple_of(2)),
        "mutation_queue_length": null, "mutation_retry_count": null});
    if let Some(component) = component {
        function["component_path"] = component.into();
    }
    json!({"timestamp": 1000 + number % 10, "topic": "function_execution", "function": function,
        "execution_time_ms": number % 1000, "user_execution_time_ms": (!number.is_multiple_of(5)).then_some(number % 900),
        "status": status, "error_message": null, "occ_info": null,
        "will_retry": false, "scheduler_info": null, "run_reason": "httpApi", "usage": usage,
        "convex": convex(deployment)})
}

fn egress(deployment: &str, topic: &str, bytes: u64) -> Value {
    json!({"timestamp": 1, "topic": topic, "storage_id": "kg2", "egress_bytes": bytes, "convex": convex(deployment)})
}

fn storage(deployment: &str, timestamp: u64, bytes: u64) -> Value {
    json!({"timestamp": timestamp, "topic": "current_storage_usage", "total_document_size_bytes": bytes,
        "total_index_size_bytes": 2, "total_vector_storage_bytes": 3, "total_text_storage_bytes": 4,
        "total_file_storage_bytes": 5, "total_backup_storage_bytes": 6,
        "total_system_table_document_size_bytes": {"_storage": 7}, "convex": convex(deployment)})
}

/// A delivery: the body with its digest.
fn delivery(events: &[Value]) -> (BatchDigest, Batch) {
    let body = Bytes::from(serde_json::to_string(events).unwrap());
    (BatchDigest::of(&body), webhook::read(&body).unwrap())
}

/// Sums by `deployment/component/path/type/counter`, without zeros.
type Sums = BTreeMap<String, u128>;

/// Adds up events by their JSON.
fn expected(batches: &[Vec<Value>]) -> (Sums, BTreeMap<String, (i64, u64)>) {
    let (mut sums, mut readings) = (Sums::new(), BTreeMap::new());
    for event in batches.iter().flatten() {
        let name = event["convex"]["deployment_name"].as_str().unwrap_or_default();
        let mut add = |key: String, number: u64| *sums.entry(key).or_default() += u128::from(number);
        match event["topic"].as_str() {
            Some("function_execution") => {
                let function = &event["function"];
                let component = function["component_path"].as_str().unwrap_or_default();
                let (path, kind) = (function["path"].as_str().unwrap(), function["type"].as_str().unwrap());
                let mut add =
                    |counter: &str, number: u64| add(format!("{name}/{component}/{path}/{kind}/{counter}"), number);
                add("calls", 1);
                add("successes", u64::from(event["status"] == "success"));
                add("failures", u64::from(event["status"] == "failure"));
                add("cached_calls", u64::from(function["cached"] == true));
                let duration = event["execution_time_ms"].as_u64().unwrap();
                add("execution_time_ms", duration);
                add("user_execution_time_ms", event["user_execution_time_ms"].as_u64().unwrap_or_default());
                let usage = &event["usage"];
                add("action_memory_mb_ms", duration * usage["action_memory_used_mb"].as_u64().unwrap_or_default());
                for counter in COUNTERS.iter().chain(&OPTIONAL) {
                    add(counter, usage[counter].as_u64().unwrap_or_default());
                }
            }
            Some("storage_api_bandwidth") => {
                add(format!("{name}/storage_api_egress_bytes"), event["egress_bytes"].as_u64().unwrap());
            }
            Some("log_stream_egress") => {
                add(format!("{name}/log_stream_egress_bytes"), event["egress_bytes"].as_u64().unwrap());
            }
            Some("current_storage_usage") => {
                let bytes = event["total_document_size_bytes"].as_u64().unwrap();
                let reading = (event["timestamp"].as_i64().unwrap(), bytes);
                let newest = readings.entry(name.to_owned()).or_insert(reading);
                *newest = reading.max(*newest);
            }
            _ => {}
        }
    }
    sums.retain(|_, sum| *sum > 0);
    (sums, readings)
}

/// The sums of a meter, in the same form.
fn metered(usage: &MeteredUsage) -> (Sums, BTreeMap<String, (i64, u64)>) {
    let (mut sums, mut readings) = (Sums::new(), BTreeMap::new());
    for (FunctionId { deployment, component, path, function_type }, usage) in &usage.functions {
        let prefix = format!("{deployment}/{component}/{path}/{function_type}");
        sums.extend(usage.counters().map(|(name, sum)| (format!("{prefix}/{name}"), sum)));
    }
    for (deployment, usage) in &usage.deployments {
        sums.extend(usage.counters().map(|(name, sum)| (format!("{deployment}/{name}"), sum)));
        let reading = usage.storage.as_ref().map(|storage| (storage.timestamp.0, storage.document_bytes));
        readings.extend(reading.map(|reading| (deployment.clone(), reading)));
    }
    sums.retain(|_, sum| *sum > 0);
    (sums, readings)
}

fn restored(meter: &Meter) -> Meter {
    serde_json::from_str(&serde_json::to_string(meter).unwrap()).unwrap()
}

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

fn after(seconds: i64) -> UnixMillis {
    UnixMillis(NOW.0 + 1000 * seconds)
}

#[test]
fn counts_every_counter_of_an_execution() {
    let events = vec![
        execution("a", None, "messages:list", "query", 1_000_000),
        execution("a", Some("shop/cart"), "messages:list", "action", 700),
        execution("b", None, "messages:list", "query", 30),
        egress("a", "storage_api_bandwidth", 600),
        egress("b", "log_stream_egress", u64::MAX),
        egress("b", "log_stream_egress", u64::MAX),
        storage("a", 5, 1),
        storage("a", 4, 2),
        json!({"timestamp": 1, "topic": "of_next_year", "egress_bytes": 3, "convex": convex("a")}),
        json!({"timestamp": 1, "topic": "log_stream_egress", "convex": convex("a")}),
    ];
    let (digest, batch) = delivery(&events);
    let mut meter = Meter::default();
    assert!(meter.record(digest, &batch, NOW));
    let usage = meter.usage();
    assert_eq!(metered(&usage), {
        let mut readable = events;
        readable.pop();
        expected(&[readable])
    });
    let counts = usage.deliveries;
    assert_eq!((counts.batches, counts.events, counts.unread_events), (1, 10, 1));
    // More than 64 bits.
    assert_eq!(usage.deployments["b"].log_stream_egress_bytes, 2 * u128::from(u64::MAX));
    let action = usage.functions.iter().find(|(id, _)| id.function_type == FunctionType::Action).unwrap();
    assert_eq!((action.0.component.as_str(), action.1.action_memory_mb_ms), ("shop/cart", 188 * 700));
    assert_eq!(usage.functions_of("a").calls, 2);
    assert_eq!(metered(&restored(&meter).usage()), metered(&usage));
}

#[test]
fn a_batch_counts_once_within_the_horizon_and_again_after_it() {
    let (digest, batch) = delivery(&[egress("a", "log_stream_egress", 5)]);
    let mut meter = Meter::new(Duration::from_secs(600), 10);
    let counted = [0, 1, 600, 601].map(|seconds| meter.record(digest, &batch, after(seconds)));
    assert_eq!(counted, [true, false, false, true]);
    assert_eq!(meter.usage().deployments["a"].log_stream_egress_bytes, 10);
    assert!(meter.contains(&digest, after(700)) && !meter.contains(&digest, after(1300)));
}

#[test]
fn the_capacity_bounds_the_recent_batches_and_keeps_the_sums() {
    let mut meter = Meter::new(DEFAULT_HORIZON, 3);
    for number in 0..10 {
        let (digest, batch) = delivery(&[egress("a", "log_stream_egress", 1 << number)]);
        assert!(meter.record(digest, &batch, after(number)));
        assert!(meter.recent.len() <= 3 && meter.recent.times().count() == meter.recent.len());
    }
    assert_eq!(meter.usage().deployments["a"].log_stream_egress_bytes, 1023);
    meter.set_limits(DEFAULT_HORIZON, 0);
    let (digest, batch) = delivery(&[egress("a", "log_stream_egress", 1024)]);
    meter.record(digest, &batch, after(10));
    assert_eq!((meter.recent.len(), meter.usage().deployments["a"].log_stream_egress_bytes), (0, 2047));
}

#[test]
fn a_collector_may_merge_recent_batches_again() {
    let (first, second) =
        (delivery(&[egress("a", "log_stream_egress", 1)]), delivery(&[egress("a", "log_stream_egress", 2)]));
    let mut receiver = Meter::new(Duration::from_secs(600), 10);
    let mut collector = Meter::new(Duration::from_secs(3600), 10);
    receiver.record(first.0, &first.1, after(0));
    (0..2).for_each(|_| collector.merge(&receiver.recent(after(300))));
    receiver.record(second.0, &second.1, after(700));
    // The first batch is beyond the receiver's horizon, and the collector has it.
    assert_eq!(receiver.total.deliveries.batches, 1);
    (0..2).for_each(|_| collector.merge(&receiver.recent(after(900))));
    assert_eq!(collector.usage(), receiver.usage());
    // The receiver received no further batch. The first one is not offered again, whatever the collector still knows.
    assert_eq!(receiver.recent(after(2000)).usage(), MeteredUsage::default());
}

#[test]
fn a_collector_that_settles_keeps_the_batches_of_its_horizon_only() {
    let mut receiver = Meter::new(Duration::from_secs(600), 10);
    let mut collector = Meter::new(Duration::from_secs(1800), 20);
    for (number, round) in (1..=100).zip(0..) {
        let now = after(300 * round);
        let (digest, batch) = delivery(&[egress("a", "log_stream_egress", number)]);
        receiver.record(digest, &batch, now);
        for _ in 0..2 {
            collector.merge(&receiver.recent(now));
            collector.settle(now);
        }
        assert!(collector.recent.len() <= 7 && collector.recent.times().count() == collector.recent.len());
    }
    assert_eq!(collector.usage().deployments["a"].log_stream_egress_bytes, 5050);
    assert_eq!(collector.usage(), receiver.usage());
    collector.set_limits(DEFAULT_HORIZON, 2);
    collector.settle(after(30_000));
    assert_eq!((collector.recent.len(), collector.usage()), (2, receiver.usage()));
}

#[test]
fn usage_is_written_as_rows_with_exact_integers() {
    let (digest, batch) = delivery(&[egress("a", "log_stream_egress", u64::MAX), egress("a", "log_stream_egress", 1)]);
    let mut meter = Meter::default();
    meter.record(digest, &batch, NOW);
    let (digest, batch) = delivery(&[execution("a", Some("c"), "m:l", "mutation", 1)]);
    meter.record(digest, &batch, NOW);
    let json = serde_json::to_string(&meter.usage()).unwrap();
    assert!(json.contains(r#"{"deployment":"a","log_stream_egress_bytes":18446744073709551616}"#), "{json}");
    let row = r#"{"deployment":"a","component":"c","path":"m:l","type":"mutation","calls":1,"failures":1,"#;
    assert!(json.contains(row), "{json}");
    assert!(json.starts_with(r#"{"deliveries":{"batches":2,"events":3,"unread_events":0},"deployments":[{"#), "{json}");
}

#[test]
fn a_stored_meter_of_another_form_is_an_error_that_names_it() {
    let (digest, batch) = delivery(&[execution("a", None, "m:l", "mutation", 1), storage("a", 1, 2)]);
    let mut meter = Meter::default();
    meter.record(digest, &batch, NOW);
    let json = serde_json::to_string(&meter).unwrap();
    assert_eq!(restored(&meter), meter);
    let error = |from: &str, to: &str| {
        assert!(json.contains(from), "{from} is not in {json}");
        serde_json::from_str::<Meter>(&json.replacen(from, to, 1)).unwrap_err().to_string()
    };
    assert!(
        error("[1,", "[2,").starts_with("the meter has version 2, and this library reads up to 1: update the library")
    );
    assert!(error("[1,", "[2,7,").starts_with("the meter has version 2"));
    assert!(error("\"calls\"", "\"new_counter\"").starts_with("unknown field `new_counter`"));
    assert!(error("\"calls\":1", "\"calls\":-1").starts_with("number out of range"));
    assert!(error(&digest.to_string(), "abc").starts_with("a batch digest has 64"));
    assert!(serde_json::from_str::<Meter>(&json[..json.len() - 1]).is_err());
    assert!(serde_json::from_str::<Meter>("{}").is_err());
}

#[test]
fn sums_of_a_damaged_file_do_not_overflow() {
    let (digest, batch) = delivery(&[egress("a", "log_stream_egress", 5)]);
    let mut meter = Meter::default();
    meter.record(digest, &batch, NOW);
    let json = serde_json::to_string(&meter)
        .unwrap()
        .replace("\"log_stream_egress_bytes\":5", &format!("\"log_stream_egress_bytes\":{}", u128::MAX));
    let mut meter: Meter = serde_json::from_str(&json).unwrap();
    let (digest, batch) = delivery(&[egress("a", "log_stream_egress", 6)]);
    meter.record(digest, &batch, NOW);
    assert_eq!(meter.usage().deployments["a"].log_stream_egress_bytes, u128::MAX);
}

fn any_event() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec!["a", "b"]);
    let component = prop::option::of(prop::sample::select(vec!["c", "c/d"]));
    let path = prop::sample::select(vec!["m:l", "m:s", "n"]);
    let kind = prop::sample::select(vec!["query", "mutation", "action", "http_action", "workflow"]);
    let number = prop_oneof![0..100_u64, any::<u32>().prop_map(u64::from)];
    let function = (name.clone(), component, path, kind, number.clone())
        .prop_map(|(name, component, path, kind, number)| execution(name, component, path, kind, number));
    let topics = prop::sample::select(vec!["log_stream_egress", "storage_api_bandwidth", "of_next_year"]);
    prop_oneof![
        4 => function,
        2 => (name.clone(), topics, number).prop_map(|(name, topic, bytes)| egress(name, topic, bytes)),
        1 => (name, 0..9_u64, 0..9_u64).prop_map(|(name, time, bytes)| storage(name, time, bytes)),
    ]
}

/// Batches, each with events of its own: the first one contains a number that is unique.
fn any_batches() -> impl Strategy<Value = Vec<Vec<Value>>> {
    proptest::collection::vec(proptest::collection::vec(any_event(), 0..6), 1..8).prop_map(|mut batches| {
        for (number, batch) in (1_u64..).zip(&mut batches) {
            batch.insert(0, egress("numbers", "log_stream_egress", number));
        }
        batches
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Each delivery arrives at a random receiver, some several times. The meters are stored, restored and merged between.
    #[test]
    fn the_sums_are_those_of_distinct_batches_in_any_order_with_any_repeats_and_merges(
        batches in any_batches(),
        steps in proptest::collection::vec((any::<prop::sample::Index>(), 0..3_usize, 0..600_i64, 0..6_u8), 0..30),
    ) {
        let deliveries: Vec<_> = batches.iter().map(|events| delivery(events)).collect();
        let mut meters = [Meter::default(), Meter::default(), Meter::default()];
        let first = (0..batches.len()).map(|at| (at, at % 3, 0, 0));
        let more = steps.iter().map(|(at, meter, time, action)| (at.index(batches.len()), *meter, *time, *action));
        for (at, meter, time, action) in more.chain(first) {
            meters[meter].record(deliveries[at].0, &deliveries[at].1, after(time));
            match action {
                0 => meters[meter] = restored(&meters[meter]),
                1 => {
                    let other = meters[(meter + 1) % 3].recent(after(time));
                    meters[meter].merge(&other);
                }
                2 => {
                    let same = meters[meter].clone();
                    meters[meter].merge(&same);
                    prop_assert_eq!(&meters[meter], &same);
                }
                _ => {}
            }
        }
        let [a, b, c] = meters;
        let merged = |first: &Meter, others: [&Meter; 2]| {
            let mut merged = first.clone();
            others.iter().for_each(|other| merged.merge(other));
            merged
        };
        let all = merged(&a, [&b, &c]);
        prop_assert_eq!(metered(&all.usage()), expected(&batches));
        prop_assert_eq!(all.usage().deliveries.batches, batches.len() as u64);
        // Commutative, associative and idempotent.
        prop_assert_eq!(&merged(&c, [&a, &b]), &all);
        let mut later = b.clone();
        later.merge(&c);
        prop_assert_eq!(&merged(&a, [&later, &a]), &all);
    }

    /// The horizon and the capacity decide which batches are recognized, and never lose a sum.
    #[test]
    fn limits_lose_no_sums(
        batches in any_batches(),
        limits in (1..2000_u64, 0..4_usize),
        times in proptest::collection::vec(-100..3000_i64, 8),
    ) {
        let mut meter = Meter::new(Duration::from_secs(limits.0), limits.1);
        for (events, time) in batches.iter().zip(times) {
            let (digest, batch) = delivery(events);
            prop_assert!(meter.record(digest, &batch, after(time)));
            prop_assert!(meter.recent.len() <= limits.1);
            prop_assert_eq!(&restored(&meter), &meter);
        }
        prop_assert_eq!(metered(&meter.usage()), expected(&batches));
    }
}
