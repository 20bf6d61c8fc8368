//! The target `documents`: any bytes as a document of a data sync and as plain JSON, decoded into several types that have to agree.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::hint::black_box;

use bytes::Bytes;
use convex_mgmt_proto::deployment::data_sync::{Document, Value};
use convex_mgmt_proto::{DecodeError, RawJson};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::oracle::{self, NoValue};
use crate::plant::{CANARY, plant, resembles_canary};

/// A type such as a user may have.
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

/// The expectation in the error of [`Document::parse`] for an object without an `_id`.
const NO_ID: &str = "the field `_id`";

/// Parses a document. Adds an `_id` as the last field of an object that has none, so that inputs do not need it.
fn parse(data: Bytes) -> Result<Document, DecodeError> {
    Document::parse(data.clone()).or_else(|error| {
        let Some(start) = data.trim_ascii_end().strip_suffix(b"}").filter(|_| error.expected == NO_ID) else {
            return Err(error);
        };
        let comma = if start.trim_ascii_end().ends_with(b"{") && start.trim_ascii().len() == 1 { "" } else { "," };
        Document::parse([start, comma.as_bytes(), br#""_id":"added"}"#].concat())
    })
}

/// Reads a document.
///
/// * Only an object with one `_id`, which is a string, is a document. That `_id` is its id.
/// * [`Document::fields`] returns the values that the [`oracle`] finds by their spelling.
/// * Fields that are encoded are decoded to the same values.
/// * Other types decode to the same values.
/// * An error contains no text of the document.
/// * As plain JSON, the bytes are read as serde_json reads them.
///
/// # Panics
/// If one of these properties does not hold.
pub fn documents(data: &[u8]) {
    plain_json(data);
    let Ok(document) = parse(Bytes::copy_from_slice(data)) else {
        assert!(!has_an_id(data), "an object with an `_id` is rejected");
        return;
    };
    let text = document.as_str();
    assert!(has_an_id(text.as_bytes()));
    assert!(text.as_bytes() == data.trim_ascii() || document.id() == "added");
    as_serde_json_reads_it(&document);
    let fields = document.fields();
    match oracle::fields(text) {
        Ok(expected) => assert_eq!(fields.as_ref(), Ok(&expected)),
        Err(NoValue::Invalid) => assert!(fields.is_err(), "{fields:?}"),
        Err(NoValue::TooDeep) => {}
    }
    if let Ok(fields) = &fields {
        agree(&document, fields);
    }
    if !resembles_canary(data)
        && let Some(planted) = plant(data, |_, _| true)
        && let Ok(document) = parse(planted.into())
    {
        let errors = [document.fields().err(), document.read::<Buffered>().err(), document.read::<Typed>().err()];
        errors.iter().flatten().for_each(shows_nothing);
    }
}

/// Decodes a document into each type.
pub fn read(data: &[u8]) {
    let Ok(document) = parse(Bytes::copy_from_slice(data)) else { return };
    let _ = black_box(document.fields());
    let _ = black_box(document.id());
    let _ = black_box(document.read::<Buffered>());
    let _ = black_box(document.read::<Json>());
    let _ = black_box(document.read::<Typed>());
}

fn shows_nothing(error: &DecodeError) {
    let texts = format!("{error} {error:?}");
    assert!(!texts.contains(CANARY), "an error contains a text of the document: {texts}");
    assert!(!error.to_string().chars().any(char::is_control), "an error has a control character: {texts}");
}

fn agree(document: &Document, fields: &BTreeMap<String, Value>) {
    let plain = !fields.iter().any(|(name, value)| oracle::is_wrapper(name) || has_wrapper_name(value));
    if plain {
        let written = serde_json::to_string(fields).expect("values can be written");
        assert_eq!(Document::parse(written).and_then(|document| document.fields()).as_ref(), Ok(fields));
    }
    assert_eq!(fields.get("_id"), Some(&Value::String(document.id().to_owned())));
    // Without wrappers, because JSON has neither bytes nor all floats. serde_json gives a name with a `$` a meaning of its own.
    if !document.as_str().contains('$') && !document.as_str().contains("\\u") {
        let json: Json = serde_json::from_str(document.as_str()).expect("values are JSON");
        if !oracle::has_arbitrary_precision() {
            assert_eq!(document.read::<Json>().as_ref(), Ok(&json));
        }
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
        assert_eq!(typed.rest, rest.into_iter().map(|(name, value)| (name, buffered(value))).collect());
    }
}

/// The value after serde has buffered it: empty bytes become a list.
fn buffered(value: Value) -> Value {
    match value {
        Value::Bytes(bytes) if bytes.is_empty() => Value::Array(Vec::new()),
        Value::Array(items) => Value::Array(items.into_iter().map(buffered).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, buffered(value))).collect())
        }
        other => other,
    }
}

