//! [`RawJson`]: JSON without a fixed shape, kept as the server spelt it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::response::{DecodeError, decode};

/// A piece of JSON whose shape is not fixed, kept as text until it is asked for.
///
/// `Debug` tells its length only. Equal if spelt alike.
#[derive(Clone)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// Checks that a text is JSON, and keeps it.
    ///
    /// # Errors
    /// A [`DecodeError`] that says where it is not.
    pub fn parse(text: impl Into<String>) -> Result<Self, DecodeError> {
        RawValue::from_string(text.into()).map(Self).map_err(|error| decode::locate(&error, || None))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Reads it into a type.
    ///
    /// # Errors
    /// A [`DecodeError`] that says where it does not fit the type.
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

/// Appends the text that the content of a JSON string stands for: what is between its quotes. `None` if an escape is not one of
/// JSON's, or is half a character of UTF-16; `into` holds the part before it then.
///
/// No text is longer than its spelling, so a buffer that has room for that is not moved.
pub(crate) fn unescape(content: &str, into: &mut String) -> Option<()> {
    let mut rest = content;
    while let Some((plain, escape)) = rest.split_once('\\') {
        into.push_str(plain);
        let mut after = escape.chars();
        let character = match after.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (character, tail) = utf16(after.as_str())?;
                after = tail.chars();
                character
            }
            same @ ('"' | '\\' | '/') => same,
            _ => return None,
        };
        into.push(character);
        rest = after.as_str();
    }
    into.push_str(rest);
    Some(())
}

/// The character that a text begins with, in one unit of UTF-16 or in two with an escape between, and the rest.
fn utf16(text: &str) -> Option<(char, &str)> {
    let unit = |text: &'_ str| -> Option<u16> {
        let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (first, tail) = (unit(text)?, text.get(4..)?);
    let (second, tail) = match first {
        0xD800..0xDC00 => {
            let text = tail.strip_prefix("\\u")?;
            (Some(unit(text)?), text.get(4..)?)
        }
        _ => (None, tail),
    };
    let character = char::decode_utf16([first].into_iter().chain(second)).next()?.ok()?;
    Some((character, tail))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_spelling_is_kept_and_a_type_is_read_on_request() {
        let raw: RawJson = serde_json::from_str("{\"a\": 1.0,\"a\":2e0}").unwrap();
        assert_eq!(raw.as_str(), "{\"a\": 1.0,\"a\":2e0}");
        assert_eq!(serde_json::to_string(&raw).unwrap(), raw.as_str());
        assert_eq!(raw.read::<BTreeMap<String, f64>>().unwrap()["a"], 2.0);
        assert_eq!(raw.read::<BTreeMap<String, bool>>().unwrap_err().path, "a");
        assert_eq!(format!("{raw:?}"), "RawJson(18 bytes)");
    }

    #[test]
    fn what_is_no_json_is_not_kept() {
        assert_eq!(RawJson::parse("{").unwrap_err().kind, crate::DecodeErrorKind::Truncated);
        assert_eq!(RawJson::parse("[1]").unwrap(), serde_json::from_str("[1]").unwrap());
    }
}
