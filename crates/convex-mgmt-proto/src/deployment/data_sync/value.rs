//! [`Value`]: a value of any type in a document.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::export::{self, BYTES, FLOAT};

/// A value of any type in a document. Source: convex-backend `crates/value/src/export.rs`.
///
/// Integers and floats are distinct: `1` is not `1.0`. Equality compares the bits of floats, so NaN equals itself, and `-0.0`
/// does not equal `0.0`.
///
/// The JSON form is the server's. A JSON writer may spell a float in another way than the server (`1e+21` for `1e21`), but
/// always as a float.
///
/// In a field that serde buffers (`flatten`, `untagged`, `tag`), bytes of length 0 are read as an empty [`Value::Array`],
/// because serde keeps an empty list for both. [`Document::fields`](super::Document::fields) and fields that are not buffered
/// distinguish them.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A 64-bit integer.
    Int64(i64),
    /// A 64-bit float, including NaN and the infinities.
    Float64(f64),
    /// A string. Ids are strings, too.
    String(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list.
    Array(Vec<Value>),
    /// An object.
    Object(BTreeMap<String, Value>),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Boolean(one), Self::Boolean(two)) => one == two,
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

impl Eq for Value {}

macro_rules! from {
    ($($content:ty => $variant:ident),+ $(,)?) => { $(
        impl From<$content> for Value {
            fn from(content: $content) -> Self {
                Self::$variant(content.into())
            }
        }
    )+ };
}

from! {
    bool => Boolean,
    i64 => Int64,
    i32 => Int64,
    f64 => Float64,
    String => String,
    &str => String,
    Vec<u8> => Bytes,
    Vec<Value> => Array,
    BTreeMap<String, Value> => Object,
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
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Int64(value) => serializer.serialize_i64(*value),
            Self::Float64(value) if value.is_finite() => serializer.serialize_f64(*value),
            Self::Float64(value) => wrapper(serializer, FLOAT, &value.to_le_bytes()),
            Self::String(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => wrapper(serializer, BYTES, bytes),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(fields) => serializer.collect_map(fields),
        }
    }
}

/// Decodes the content of a wrapper.
fn wrapped<E: de::Error>(name: &str, text: &str) -> Result<Value, E> {
    // The error does not quote the content, which may be secret.
    let bytes = STANDARD.decode(text).map_err(|_| E::custom("invalid wrapper, expected base64"))?;
    if name == BYTES {
        return Ok(Value::Bytes(bytes));
    }
    let bytes = bytes.try_into().map_err(|_| E::custom("invalid wrapper, expected 8 bytes"))?;
    Ok(Value::Float64(f64::from_le_bytes(bytes)))
}

/// The key of the map that serde_json passes for a number if its feature `arbitrary_precision` is on.
const NUMBER: &str = "$serde_json::private::Number";

/// Returns `true` if the reader of documents produced a value, directly or through a buffer of serde.
fn is_of_reader<E>() -> bool {
    std::any::type_name::<E>() == std::any::type_name::<export::Error>()
}

/// Reads a value and counts `u8` values. The reader of documents passes a `u8` only for a byte of buffered bytes.
struct Any<'a> {
    bytes: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for Any<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_newtype_struct(export::VALUE, self)
    }
}

impl<'de> Visitor<'de> for Any<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Convex value")
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int64(value))
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value).map(Value::Int64).map_err(|_| E::custom("invalid value, expected i64"))
    }
    fn visit_u8<E>(self, value: u8) -> Result<Value, E> {
        *self.bytes += 1;
        Ok(Value::Int64(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float64(value))
    }
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }
    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }
    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(bytes.to_vec()))
    }
    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(bytes))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let (mut items, mut bytes) = (Vec::new(), 0);
        while let Some(item) = seq.next_element_seed(Any { bytes: &mut bytes })? {
            items.push(item);
        }
        if bytes > 0 && is_of_reader::<A::Error>() {
            let byte = |item: &Value| if let Value::Int64(byte) = item { u8::try_from(*byte).ok() } else { None };
            return Ok(Value::Bytes(items.iter().filter_map(byte).collect()));
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some(Name(name)) = map.next_key()? {
            fields.insert(name, map.next_value()?);
        }
        if is_of_reader::<A::Error>() {
            return Ok(Value::Object(fields));
        }
        // Other readers do not decode wrappers. serde_json may pass a number as a map.
        match fields.first_key_value() {
            Some((name, Value::String(text))) if fields.len() == 1 && (name == FLOAT || name == BYTES) => {
                wrapped(name, text)
            }
            Some((name, Value::String(text))) if fields.len() == 1 && name == NUMBER => {
                export::read(text).map_err(|_| de::Error::custom("invalid value, expected i64"))
            }
            _ => Ok(Value::Object(fields)),
        }
    }
}

/// The name of a field. The reader of documents lets serde buffer an integer that is too large as a map whose key is a float.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(name.to_owned()))
            }
            fn visit_string<E>(self, name: String) -> Result<Name, E> {
                Ok(Name(name))
            }
            fn visit_f64<E: de::Error>(self, float: f64) -> Result<Name, E> {
                let expected = if is_of_reader::<E>() { export::INTEGER } else { "a string" };
                Err(E::invalid_type(de::Unexpected::Float(float), &expected))
            }
        }

        deserializer.deserialize_any(NameVisitor)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Any { bytes: &mut 0 }.deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Document;
    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Boolean),
            any::<i64>().prop_map(Value::Int64),
            // Includes NaNs with any payload, infinities, both zeros and subnormals.
            any::<u64>().prop_map(|bits| Value::Float64(f64::from_bits(bits))),
            prop_oneof![Just(0.0), Just(-0.0), Just(1.0), Just(1e21), Just(5e-324), Just(f64::NAN)]
                .prop_map(Value::Float64),
            ".{0,8}".prop_map(Value::String),
            proptest::collection::vec(any::<u8>(), 0..9).prop_map(Value::Bytes),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
                proptest::collection::btree_map("[a-z_][ -~]{0,5}", inner, 0..5).prop_map(Value::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_back_every_value_bit_by_bit(value in any_value()) {
            let fields = BTreeMap::from([("field".to_owned(), value), ("_id".to_owned(), "x".into())]);
            let json = serde_json::to_string(&fields).unwrap();
            prop_assert_eq!(&serde_json::from_str::<BTreeMap<String, Value>>(&json).unwrap(), &fields);
            prop_assert_eq!(Document::parse(json).unwrap().fields().unwrap(), fields);
        }
    }

    #[test]
    fn distinguishes_integers_and_floats_by_their_spelling() {
        let read = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        assert_eq!(read("1"), Value::Int64(1));
        assert_eq!(read("1.0"), Value::Float64(1.0));
        assert_eq!(read("-0.0"), Value::Float64(-0.0));
        assert_ne!(read("-0.0"), read("0.0"));
        assert_eq!(read("1e16"), Value::Float64(1e16));
        assert_eq!(read("-9223372036854775808"), Value::Int64(i64::MIN));
        assert_eq!(read(r#"{"$float":"AAAAAAAA+H8="}"#), Value::Float64(f64::NAN));
        assert_eq!(read(r#"{"$bytes":"ABCD"}"#), Value::Bytes(vec![0x00, 0x10, 0x83]));
        let write = |value: Value| serde_json::to_string(&value).unwrap();
        assert_eq!(write(1.into()), "1");
        assert_eq!(write(1.0.into()), "1.0");
        assert_eq!(write((-0.0).into()), "-0.0");
        assert_eq!(write(f64::INFINITY.into()), r#"{"$float":"AAAAAAAA8H8="}"#);
    }
}
