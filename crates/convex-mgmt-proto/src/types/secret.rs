//! [`Secret`]: text that is not shown by accident.

use std::any::type_name;
use std::fmt;

use serde::de::{self, IgnoredAny, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::types::json::{self, unescape};

/// A confidential text: a key, a token, the value of an environment variable.
///
/// * `Debug` prints `[redacted]`. There is no `Display` and no `Serialize`, so [`Secret::expose`] is the only access to the text,
///   and easy to search for. Types that contain secrets implement `Serialize` only with the feature `serde-all`; they then write
///   secrets in clear text. An environment plan serializes names only.
/// * The memory is wiped on drop. The body of a request is wiped when its last clone is dropped. Deserializing from JSON leaves no
///   other copy. The buffer of a response, and copies that a transport makes, are not wiped.
/// * `==` takes constant time for texts of equal length.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text. There is no other access to it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the length of the text in bytes of UTF-8.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        // `zeroize` fills unused capacity at once, and the content byte by byte.
        self.0.clear();
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<&String> for Secret {
    fn from(text: &String) -> Self {
        Self::new(text)
    }
}

/// Serializes a secret in clear text, for fields that opt in.
pub(crate) fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// Serializes an optional secret in clear text, for fields that opt in.
pub(crate) fn exposed_if_some<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

/// The name with which serde_json returns the raw JSON of a value. If a version of serde_json stops doing so, the value is read as
/// any other string, and serde_json leaves a copy of a text with escapes in memory.
const RAW_JSON: &str = "$serde_json::private::RawValue";

/// Reads the raw JSON, because serde_json unescapes strings in memory that it does not wipe. The reader of this library has a name
/// of its own for secrets.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Other formats, such as RON, would expect the name in the input.
        if type_name::<D::Error>() == type_name::<json::Error>() {
            deserializer.deserialize_newtype_struct(json::SECRET, SecretVisitor)
        } else if type_name::<D::Error>() == type_name::<serde_json::Error>() {
            deserializer.deserialize_newtype_struct(RAW_JSON, SecretVisitor)
        } else {
            deserializer.deserialize_string(SecretVisitor)
        }
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Secret, D::Error> {
        deserializer.deserialize_string(self)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::new(text))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Secret, E> {
        Ok(Secret::new(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
        map.next_key::<IgnoredAny>()?;
        // The error is made here, where its path does not lead through the map.
        map.next_value::<Raw>()?.0.ok_or_else(|| de::Error::invalid_type(Unexpected::Other("something else"), &self))
    }
}

/// The text of a raw JSON value; `None` if the value is not a valid string.
struct Raw(Option<Secret>);

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;
        impl Visitor<'_> for RawVisitor {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_str<E: de::Error>(self, json: &str) -> Result<Raw, E> {
                Ok(Raw(unescaped(json)))
            }

            fn visit_string<E: de::Error>(self, json: String) -> Result<Raw, E> {
                self.visit_str(&Zeroizing::new(json))
            }
        }
        deserializer.deserialize_str(RawVisitor)
    }
}

/// Returns the text of a JSON string. `None` for any other value, and for one half of a UTF-16 surrogate pair.
fn unescaped(json: &str) -> Option<Secret> {
    let content = json.trim_ascii().strip_prefix('"')?.strip_suffix('"')?;
    // The capacity suffices: a reallocation would leave a copy behind.
    let mut text = Secret(String::with_capacity(content.len()));
    unescape(content, &mut text.0)?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn debug_shows_no_text() {
        assert_eq!(format!("{:?} {:#?}", Secret::new("canary"), Secret::new("canary")), "[redacted] [redacted]");
    }

    #[test]
    fn compares_the_texts() {
        assert_eq!(Secret::new("a"), Secret::new("a"));
        assert_ne!(Secret::new("a"), Secret::new("b"));
        assert_ne!(Secret::new("a"), Secret::new("aa"));
    }

    #[test]
    fn copies_a_borrowed_string() {
        let text = String::from("a");
        assert_eq!([Secret::from(&text), Secret::from(text.as_str())], [Secret::new("a"), Secret::from(text)]);
    }

    fn read(json: &str) -> serde_json::Result<Secret> {
        serde_json::from_str(json)
    }

    #[test]
    fn reads_json_from_every_source() {
        let json = r#" "\"\\\/\b\f\n\r\t\u00e9\ud83d\uDE00é" "#;
        let text = "\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f600}\u{e9}";
        assert_eq!(read(json).unwrap().expose(), text);
        assert_eq!(serde_json::from_reader::<_, Secret>(json.as_bytes()).unwrap().expose(), text);
        assert_eq!(serde_json::from_value::<Secret>(text.into()).unwrap().expose(), text);
        let plain = de::value::StrDeserializer::<de::value::Error>::new(text);
        assert_eq!(Secret::deserialize(plain).unwrap().expose(), text);
    }

    /// A format that writes the name of a newtype, as RON does.
    struct NamesNewtypes(&'static str);

    impl<'de> Deserializer<'de> for NamesNewtypes {
        type Error = de::value::Error;

        fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            visitor.visit_str(self.0)
        }

        fn deserialize_newtype_struct<V: Visitor<'de>>(
            self,
            name: &'static str,
            _: V,
        ) -> Result<V::Value, Self::Error> {
            Err(de::Error::custom(format!("expected `{name}(`")))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
            seq tuple tuple_struct map struct enum identifier ignored_any
        }
    }

    #[test]
    fn reads_formats_that_name_newtypes() {
        assert_eq!(Secret::deserialize(NamesNewtypes("a\n")).unwrap().expose(), "a\n");
    }

    #[test]
    fn reads_flattened_and_optional_fields() {
        #[derive(Deserialize)]
        struct Flat {
            #[serde(flatten)]
            inner: Inner,
        }
        #[derive(Deserialize)]
        struct Inner {
            secret: Option<Secret>,
        }
        let inner: Flat = serde_json::from_str(r#"{"secret":"a\nb"}"#).unwrap();
        assert_eq!(inner.inner.secret.unwrap().expose(), "a\nb");
        assert!(serde_json::from_str::<Inner>(r#"{"secret":null}"#).unwrap().secret.is_none());
    }

    #[test]
    fn rejects_other_values_without_showing_them() {
        for json in [
            "7",
            "null",
            "{\"canary\":1}",
            "[\"canary\"]",
            r#""\ud83d""#,
            r#""\ud83dx""#,
            r#""\ude00""#,
            r#""\ud83d\u0041""#,
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains("expected a string") && !error.contains("canary"), "{json}: {error}");
        }
        for json in [r#""\x""#, r#""\u12""#, "\"", "\"a\nb\"", r#""\u+123""#] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn reads_any_text_as_serde_json_does(text in "\\PC{0,20}", more in "[\u{0}-\u{20}\u{10000}-\u{10010}\"\\\\]{0,10}") {
            let text = format!("{text}{more}");
            let json = serde_json::to_string(&text).unwrap();
            let by_units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            for json in [json, format!("\"{by_units}\"")] {
                let secret = read(&json).unwrap();
                prop_assert_eq!(secret.expose(), &text);
            }
        }

        #[test]
        fn reads_any_escapes_as_serde_json_does(escapes in "(\\\\u(d8|dc|00)[0-9a-f]{2}|\\\\[nt\"\\\\]|x){0,6}") {
            let json = format!("\"{escapes}\"");
            let expected: Option<String> = serde_json::from_str(&json).ok();
            prop_assert_eq!(read(&json).ok().map(|secret| secret.expose().to_owned()), expected);
        }
    }
}
