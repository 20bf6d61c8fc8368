//! The content of each topic.

use serde_json::{Value, json};

use super::super::*;
use super::{COUNTERS, event, samples};
use crate::deployment::audit_log::AuditLogAction;
use crate::deployment::log_streams::LogTopic;
use crate::types::{DeploymentType, Region, UnixMillis};

fn parse(event: &Value) -> Event {
    Event::parse(event.to_string()).unwrap_or_else(|error| panic!("{event}: {error}"))
}

fn sample(topic: &str) -> Value {
    samples().into_iter().find(|sample| sample["topic"] == topic).unwrap()
}

fn kind(topic: &str) -> EventKind {
    parse(&sample(topic)).into_kind()
}

#[test]
fn every_event_has_its_time_its_deployment_and_its_topic() {
    for sample in samples() {
        let event = parse(&sample);
        assert_eq!(event.timestamp(), UnixMillis(1_795_420_177_003));
        assert_eq!(event.topic(), sample["topic"]);
        assert_eq!(event.as_str(), sample.to_string());
        let EventDeployment { name, deployment_type, reference, project_name, project_slug, region } =
            event.deployment();
        assert_eq!((name.as_str(), deployment_type), ("happy-animal-123", &Some(DeploymentType::Preview)));
        assert_eq!((reference.as_deref(), project_name.as_deref()), (Some("branch"), Some("Chat")));
        assert_eq!((project_slug.as_deref(), region), (Some("chat"), &Some(Region::AwsEuWest1)));
    }
}

#[test]
fn every_topic_that_webhooks_get_has_a_variant() {
    for topic in LogTopic::KNOWN.iter().filter(|topic| **topic != LogTopic::Exception) {
        let kind = kind(topic.as_str());
        assert!(!kind.is_unknown(), "{topic}");
        assert_eq!(kind.topic(), topic.as_str());
    }
}

#[test]
fn an_unknown_topic_keeps_its_text_whatever_its_fields_are() {
    let mut exception = sample("of_next_year");
    exception["topic"] = "exception".into();
    for sample in [sample("of_next_year"), exception] {
        let event = parse(&sample);
        assert!(event.kind().is_unknown());
        assert_eq!((event.topic(), event.as_str()), (sample["topic"].as_str().unwrap(), sample.to_string().as_str()));
    }
}

#[test]
fn reads_a_function_execution() {
    let EventKind::FunctionExecution(execution) = kind("function_execution") else { panic!() };
    let FunctionExecution { function, usage, .. } = &*execution;
    let Function {
        path,
        function_type,
        cached,
        request_id,
        mutation_queue_length,
        mutation_retry_count,
        component_path,
    } = function;
    assert_eq!((path.as_str(), function_type, *cached), ("messages:send", &FunctionType::Mutation, None));
    assert_eq!((request_id.as_str(), component_path.as_deref()), ("9c4b", Some("chat/rooms")));
    assert_eq!((*mutation_queue_length, *mutation_retry_count), (Some(2), Some(1)));
    assert_eq!((execution.execution_time_ms, execution.user_execution_time_ms), (25, Some(24)));
    assert_eq!((&execution.status, execution.error_message.as_deref()), (&ExecutionStatus::Failure, Some("canary\n")));
    assert_eq!((execution.will_retry, &execution.run_reason), (Some(true), &RunReason::HttpApi));
    assert_eq!(execution.scheduler_info.as_ref().map(|info| info.job_id.as_str()), Some("kc2"));
    let occ = execution.occ_info.as_ref().unwrap();
    assert_eq!((occ.table_name.as_deref(), occ.document_id.as_deref()), (Some("messages"), Some("k1")));
    assert_eq!((occ.write_source.as_deref(), occ.component_path.as_deref()), (Some("messages:edit"), Some("chat")));
    assert_eq!(occ.retry_count, Some(3));
    let counters = [
        Some(usage.database_read_bytes),
        Some(usage.database_write_bytes),
        Some(usage.database_io_read_bytes),
        Some(usage.database_io_write_bytes),
        Some(usage.database_read_documents),
        Some(usage.database_write_documents),
        Some(usage.file_storage_read_bytes),
        Some(usage.file_storage_write_bytes),
        Some(usage.vector_storage_read_bytes),
        Some(usage.vector_storage_write_bytes),
        Some(usage.text_search_query_bytes),
        Some(usage.text_search_write_query_bytes),
        Some(usage.vector_search_query_bytes),
        Some(usage.vector_search_write_query_bytes),
        Some(usage.network_egress_bytes),
        usage.memory_used_mb,
        usage.action_memory_used_mb,
        Some(usage.audit_log_egress_bytes),
        usage.function_args_bytes,
        usage.function_returns_bytes,
    ];
    assert_eq!(counters, std::array::from_fn(|n| Some(n as u64 + 1)));
}

