//! What a document holds, found out another way: level by level, by the spelling of each number.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use convex_mgmt_proto::deployment::data_sync::Value;
use serde::de::{self, Deserialize, Deserializer, MapAccess};
use serde_json::value::RawValue;

/// Deeper documents are not judged.
const DEEPEST: usize = 100;

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoValue {
    /// Something in it is no value of Convex's.
    Invalid,
    /// It is too deep to be judged here.
    TooDeep,
}

/// What a piece of JSON stands for.
///
/// # Errors
/// [`NoValue`], if it is not one of Convex's values or cannot be judged.
pub fn value(json: &str) -> Result<Value, NoValue> {
    value_at(json, 0)
}

/// Whether somebody has switched on the feature of serde_json by which its numbers are texts. Then it reads no number into a
/// type that serde buffers for, and numbers are alike only if they are spelt alike.
pub fn has_arbitrary_precision() -> bool {
    serde_json::from_str::<serde_json::Value>("1.00").is_ok_and(|number| format!("{number}").ends_with("00"))
}

/// The fields of a document.
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

/// Whether a name is that of a wrapper, which is one only as the first field.
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

/// All values, or why not. What cannot be judged makes the whole so, whatever else is wrong.
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

/// A number by its spelling.
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

/// An object's fields, in their order and as often as they are there.
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
    fn spelling_decides() {
        assert_eq!(value(" 1 "), Ok(Value::Int64(1)));
        assert_eq!(value("1.0"), Ok(Value::Float64(1.0)));
        assert_eq!(value(r#"{"$bytes":"AA=="}"#), Ok(Value::Bytes(vec![0])));
        for invalid in ["-0", "1e400", "9223372036854775808", r#"{"$float":""}"#, r#"{"$bytes":"AA==","a":1}"#] {
            assert_eq!(value(invalid), Err(NoValue::Invalid), "{invalid}");
        }
        assert_eq!(value(&("[-0,".to_owned() + &"[".repeat(110) + &"]".repeat(111))), Err(NoValue::TooDeep));
    }
}
