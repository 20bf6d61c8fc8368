//! [`Value`]: a value in a document, and its JSON in a data sync. Source: convex-backend's `crates/value/src/export.rs`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Error, Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// The fields of a document or of a nested object.
pub type Document = BTreeMap<String, Value>;

/// A value in a document.
///
/// The conversion from JSON turns integers into [`Value::Int64`] and other numbers into [`Value::Float64`]. It decodes the
/// wrappers `{"$integer"}`, `{"$float"}` and `{"$bytes"}`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A 64-bit integer.
    Int64(i64),
    /// A 64-bit float, including NaN and infinities.
    Float64(f64),
    /// A string. Ids are strings, too.
    String(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An array.
    Array(Vec<Value>),
    /// An object.
    Object(Document),
}

impl Value {
    /// Converts a JSON object to a document. Any other JSON becomes an empty document.
    pub fn document(json: Json) -> Document {
        match Self::from(json) {
            Self::Object(document) => document,
            _ => Document::new(),
        }
    }
}

/// Values are equal if their JSON is equal: NaN equals itself, and -0.0 does not equal 0.0.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(one), Self::Bool(two)) => one == two,
            (Self::Int64(one), Self::Int64(two)) => one == two,
            (Self::Float64(one), Self::Float64(two)) => one.to_bits() == two.to_bits(),
            (Self::String(one), Self::String(two)) => one == two,
            (Self::Bytes(one), Self::Bytes(two)) => one == two,
            (Self::Array(one), Self::Array(two)) => one == two,
            (Self::Object(one), Self::Object(two)) => one == two,
            _ => false,
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(number) => match number.as_i64() {
                Some(value) => Self::Int64(value),
                None => Self::Float64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Self::String(text),
            Json::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Json::Object(fields) => wrapped(&fields).unwrap_or_else(|| {
                Self::Object(fields.into_iter().map(|(name, value)| (name, Self::from(value))).collect())
            }),
        }
    }
}

/// Decodes a wrapper object. Returns `None` for other objects.
fn wrapped(fields: &serde_json::Map<String, Json>) -> Option<Value> {
    let (name, value) = fields.iter().next().filter(|_| fields.len() == 1)?;
    let bytes = STANDARD.decode(value.as_str()?).ok()?;
    match name.as_str() {
        "$integer" => Some(Value::Int64(i64::from_le_bytes(bytes.try_into().ok()?))),
        "$float" => Some(Value::Float64(f64::from_le_bytes(bytes.try_into().ok()?))),
        "$bytes" => Some(Value::Bytes(bytes)),
        _ => None,
    }
}

/// Formats a float as JSON. A decimal point or an exponent distinguishes it from an integer, which not every JSON writer
/// guarantees.
fn float_json(value: f64) -> String {
    let size = value.abs();
    if size >= 1e16 || (size < 1e-5 && size > 0.0) {
        format!("{value:e}")
    } else if value.fract() == 0.0 {
        format!("{value:.1}")
    } else {
        format!("{value}")
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wrapper = |serializer: S, name: &str, bytes: &[u8]| {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(name, &STANDARD.encode(bytes))?;
            map.end()
        };
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int64(value) => serializer.serialize_i64(*value),
            Self::Float64(value) if value.is_finite() => {
                RawValue::from_string(float_json(*value)).map_err(S::Error::custom)?.serialize(serializer)
            }
            Self::Float64(value) => wrapper(serializer, "$float", &value.to_le_bytes()),
            Self::String(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => wrapper(serializer, "$bytes", bytes),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(fields) => serializer.collect_map(fields),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_as_the_real_server_writes_them() {
        for (value, text) in [
            (Value::Null, "null"),
            (Value::Bool(true), "true"),
            (Value::Int64(1), "1"),
            (Value::Int64(i64::MIN), "-9223372036854775808"),
            (Value::Int64(9_007_199_254_740_993), "9007199254740993"),
            (Value::Float64(1.0), "1.0"),
            (Value::Float64(0.0), "0.0"),
            (Value::Float64(-0.0), "-0.0"),
            (Value::Float64(2.5), "2.5"),
            (Value::Float64(9_007_199_254_740_992.0), "9007199254740992.0"),
            (Value::Float64(1e15), "1000000000000000.0"),
            (Value::Float64(1e16), "1e16"),
            (Value::Float64(1e21), "1e21"),
            (Value::Float64(1e-5), "0.00001"),
            (Value::Float64(2.5e-5), "0.000025"),
            (Value::Float64(1e-7), "1e-7"),
            (Value::Float64(-1.5e-7), "-1.5e-7"),
            (Value::Float64(5e-324), "5e-324"),
            (Value::Float64(f64::MAX), "1.7976931348623157e308"),
            (Value::Float64(f64::NAN), r#"{"$float":"AAAAAAAA+H8="}"#),
            (Value::Float64(f64::INFINITY), r#"{"$float":"AAAAAAAA8H8="}"#),
            (Value::Float64(f64::NEG_INFINITY), r#"{"$float":"AAAAAAAA8P8="}"#),
            (Value::String("a\u{1}\n\"\\/\u{2028}ü".into()), "\"a\\u0001\\n\\\"\\\\/\u{2028}ü\""),
            (Value::Bytes(vec![0x00, 0x10, 0x83]), r#"{"$bytes":"ABCD"}"#),
            (Value::Bytes(Vec::new()), r#"{"$bytes":""}"#),
            (Value::Array(vec![Value::Int64(1), Value::Float64(1.0)]), "[1,1.0]"),
            (
                Value::Object(Document::from([("b".into(), Value::Null), ("A".into(), Value::Null)])),
                r#"{"A":null,"b":null}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&value).unwrap(), text);
        }
    }

    #[test]
    fn json_becomes_values() {
        let document = Value::document(json!({
            "int": 1, "float": 1.0, "wrapped": {"$integer": "ZAAAAAAAAAA="}, "nan": {"$float": "AAAAAAAA+H8="},
            "bytes": {"$bytes": "ABCD"}, "broken": {"$bytes": "?"}, "list": [null, {"$integer": "AAA="}],
        }));
        let expected = [
            ("int", Value::Int64(1)),
            ("float", Value::Float64(1.0)),
            ("wrapped", Value::Int64(100)),
            ("nan", Value::Float64(f64::NAN)),
            ("bytes", Value::Bytes(vec![0x00, 0x10, 0x83])),
            ("broken", Value::Object([("$bytes".to_owned(), Value::String("?".into()))].into())),
            (
                "list",
                Value::Array(vec![
                    Value::Null,
                    Value::Object([("$integer".to_owned(), Value::String("AAA=".into()))].into()),
                ]),
            ),
        ];
        assert_eq!(document, expected.map(|(name, value)| (name.to_owned(), value)).into());
        assert_eq!(Value::document(json!([1])), Document::new());
        assert_ne!(Value::Float64(0.0), Value::Float64(-0.0));
    }
}
