//! The target `log_events`: any bytes as the body of a webhook delivery.

use std::collections::BTreeMap;
use std::fmt;
use std::hint::black_box;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use convex_mgmt_proto::deployment::data_sync::Value;
use convex_mgmt_proto::webhook::{self, AuditLogMetadata, Batch, Event, EventError, EventKind};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::oracle;
use crate::plant::{CANARY, plant, resembles_canary};

/// Maximum number of events that cannot be read.
const MAX_ERRORS: usize = 1024;

/// Reads a batch of log events.
///
/// * The batch has the elements of the array, or the lines, that another reader finds, each as it is spelled.
/// * An event is read exactly if the table of its topic permits its fields.
/// * An event that is read alone is the same as in the batch. Both formats agree.
/// * Metadata is decoded to the values that the [`oracle`] finds.
/// * Neither an error nor `Debug` contains a message of the body.
///
/// # Panics
/// If one of these properties does not hold.
pub fn log_events(data: &[u8]) {
    let body = Bytes::copy_from_slice(data);
    let read = webhook::read(&body);
    match elements(data) {
        Some(texts) => {
            let good: Vec<bool> = texts.iter().map(|text| is_event(text)).collect();
            if good.iter().filter(|good| !**good).count() > MAX_ERRORS {
                assert!(read.is_err());
            } else {
                check(&read.expect("every element has its place"), &texts, &good);
            }
        }
        None => assert!(read.is_err(), "{read:?}"),
    }
    if resembles_canary(data) {
        return;
    }
    if let Some(planted) = plant(data, |_, name| name != b"topic") {
        match webhook::read(&planted.into()) {
            Ok(batch) => batch.errors().for_each(error_shows_nothing),
            Err(error) => assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}"),
        }
    }
    let is_hidden = |name: &[u8]| matches!(name, b"message" | b"error_message" | b"audit_log_metadata");
    if let Some(planted) = plant(data, |_, name| is_hidden(name))
        && let Ok(batch) = webhook::read(&planted.into())
    {
        batch.events().for_each(debug_shows_nothing);
    }
}

/// Reads a batch and decodes what is decoded on demand.
pub fn read(data: &[u8]) {
    for event in webhook::read(&Bytes::copy_from_slice(data)).into_iter().flatten().flatten() {
        if let EventKind::AuditLog(entry) = event.kind() {
            _ = black_box(entry.metadata.value());
        }
        _ = black_box(event.into_owned());
    }
}

fn check(batch: &Batch, texts: &[&str], good: &[bool]) {
    assert_eq!(batch.len(), texts.len());
    assert_eq!(batch.events().count() + batch.errors().count(), batch.len());
    for (index, ((event, text), good)) in batch.iter().zip(texts).zip(good).enumerate() {
        let alone = Event::parse(text.to_string());
        match event {
            Ok(event) => {
                assert!(good, "{text}");
                assert_eq!(event.as_str(), *text);
                let alone = alone.expect("an event of a batch");
                assert_eq!((alone.kind(), alone.timestamp()), (event.kind(), event.timestamp()));
                assert_eq!(alone.deployment(), event.deployment());
                if let EventKind::AuditLog(entry) = event.kind() {
                    check_metadata(&entry.metadata);
                }
            }
            Err(error) => {
                assert!(!good, "{text}: {error}");
                assert_eq!((error.index(), error.as_bytes().as_ref()), (index, text.as_bytes()));
                assert_eq!(alone.as_ref().err(), Some(error.decode_error()));
                assert!(!error.to_string().chars().any(char::is_control), "{error}");
            }
        }
    }
    // The other format. An array with an element that is not JSON is no array, and a line has no line feed.
    let joined = |separator: &str, [open, close]: [&str; 2]| format!("{open}{}{close}", texts.join(separator)).into();
    if texts.iter().all(|text| serde_json::from_str::<IgnoredAny>(text).is_ok()) {
        assert_eq!(webhook::read(&joined(",", ["[", "]"])).as_ref(), Ok(batch));
    }
    if texts.first().is_some_and(|first| first.starts_with('{')) && !texts.iter().any(|text| text.contains('\n')) {
        assert_eq!(webhook::read(&joined("\n", ["", ""])).as_ref(), Ok(batch));
    }
}

fn error_shows_nothing(error: &EventError) {
    let shown = format!("{error} {error:?} {:?}", error.decode_error());
    assert!(!shown.contains(CANARY), "{shown}");
}

