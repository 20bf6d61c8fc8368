//! The values of a document, found independently of the library: level by level, by the spelling of each number.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use convex_mgmt_proto::deployment::data_sync::Value;
use serde::de::{self, Deserialize, Deserializer, MapAccess};
use serde_json::value::RawValue;

/// The maximum depth of a document. Deeper ones have no expected value.
const DEEPEST: usize = 100;

/// The reason for the absence of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoValue {
    /// It contains something that is not a Convex value.
    Invalid,
    /// It is too deep for this module.
    TooDeep,
}

/// Returns the value of a JSON text.
///
/// # Errors
/// [`NoValue`] if it is not a Convex value, or is too deep.
pub fn value(json: &str) -> Result<Value, NoValue> {
    value_at(json, 0)
}

/// Returns `true` if the feature `arbitrary_precision` of serde_json is on. serde_json then keeps numbers as text: it reads no
/// number into a type that serde buffers, and two numbers are equal only if their spelling is.
pub fn has_arbitrary_precision() -> bool {
    serde_json::from_str::<serde_json::Value>("1.00").is_ok_and(|number| format!("{number}").ends_with("00"))
}

/// Returns the fields of a document.
///
/// # Errors
/// [`NoValue`], as for [`value`].
pub fn fields(json: &str) -> Result<BTreeMap<String, Value>, NoValue> {
    let Fields(fields) = serde_json::from_str(json).map_err(|_| NoValue::Invalid)?;
    if fields.first().is_some_and(|(name, _)| is_wrapper(name)) {
        return Err(NoValue::Invalid);
    }
    each(fields, 1)
}

/// Returns `true` for the names of wrappers. An object is a wrapper only if such a name is its first field.
pub fn is_wrapper(name: &str) -> bool {
    name == "$float" || name == "$bytes"
}

fn value_at(json: &str, depth: usize) -> Result<Value, NoValue> {
    if depth > DEEPEST {
        return Err(NoValue::TooDeep);
    }
    let invalid = |_| NoValue::Invalid;
    match json.trim_ascii().as_bytes().first() {
        Some(b'n') => Ok(Value::Null),
        Some(b't') => Ok(Value::Boolean(true)),
        Some(b'f') => Ok(Value::Boolean(false)),
        Some(b'"') => serde_json::from_str(json).map(Value::String).map_err(invalid),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json).map_err(invalid)?;
            let items: Vec<Result<Value, NoValue>> =
                items.into_iter().map(|item| value_at(item.get(), depth + 1)).collect();
            first_too_deep(items).map(Value::Array)
        }
        Some(b'{') => {
            let Fields(fields) = serde_json::from_str(json).map_err(invalid)?;
            match &fields[..] {
                [(name, content)] if is_wrapper(name) => wrapped(name, content),
                [(name, _), ..] if is_wrapper(name) => Err(NoValue::Invalid),
                _ => each(fields, depth + 1).map(Value::Object),
            }
        }
        _ => number(json.trim_ascii()),
    }
}

fn each(fields: Vec<(String, Box<RawValue>)>, depth: usize) -> Result<BTreeMap<String, Value>, NoValue> {
    let (names, contents): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let values = contents.iter().map(|content| value_at(content.get(), depth)).collect();
    Ok(names.into_iter().zip(first_too_deep(values)?).collect())
}

/// Returns all values, or the reason for the absence of one. Too deep takes precedence over invalid.
fn first_too_deep(values: Vec<Result<Value, NoValue>>) -> Result<Vec<Value>, NoValue> {
    if values.contains(&Err(NoValue::TooDeep)) {
        return Err(NoValue::TooDeep);
    }
    values.into_iter().collect()
}

fn wrapped(name: &str, content: &RawValue) -> Result<Value, NoValue> {
    let text: String = serde_json::from_str(content.get()).map_err(|_| NoValue::Invalid)?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| NoValue::Invalid)?;
    if name == "$bytes" {
        return Ok(Value::Bytes(bytes));
    }
    let bytes: [u8; 8] = bytes.try_into().map_err(|_| NoValue::Invalid)?;
    Ok(Value::Float64(f64::from_le_bytes(bytes)))
}

/// Returns the value of a number by its spelling.
fn number(lexeme: &str) -> Result<Value, NoValue> {
    if lexeme.contains(['.', 'e', 'E']) {
        let float: f64 = lexeme.parse().map_err(|_| NoValue::Invalid)?;
        return if float.is_finite() { Ok(Value::Float64(float)) } else { Err(NoValue::Invalid) };
    }
    match lexeme.parse() {
        Ok(integer) if lexeme != "-0" => Ok(Value::Int64(integer)),
        _ => Err(NoValue::Invalid),
    }
}

/// The fields of an object in their order, with repeated names.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> de::Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_decides_the_type_of_a_number() {
        assert_eq!(value(" 1 "), Ok(Value::Int64(1)));
        assert_eq!(value("1.0"), Ok(Value::Float64(1.0)));
        assert_eq!(value(r#"{"$bytes":"AA=="}"#), Ok(Value::Bytes(vec![0])));
        for invalid in ["-0", "1e400", "9223372036854775808", r#"{"$float":""}"#, r#"{"$bytes":"AA==","a":1}"#] {
            assert_eq!(value(invalid), Err(NoValue::Invalid), "{invalid}");
        }
        assert_eq!(value(&("[-0,".to_owned() + &"[".repeat(110) + &"]".repeat(111))), Err(NoValue::TooDeep));
    }
}
