//! [`RawJson`]: JSON without a fixed shape, kept as the server spelled it.

use std::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::decode::{self, DecodeError, DecodeErrorKind};

/// JSON without a fixed shape, kept as text until it is read into a type.
///
/// `Debug` shows the length only. Two values are equal if their texts are equal.
#[derive(Clone)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// Keeps a text that is valid JSON.
    ///
    /// # Errors
    /// A [`DecodeError`] with the place of the first syntax error.
    pub fn parse(text: impl Into<String>) -> Result<Self, DecodeError> {
        // serde_json makes the value, and the reader locates the error.
        let text = text.into();
        decode::text::<IgnoredAny>(&text)?;
        let raw = RawValue::from_string(text).map_err(|_| DecodeError::new(DecodeErrorKind::Syntax))?;
        Ok(Self(raw))
    }

    /// Returns the JSON text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Deserializes the JSON into a type.
    ///
    /// The features of `serde_json` have no effect: an integer of more than 64 bits in a `serde_json::Value` is a float.
    ///
    /// # Errors
    /// A [`DecodeError`] with the place that does not fit the type.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, DecodeError> {
        decode::text(self.as_str())
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RawJson {}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.as_str().len())
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn keeps_the_spelling_and_reads_a_type_on_request() {
        let raw: RawJson = serde_json::from_str("{\"a\": 1.0,\"a\":2e0}").unwrap();
        assert_eq!(raw.as_str(), "{\"a\": 1.0,\"a\":2e0}");
        assert_eq!(serde_json::to_string(&raw).unwrap(), raw.as_str());
        assert_eq!(raw.read::<BTreeMap<String, f64>>().unwrap()["a"], 2.0);
        assert_eq!(raw.read::<BTreeMap<String, bool>>().unwrap_err().path, "a");
        assert_eq!(format!("{raw:?}"), "RawJson(18 bytes)");
    }

    #[test]
    fn rejects_text_that_is_not_json() {
        assert_eq!(RawJson::parse("{").unwrap_err().kind, DecodeErrorKind::Truncated);
        assert_eq!(RawJson::parse("[1]").unwrap(), serde_json::from_str("[1]").unwrap());
    }
}