/// Returns `true` for an object with one `_id`, which is a string, as serde_json reads it.
fn has_an_id(data: &[u8]) -> bool {
    /// Bytes, because another name may not be valid text. That is an error only for types that read the name.
    #[derive(PartialEq)]
    struct Name(Vec<u8>);

    impl<'de> Deserialize<'de> for Name {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_bytes(Object)
        }
    }

    struct Object;

    impl<'de> Visitor<'de> for Object {
        type Value = Name;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a name")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Name, E> {
            Ok(Name(bytes.to_vec()))
        }
    }

    struct Ids(Vec<Json>);

    impl<'de> Deserialize<'de> for Ids {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Fields)
        }
    }

    struct Fields;

    impl<'de> Visitor<'de> for Fields {
        type Value = Ids;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ids, A::Error> {
            let mut ids = Vec::new();
            while let Some(Name(name)) = map.next_key()? {
                if name == b"_id" {
                    let id: &RawValue = map.next_value()?;
                    ids.push(serde_json::from_str(id.get()).unwrap_or(Json::Null));
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(Ids(ids))
        }
    }

    let has_one = |text| serde_json::from_str(text).is_ok_and(|Ids(ids)| matches!(ids[..], [Json::String(_)]));
    // As bytes, serde_json accepts names with control characters.
    std::str::from_utf8(data).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok() && has_one(text))
}

/// Reads bytes as JSON without the wrappers of documents, and compares types with serde_json.
fn plain_json(data: &[u8]) {
    fn same<'a, T: Deserialize<'a> + PartialEq + Debug>(json: &'a RawJson) {
        assert_eq!(json.read::<T>().ok(), serde_json::from_str::<T>(json.as_str()).ok(), "{}", json.as_str());
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let json = RawJson::parse(text);
    assert_eq!(json.is_ok(), serde_json::from_str::<&RawValue>(text).is_ok(), "{text}");
    let Ok(json) = json else { return };
    same::<BTreeMap<&str, IgnoredAny>>(&json);
    same::<BTreeMap<String, Option<f64>>>(&json);
    same::<BTreeMap<String, Option<i64>>>(&json);
    same::<BTreeMap<Kind, f32>>(&json);
    // serde_json gives names that begin with a `$` a meaning of its own.
    if !oracle::has_arbitrary_precision() && !text.contains(['$', '\\']) {
        same::<Json>(&json);
        same::<BTreeMap<String, Shape>>(&json);
        same::<Buffered>(&json);
    }
    if !resembles_canary(data)
        && let Some(planted) = plant(data, |_, _| true)
        && let Ok(json) = RawJson::parse(String::from_utf8_lossy(&planted))
    {
        let errors = [json.read::<Numbers>().err(), json.read::<Buffered>().err()];
        errors.iter().flatten().for_each(shows_nothing);
    }
}

/// Compares types without bytes with serde_json. Both have to agree on documents without wrappers and with integers of 64 bits
/// only.
fn as_serde_json_reads_it(document: &Document) {
    let text = document.as_str();
    fn same<'a, T: Deserialize<'a> + PartialEq + Debug>(document: &'a Document) {
        let theirs = serde_json::from_slice::<T>(document.as_bytes());
        assert_eq!(document.read::<T>().ok(), theirs.ok(), "{}", document.as_str());
    }
    if !text.contains('$') && !text.contains("\\u") && oracle::fields(text).is_ok() {
        same::<IgnoredAny>(document);
        same::<BTreeMap<&str, IgnoredAny>>(document);
        same::<BTreeMap<String, Option<f64>>>(document);
        same::<BTreeMap<Kind, f32>>(document);
        if !oracle::has_arbitrary_precision() {
            same::<BTreeMap<String, Shape>>(document);
            same::<Buffered>(document);
        }
    }
}

/// A type that matches most JSON.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Shape {
    Flag(bool),
    Nothing(()),
    Text(String),
    List(Vec<Shape>),
    Map(BTreeMap<String, Shape>),
    /// Left out: beyond 64 bits the two may read different numbers.
    #[serde(skip_deserializing)]
    _Number,
}

/// The names of fields.
#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    #[serde(rename = "a")]
    A,
    #[serde(rename = "_id")]
    Id,
    #[serde(other)]
    Other,
}

/// A type that serde decodes from buffered values.
#[derive(Debug, Deserialize, PartialEq)]
struct Buffered {
    #[serde(flatten)]
    numbers: Numbers,
    b: Option<Union>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Numbers {
    i: Option<i64>,
    f: Option<f64>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Union {
    Text(String),
    Bytes(Vec<u8>),
    Float(f64),
    #[serde(skip_deserializing)]
    _Other,
}

/// Returns `true` if a field has the name of a wrapper and is not one. Documents of Convex have no such fields.
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