fn debug_shows_nothing(event: &Event) {
    // Every server sends the same message.
    if !matches!(event.kind(), EventKind::Verification(_)) {
        let shown = format!("{event:?}");
        assert!(!shown.contains(CANARY), "{shown}");
    }
    if let EventKind::AuditLog(entry) = event.kind() {
        let shown = format!("{:?}", entry.metadata.value().err());
        assert!(!shown.contains(CANARY), "{shown}");
    }
}

/// Returns the texts of the events of a body. `None` if the body has no format.
fn elements(data: &[u8]) -> Option<Vec<&str>> {
    let text = std::str::from_utf8(data).ok()?;
    match text.trim_ascii_start().as_bytes().first()? {
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            Some(elements.into_iter().map(RawValue::get).collect())
        }
        b'{' => {
            let lines = text.split('\n').map(|line| line.trim_matches([' ', '\t', '\r', '\u{c}']));
            Some(lines.filter(|line| !line.is_empty()).collect())
        }
        _ => None,
    }
}

/// The type of a field.
#[derive(Clone, Copy)]
enum Type {
    Text,
    Flag,
    /// An unsigned integer of 64 bits.
    Count,
    /// A signed integer of 64 bits.
    Time,
    /// An object of counts.
    Counts,
    Any,
    Object(&'static [Field]),
}

/// A field: its name, its type, and `true` if it may be absent or null.
type Field = (&'static str, Type, bool);

const FUNCTION: &[Field] = &[
    ("path", Type::Text, false),
    ("type", Type::Text, false),
    ("cached", Type::Flag, true),
    ("request_id", Type::Text, false),
    ("mutation_queue_length", Type::Count, true),
    ("mutation_retry_count", Type::Count, true),
    ("component_path", Type::Text, true),
];
const OCC_INFO: &[Field] = &[
    ("table_name", Type::Text, true),
    ("document_id", Type::Text, true),
    ("write_source", Type::Text, true),
    ("component_path", Type::Text, true),
    ("retry_count", Type::Count, true),
];
const USAGE: &[Field] = &[
    ("database_read_bytes", Type::Count, false),
    ("database_write_bytes", Type::Count, false),
    ("database_io_read_bytes", Type::Count, false),
    ("database_io_write_bytes", Type::Count, false),
    ("database_read_documents", Type::Count, false),
    ("database_write_documents", Type::Count, false),
    ("file_storage_read_bytes", Type::Count, false),
    ("file_storage_write_bytes", Type::Count, false),
    ("vector_storage_read_bytes", Type::Count, false),
    ("vector_storage_write_bytes", Type::Count, false),
    ("text_search_query_bytes", Type::Count, false),
    ("text_search_write_query_bytes", Type::Count, false),
    ("vector_search_query_bytes", Type::Count, false),
    ("vector_search_write_query_bytes", Type::Count, false),
    ("network_egress_bytes", Type::Count, false),
    ("memory_used_mb", Type::Count, true),
    ("action_memory_used_mb", Type::Count, true),
    ("audit_log_egress_bytes", Type::Count, false),
    ("function_args_bytes", Type::Count, true),
    ("function_returns_bytes", Type::Count, true),
];
const CONCURRENCY: Type = Type::Object(&[("num_running", Type::Count, false), ("num_queued", Type::Count, false)]);

/// The fields that all events have.
const ENVELOPE: &[Field] = &[
    ("timestamp", Type::Time, false),
    ("topic", Type::Text, false),
    (
        "convex",
        Type::Object(&[
            ("deployment_name", Type::Text, false),
            ("deployment_type", Type::Text, true),
            ("deployment_ref", Type::Text, true),
            ("project_name", Type::Text, true),
            ("project_slug", Type::Text, true),
            ("deployment_region", Type::Text, true),
        ]),
        false,
    ),
];

/// The fields of each topic.
const TOPICS: &[(&str, &[Field])] = &[
    ("verification", &[("message", Type::Text, false)]),
    (
        "console",
        &[
            ("function", Type::Object(FUNCTION), false),
            ("log_level", Type::Text, false),
            ("message", Type::Text, false),
            ("is_truncated", Type::Flag, false),
            ("system_code", Type::Text, true),
        ],
    ),
    (
        "function_execution",
        &[
            ("function", Type::Object(FUNCTION), false),
            ("execution_time_ms", Type::Count, false),
            ("user_execution_time_ms", Type::Count, true),
            ("status", Type::Text, false),
            ("error_message", Type::Text, true),
            ("occ_info", Type::Object(OCC_INFO), true),
            ("will_retry", Type::Flag, true),
            ("scheduler_info", Type::Object(&[("job_id", Type::Text, false)]), true),
            ("run_reason", Type::Text, false),
            ("usage", Type::Object(USAGE), false),
        ],
    ),
    ("audit_log", &[("audit_log_action", Type::Text, false), ("audit_log_metadata", Type::Text, false)]),
    ("scheduler_stats", &[("lag_seconds", Type::Count, false), ("num_running_jobs", Type::Count, false)]),
    ("scheduled_job_lag", &[("lag_seconds", Type::Count, false)]),
    (
        "current_storage_usage",
        &[
            ("total_document_size_bytes", Type::Count, false),
            ("total_index_size_bytes", Type::Count, false),
            ("total_vector_storage_bytes", Type::Count, false),
            ("total_text_storage_bytes", Type::Count, false),
            ("total_file_storage_bytes", Type::Count, false),
            ("total_backup_storage_bytes", Type::Count, false),
            ("total_system_table_document_size_bytes", Type::Counts, false),
        ],
    ),
    (
        "concurrency_stats",
        &[
            ("query", CONCURRENCY, false),
            ("mutation", CONCURRENCY, false),
            ("action", CONCURRENCY, false),
            ("node_action", CONCURRENCY, false),
            ("http_action", CONCURRENCY, false),
        ],
    ),
    ("storage_api_bandwidth", &[("storage_id", Type::Text, false), ("egress_bytes", Type::Count, false)]),
    ("log_stream_egress", &[("egress_bytes", Type::Count, false)]),
    ("custom_audit", &[("body", Type::Any, false)]),
];

/// Returns `true` if a text is an event by the tables.
fn is_event(text: &str) -> bool {
    let Ok(Fields(fields)) = serde_json::from_str(text) else { return false };
    let Some((_, topic)) = fields.iter().find(|(name, _)| name == "topic") else { return false };
    let Ok(topic) = serde_json::from_str::<String>(topic.get()) else { return false };
    let of_topic = TOPICS.iter().find(|(name, _)| *name == topic).map_or(&[][..], |(_, fields)| *fields);
    fits(&fields, ENVELOPE) && fits(&fields, of_topic)
}

fn fits(fields: &[(String, &RawValue)], wanted: &[Field]) -> bool {
    wanted.iter().all(|(name, of_type, optional)| {
        let found: Vec<&str> = fields.iter().filter(|(found, _)| found == name).map(|(_, value)| value.get()).collect();
        match found[..] {
            [] => *optional,
            [value] => (*optional && value == "null") || is_of_type(value, *of_type),
            _ => false,
        }
    })
}

fn is_of_type(value: &str, of_type: Type) -> bool {
    match of_type {
        Type::Any => true,
        Type::Flag => value == "true" || value == "false",
        Type::Text => serde_json::from_str::<String>(value).is_ok(),
        Type::Count => value.parse::<u64>().is_ok(),
        // JSON has no integer with this spelling.
        Type::Time => value != "-0" && value.parse::<i64>().is_ok(),
        Type::Counts => serde_json::from_str::<Fields<'_>>(value)
            .is_ok_and(|Fields(fields)| fields.iter().all(|(_, value)| value.get().parse::<u64>().is_ok())),
        Type::Object(wanted) => {
            serde_json::from_str::<Fields<'_>>(value).is_ok_and(|Fields(fields)| fits(&fields, wanted))
        }
    }
}

/// The fields of an object, also those that occur twice.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Compares metadata with the values that the oracle finds.
fn check_metadata(metadata: &AuditLogMetadata) {
    let ours = metadata.value();
    match oracle::value(metadata.as_str()) {
        Ok(value) => assert_eq!(ours.ok(), internal(value), "{}", metadata.as_str()),
        Err(oracle::NoValue::Invalid) => assert!(ours.is_err(), "{ours:?}"),
        Err(oracle::NoValue::TooDeep) => {}
    }
}

/// Converts a value of the export encoding to the value of the same text in the internal encoding.
fn internal(value: Value) -> Option<Value> {
    Some(match value {
        Value::Int64(number) => Value::Float64(number.to_string().parse().ok()?),
        Value::Array(items) => Value::Array(items.into_iter().map(internal).collect::<Option<_>>()?),
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("$integer") => {
            let Some(Value::String(text)) = fields.get("$integer") else { return None };
            Value::Int64(i64::from_le_bytes(STANDARD.decode(text).ok()?.try_into().ok()?))
        }
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, field)| Some((name, internal(field)?)));
            Value::Object(fields.collect::<Option<BTreeMap<_, _>>>()?)
        }
        other => other,
    })
}
