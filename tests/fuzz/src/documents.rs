//! Documents of a data sync: what is in them, read in several ways that have to agree.

use std::collections::BTreeMap;
use std::hint::black_box;

use bytes::Bytes;
use convex_mgmt_proto::DecodeError;
use convex_mgmt_proto::deployment::data_sync::{Document, Value};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::oracle::{self, NoValue};
use crate::plant::{CANARY, is_poisoned, plant};

/// A type as a user might have it.
#[derive(Debug, Deserialize)]
struct Typed {
    #[serde(rename = "_id")]
    id: Option<String>,
    i: Option<i64>,
    f: Option<f64>,
    b: Option<Vec<u8>>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// Reads a document.
///
/// * What its spelling says, level by level, is what [`Document::fields`] gives.
/// * Fields that are written are read alike.
/// * Other types get the same values, the id too.
/// * No text of it is in an error.
///
/// # Panics
/// If one of that does not hold.
pub fn documents(data: &[u8]) {
    let Ok(document) = Document::parse(Bytes::copy_from_slice(data)) else {
        let readable = std::str::from_utf8(data).is_ok_and(|text| text.trim_ascii_start().starts_with('{'))
            && serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok();
        assert!(!readable, "an object was refused");
        return;
    };
    let text = document.as_str();
    assert_eq!(text.as_bytes(), data.trim_ascii());
    let fields = document.fields();
    match oracle::fields(text) {
        Ok(expected) => assert_eq!(fields.as_ref(), Ok(&expected)),
        Err(NoValue::Invalid) => assert!(fields.is_err(), "{fields:?}"),
        Err(NoValue::TooDeep) => {}
    }
    if let Ok(fields) = &fields {
        agree(&document, fields);
    }
    if !is_poisoned(data)
        && let Some(planted) = plant(data, |_, _| true)
        && let Ok(document) = Document::parse(planted)
    {
        let errors = [document.fields().err(), document.id().err(), document.read::<Typed>().err()];
        errors.iter().flatten().for_each(shows_nothing);
    }
}

/// Reads a document into each type.
pub fn read(data: &[u8]) {
    let Ok(document) = Document::parse(Bytes::copy_from_slice(data)) else { return };
    let _ = black_box(document.fields());
    let _ = black_box(document.id());
    let _ = black_box(document.read::<Json>());
    let _ = black_box(document.read::<Typed>());
}

fn shows_nothing(error: &DecodeError) {
    let texts = format!("{error} {error:?}");
    assert!(!texts.contains(CANARY), "a text of the document is in an error: {texts}");
    assert!(!error.to_string().chars().any(char::is_control), "an error has a control character: {texts}");
}

fn agree(document: &Document, fields: &BTreeMap<String, Value>) {
    let plain = !fields.iter().any(|(name, value)| oracle::is_wrapper(name) || has_wrapper_name(value));
    if plain {
        let written = serde_json::to_string(fields).expect("values can be written");
        assert_eq!(Document::parse(written).and_then(|document| document.fields()).as_ref(), Ok(fields));
    }
    if let Ok(id) = document.id() {
        assert_eq!(fields.get("_id"), Some(&Value::String(id)));
    }
    // JSON has neither bytes nor all floats, and this reader of it has a name of its own that it takes for something else.
    if !document.as_str().contains('$') && !document.as_str().contains("\\u") {
        let json: Json = serde_json::from_str(document.as_str()).expect("values are JSON");
        assert_eq!(document.read::<Json>().as_ref(), Ok(&json));
        fields.iter().for_each(|(name, value)| is_the_same(value, &json[name]));
    }
    if let Ok(typed) = document.read::<Typed>() {
        let mut rest = fields.clone();
        assert_eq!(typed.id.map_or(Value::Null, Value::String), rest.remove("_id").unwrap_or(Value::Null));
        assert_eq!(typed.i.map_or(Value::Null, Value::Int64), rest.remove("i").unwrap_or(Value::Null));
        match (typed.f, rest.remove("f")) {
            (Some(read), Some(Value::Float64(float))) => assert_eq!(read.to_bits(), float.to_bits()),
            (Some(read), Some(Value::Int64(integer))) => assert_eq!(read, integer as f64),
            (None, None | Some(Value::Null)) => {}
            other => panic!("{other:?}"),
        }
        match (typed.b, rest.remove("b")) {
            (Some(read), Some(Value::Bytes(bytes))) => assert_eq!(read, bytes),
            (Some(read), Some(Value::Array(items))) => {
                assert_eq!(read.into_iter().map(|byte| Value::Int64(byte.into())).collect::<Vec<_>>(), items);
            }
            (None, None | Some(Value::Null)) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(typed.rest, rest);
    }
}

/// Whether a field has the name of a wrapper without being one. No document of Convex's has such.
fn has_wrapper_name(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_wrapper_name),
        Value::Object(fields) => fields.iter().any(|(name, value)| oracle::is_wrapper(name) || has_wrapper_name(value)),
        _ => false,
    }
}

fn is_the_same(value: &Value, json: &Json) {
    match (value, json) {
        (Value::Null, Json::Null) => {}
        (Value::Boolean(one), Json::Bool(two)) => assert_eq!(one, two),
        (Value::String(one), Json::String(two)) => assert_eq!(one, two),
        (Value::Int64(one), Json::Number(two)) => assert_eq!(Some(*one), two.as_i64()),
        (Value::Float64(one), Json::Number(two)) => {
            assert!(two.is_f64());
            assert_eq!(two.as_f64().map(f64::to_bits), Some(one.to_bits()));
        }
        (Value::Array(one), Json::Array(two)) => {
            assert_eq!(one.len(), two.len());
            one.iter().zip(two).for_each(|(one, two)| is_the_same(one, two));
        }
        (Value::Object(one), Json::Object(two)) => {
            assert_eq!(one.len(), two.len());
            one.iter().for_each(|(name, value)| is_the_same(value, &two[name]));
        }
        other => panic!("{other:?}"),
    }
}
