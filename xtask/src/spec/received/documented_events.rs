//! The published document of log events: every event that it permits is decoded, and nothing of it is lost.

use std::path::PathBuf;

use convex_mgmt_proto::webhook::{Event, RunReason};
use serde_json::{Map, Value, json};

use super::super::FOLDER;
use super::written;

const FILE: &str = "log-stream-openapi.json";

/// How much of an event to make.
#[derive(Clone, Copy, PartialEq)]
enum Extent {
    /// Required properties only.
    Required,
    /// All properties. Those that may be null are null.
    Null,
    /// All properties, with values.
    Full,
}

/// Makes a value that a schema permits.
fn instance(document: &Value, schema: &Value, extent: Extent) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
        return instance(document, schema, extent);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| instance(document, part, extent));
        return Value::Object(parts.flat_map(|part| part.as_object().unwrap().clone()).collect());
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let choice = choices.iter().find(|choice| (choice["type"] == "null") == (extent == Extent::Null));
        return instance(document, choice.unwrap(), extent);
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    if extent == Extent::Null && types.contains(&"null") {
        return Value::Null;
    }
    match types.first() {
        Some(&"integer") => json!(7),
        Some(&"boolean") => json!(true),
        Some(&"string") => json!("text"),
        Some(&"object") if schema.get("properties").is_none() => json!({"name": 8}),
        Some(&"object") => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let properties = schema["properties"].as_object().unwrap().iter();
            let wanted = properties.filter(|(name, _)| extent != Extent::Required || required.contains(&json!(name)));
            Value::Object(wanted.map(|(name, schema)| (name.clone(), instance(document, schema, extent))).collect())
        }
        // A schema that permits everything.
        None => json!({"any": [1.5]}),
        other => panic!("{other:?}"),
    }
}

/// Removes null properties: an absent one is read as null.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.map(|(name, value)| (name.clone(), without_nulls(value))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn document() -> Option<Value> {
    let folder: PathBuf = super::super::tests::folder(FOLDER, "no documented event was read")?;
    let path = folder.join(FILE);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn every_documented_event_is_decoded_without_a_loss() {
    let Some(document) = document() else { return };
    let mut topics = Vec::new();
    for schema in document["components"]["schemas"]["LogStreamEvent"]["oneOf"].as_array().unwrap() {
        for extent in [Extent::Required, Extent::Null, Extent::Full] {
            let mut event = instance(&document, schema, extent);
            // The document lacks this field, which every delivered event has.
            event["convex"] = json!({"deployment_name": "n"});
            let read = Event::parse(event.to_string()).unwrap_or_else(|error| panic!("{event}: {error}"));
            assert_eq!(without_nulls(&written(&read)), without_nulls(&event));
            topics.push(read.topic().to_owned());
        }
    }
    topics.dedup();
    // The document also lacks `concurrency_stats` and `log_stream_egress`.
    assert_eq!(topics.len(), 9, "{topics:?}");
}

#[test]
fn every_documented_run_reason_has_a_variant() {
    let Some(document) = document() else { return };
    let reasons = document.pointer("/components/schemas/FunctionExecutionEvent/properties/run_reason/enum").unwrap();
    let mut reasons: Vec<&str> = reasons.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let mut known: Vec<&str> = RunReason::KNOWN.iter().map(RunReason::as_str).collect();
    reasons.sort_unstable();
    known.sort_unstable();
    assert_eq!(known, reasons);
}