#[test]
fn reads_the_other_topics() {
    assert!(matches!(kind("verification"), EventKind::Verification(Verification { message }) if message == "canary"));
    let EventKind::Console(console) = kind("console") else { panic!() };
    assert_eq!((&console.log_level, console.message.as_str()), (&LogLevel::Warn, "'canary'"));
    assert_eq!((console.is_truncated, console.system_code.as_deref()), (true, Some("slow")));
    assert_eq!(console.function.path, "messages:send");
    let EventKind::AuditLog(entry) = kind("audit_log") else { panic!() };
    assert_eq!((entry.action, entry.metadata.as_str()), (AuditLogAction::UpdateIntegration, r#"{"id":"canary"}"#));
    let EventKind::SchedulerStats(stats) = kind("scheduler_stats") else { panic!() };
    assert_eq!((stats.lag_seconds, stats.num_running_jobs), (5, 6));
    assert!(matches!(kind("scheduled_job_lag"), EventKind::ScheduledJobLag(lag) if lag.lag_seconds == 7));
    let EventKind::CurrentStorageUsage(storage) = kind("current_storage_usage") else { panic!() };
    let sizes = [
        storage.total_document_size_bytes,
        storage.total_index_size_bytes,
        storage.total_vector_storage_bytes,
        storage.total_text_storage_bytes,
        storage.total_file_storage_bytes,
        storage.total_backup_storage_bytes,
        storage.total_system_table_document_size_bytes["_storage"],
    ];
    assert_eq!(sizes, [1, 2, 3, 4, 5, 6, 239]);
    let EventKind::ConcurrencyStats(stats) = kind("concurrency_stats") else { panic!() };
    let all = [stats.query, stats.mutation, stats.action, stats.node_action, stats.http_action];
    assert_eq!(all.map(|one| (one.num_running, one.num_queued)), [(1, 2), (2, 3), (3, 4), (4, 5), (5, 6)]);
    let EventKind::StorageApiBandwidth(bandwidth) = kind("storage_api_bandwidth") else { panic!() };
    assert_eq!((bandwidth.storage_id.as_str(), bandwidth.egress_bytes), ("kg2", 600));
    assert!(matches!(kind("log_stream_egress"), EventKind::LogStreamEgress(egress) if egress.egress_bytes == 6512));
    let EventKind::CustomAudit(audit) = kind("custom_audit") else { panic!() };
    assert_eq!(audit.body.as_str(), r#"{"canary":[1.5,null]}"#);
}

#[test]
fn reads_an_event_of_a_self_hosted_server() {
    let mut event = sample("function_execution");
    let execution = event.as_object_mut().unwrap();
    for name in ["user_execution_time_ms", "error_message", "occ_info", "scheduler_info"] {
        execution[name] = Value::Null;
    }
    execution["usage"]["function_returns_bytes"] = Value::Null;
    execution["usage"]["action_memory_used_mb"] = Value::Null;
    // The published document lacks these two fields, and the root component has no path.
    execution.remove("will_retry");
    execution["usage"].as_object_mut().unwrap().remove("memory_used_mb");
    execution["function"].as_object_mut().unwrap().remove("component_path");
    execution["convex"] = json!({
        "deployment_name": "n", "deployment_type": null, "deployment_ref": null, "project_name": null, "project_slug": null,
        "deployment_region": "local"
    });
    let event = parse(&event);
    assert_eq!(event.deployment().region.as_ref().map(Region::as_str), Some("local"));
    let EventKind::FunctionExecution(execution) = event.kind() else { panic!() };
    assert_eq!((execution.will_retry, execution.usage.memory_used_mb), (None, None));
    assert_eq!((execution.occ_info.as_ref(), execution.function.component_path.as_deref()), (None, None));
}

#[test]
fn new_values_of_every_enum_are_kept() {
    let mut event = sample("function_execution");
    event["function"]["type"] = "workflow".into();
    event["status"] = "paused".into();
    event["run_reason"] = "webhook".into();
    event["convex"]["deployment_type"] = "lab".into();
    let event = parse(&event);
    let EventKind::FunctionExecution(execution) = event.kind() else { panic!() };
    assert_eq!(execution.function.function_type, "workflow");
    assert_eq!((execution.status.as_str(), execution.run_reason.as_str()), ("paused", "webhook"));
    assert_eq!(event.deployment().deployment_type, Some(DeploymentType::from("lab")));
}

#[test]
fn each_counter_holds_every_64_bit_integer_and_nothing_else() {
    for name in COUNTERS {
        let with = |value: Value| {
            let mut event = sample("function_execution");
            event["usage"][name] = value;
            Event::parse(event.to_string())
        };
        assert!(with(u64::MAX.into()).unwrap().as_str().contains("18446744073709551615"));
        for bad in [json!(-1), json!(1.5), json!("1"), json!(18_446_744_073_709_551_616_f64)] {
            assert_eq!(with(bad).unwrap_err().path, format!("usage.{name}"));
        }
    }
}

#[test]
fn an_error_names_the_field() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change, &str, &str); 12] = [
        ("console", |event| drop(event.as_object_mut().unwrap().remove("topic")), "", "the field `topic`"),
        ("console", |event| drop(event.as_object_mut().unwrap().remove("timestamp")), "", "the field `timestamp`"),
        ("console", |event| drop(event.as_object_mut().unwrap().remove("convex")), "", "the field `convex`"),
        ("console", |event| drop(event.as_object_mut().unwrap().remove("message")), "", "the field `message`"),
        ("console", |event| event["topic"] = Value::Null, "topic", "a string"),
        ("console", |event| event["timestamp"] = json!(1.5), "timestamp", "i64"),
        (
            "console",
            |event| event["convex"]["deployment_name"] = json!(["canary"]),
            "convex.deployment_name",
            "a string",
        ),
        ("console", |event| event["function"]["path"] = Value::Null, "function.path", "a string"),
        ("console", |event| event["function"] = json!("canary"), "function", "an object"),
        ("audit_log", |event| event["audit_log_metadata"] = json!({}), "audit_log_metadata", "a string"),
        ("concurrency_stats", |event| event["action"]["num_queued"] = json!("canary"), "action.num_queued", "u64"),
        ("of_next_year", |event| drop(event.as_object_mut().unwrap().remove("convex")), "", "the field `convex`"),
    ];
    for (topic, change, path, expected) in cases {
        let mut event = sample(topic);
        change(&mut event);
        let error = Event::parse(event.to_string()).unwrap_err();
        let shown = error.path.as_str();
        assert_eq!((shown, error.expected.as_str()), (path, expected), "{event}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
}

#[test]
fn a_field_that_occurs_twice_is_an_error() {
    let text = sample("log_stream_egress").to_string();
    for name in ["timestamp", "topic", "convex", "egress_bytes"] {
        let value = &sample("log_stream_egress")[name];
        for twice in [
            text.replace(&format!("\"{name}\":{value}"), &format!("\"{name}\":{value},\"{name}\":{value}")),
            format!("{{\"{name}\":{value},{}", &text[1..]),
            format!("{},\"{name}\":{value}}}", &text[..text.len() - 1]),
        ] {
            let error = Event::parse(twice.clone()).unwrap_err();
            assert_eq!(error.expected, format!("the field `{name}` once"), "{twice}");
        }
    }
    // Fields that nobody reads may occur twice.
    assert!(Event::parse(format!("{{\"x\":1,\"x\":2,{}", &text[1..])).is_ok());
}

#[test]
fn only_an_object_is_an_event() {
    for bad in ["[]", "[1,\"console\"]", "1", "null", "\"console\""] {
        assert_eq!(Event::parse(bad).unwrap_err().expected, "an object", "{bad}");
    }
    for bad in ["", "{", "{}x", "{\"topic\"}"] {
        assert!(Event::parse(bad).is_err(), "{bad}");
    }
    let text = sample("verification").to_string();
    assert_eq!(Event::parse(format!(" \n{text}\t")).unwrap().as_str(), text);
    assert_eq!(Event::parse(format!("{text}x")).unwrap_err().kind, crate::DecodeErrorKind::Syntax);
}

#[test]
fn debug_shows_no_message_and_no_metadata() {
    for sample in samples().iter().filter(|sample| sample["topic"] != "verification") {
        let shown = format!("{:?}", parse(sample));
        assert!(!shown.contains("canary"), "{shown}");
    }
    assert!(format!("{:?}", parse(&sample("console"))).contains("message: [8 bytes]"));
    assert!(format!("{:?}", parse(&sample("function_execution"))).contains("error_message: Some([7 bytes])"));
}

#[test]
fn an_event_is_read_from_any_place_in_json() {
    #[derive(serde::Deserialize)]
    struct Stored {
        events: Vec<Event>,
    }
    let text = event("scheduled_job_lag", json!({"lag_seconds": 1})).to_string();
    let stored: Stored = serde_json::from_str(&format!("{{\"events\":[{text}]}}")).unwrap();
    assert_eq!(stored.events, [Event::parse(text.clone()).unwrap()]);
    let bad = text.replace("\"lag_seconds\":1", "\"lag_seconds\":\"canary\"");
    let error = serde_json::from_str::<Event>(&bad).unwrap_err().to_string();
    assert!(error.contains("u64 at `lag_seconds`") && !error.contains("canary"), "{error}");
}

#[cfg(feature = "serde-all")]
#[test]
fn an_event_is_written_as_it_was_read() {
    for sample in samples() {
        let text = sample.to_string().replace("1.5", "1.50");
        let event = Event::parse(text.clone()).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
        assert_eq!(serde_json::to_string(&event.into_owned()).unwrap(), text);
    }
}
