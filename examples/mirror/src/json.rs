//! The encoding of documents in `jsonb` columns, which keeps integers and floats apart.
//!
//! `jsonb` stores numbers as decimals and strings without U+0000, so three spellings need another form. Everything else stays as the server
//! spelled it.
//!
//! | value | the server's spelling | in `jsonb` |
//! | --- | --- | --- |
//! | 64-bit integer | `1` | `1` |
//! | float | `1.0`, `2.50` | the same: the number of decimals stays, so a float keeps its point |
//! | float with an exponent | `1e21`, `1.5e-7` | `1000000000000000000000.0`, `0.00000015` |
//! | negative zero | `-0.0` | `{"$float":"AAAAAAAAAIA="}`, like NaN and the infinities |
//! | string with U+0000 | `"a\u0000b"` | `{"$string":["a","b"]}`: the parts between the characters U+0000 |
//!
//! No key of a Convex object begins with `$`, so the wrappers are unambiguous. [`fields`] reads both forms.

use std::borrow::Cow;
use std::collections::BTreeMap;

use convex_mgmt::DecodeError;
use convex_mgmt::deployment::data_sync::{Document, Value};

/// The wrapper of negative zero: its 8 bytes, little-endian, as base64.
const NEGATIVE_ZERO: &str = r#"{"$float":"AAAAAAAAAIA="}"#;
/// The key of a wrapper of a string with U+0000.
const STRING: &str = "$string";

/// An error of a document that `jsonb` cannot store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key of a field contains U+0000, which PostgreSQL cannot store: rename the field")]
pub struct UnstorableKey;

/// Returns the document in the form for `jsonb`. Most documents stay as they are, and are not copied.
///
/// # Errors
/// [`UnstorableKey`]. Convex does not allow such keys.
pub fn to_jsonb(document: &Document) -> Result<Cow<'_, str>, UnstorableKey> {
    let text = document.as_str();
    let bytes = text.as_bytes();
    let mut changed = String::new();
    // The part of `text` before this is in `changed`.
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let replaced = match bytes[at] {
            b'"' => {
                let has_nul = skip_string(bytes, &mut at);
                match has_nul {
                    true if is_key(bytes, at) => return Err(UnstorableKey),
                    true => Some(split(&text[start..at])),
                    false => None,
                }
            }
            b'-' | b'0'..=b'9' => {
                at += bytes[at..].iter().take_while(|byte| is_of_number(**byte)).count();
                number(&text[start..at])
            }
            _ => {
                at += 1;
                None
            }
        };
        if let Some(replaced) = replaced {
            changed.push_str(&text[copied..start]);
            changed.push_str(&replaced);
            copied = at;
        }
    }
    if copied == 0 {
        return Ok(Cow::Borrowed(text));
    }
    changed.push_str(&text[copied..]);
    Ok(Cow::Owned(changed))
}

/// Moves `at` past the string that begins there. Returns `true` if the string contains U+0000.
fn skip_string(bytes: &[u8], at: &mut usize) -> bool {
    let mut has_nul = false;
    *at += 1;
    while let Some(byte) = bytes.get(*at) {
        match byte {
            b'"' => {
                *at += 1;
                break;
            }
            b'\\' => {
                has_nul |= bytes[*at..].starts_with(br"\u0000");
                *at += 2;
            }
            _ => *at += 1,
        }
    }
    *at = (*at).min(bytes.len());
    has_nul
}

/// Returns `true` if a colon follows.
fn is_key(bytes: &[u8], at: usize) -> bool {
    bytes[at..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Returns the wrapper of a string, in its JSON spelling, that contains U+0000.
fn split(string: &str) -> String {
    let mut parts = String::with_capacity(string.len() + 16);
    parts.push_str("{\"$string\":[");
    let mut rest = string;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        parts.push_str(before);
        if let Some(after) = escape.strip_prefix(r"\u0000") {
            parts.push_str("\",\"");
            rest = after;
        } else {
            let (escape, after) = escape.split_at(escape.len().min(2));
            parts.push_str(escape);
            rest = after;
        }
    }
    parts.push_str(rest);
    parts.push_str("]}");
    parts
}

/// Returns the other spelling of a number, if it needs one.
fn number(spelled: &str) -> Option<String> {
    let has_exponent = spelled.contains(['e', 'E']);
    let may_be_negative_zero = spelled.starts_with("-0") && spelled.contains('.');
    if !has_exponent && !may_be_negative_zero {
        return None;
    }
    let value: f64 = spelled.parse().ok()?;
    if value == 0.0 && value.is_sign_negative() {
        return Some(NEGATIVE_ZERO.to_owned());
    }
    if !has_exponent || !value.is_finite() {
        return None;
    }
    // `Display` never writes an exponent, and writes as many digits as the float needs.
    let mut decimal = value.to_string();
    if !decimal.contains('.') {
        decimal.push_str(".0");
    }
    Some(decimal)
}

/// Reads a document of a mirror, from `jsonb` or as the server spelled it.
///
/// # Errors
/// A [`DecodeError`] if the text is not a document.
pub fn fields(text: &str) -> Result<BTreeMap<String, Value>, DecodeError> {
    let mut fields = Document::parse(text.to_owned())?.fields()?;
    fields.values_mut().for_each(join);
    Ok(fields)
}

/// Replaces wrappers of strings by the strings.
fn join(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(join),
        Value::Object(object) => {
            if let Some(string) = joined(object) {
                *value = Value::String(string);
            } else {
                object.values_mut().for_each(join);
            }
        }
        _ => {}
    }
}

fn joined(object: &BTreeMap<String, Value>) -> Option<String> {
    let Value::Array(parts) = object.get(STRING).filter(|_| object.len() == 1)? else { return None };
    let parts = parts.iter().map(|part| if let Value::String(part) = part { Some(part.as_str()) } else { None });
    Some(parts.collect::<Option<Vec<_>>>()?.join("\0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(field: &str) -> Document {
        Document::parse(format!(r#"{{"_id":"x","a":{field}}}"#)).unwrap()
    }

    /// Returns the form of a field in `jsonb`.
    fn stored(field: &str) -> String {
        let document = document(field);
        let stored = to_jsonb(&document).unwrap();
        assert_eq!(fields(&stored).unwrap(), fields(document.as_str()).unwrap(), "{field}");
        stored.strip_prefix(r#"{"_id":"x","a":"#).unwrap().strip_suffix('}').unwrap().to_owned()
    }

    #[test]
    fn leaves_what_jsonb_keeps_as_it_is() {
        for field in [
            "1",
            "-9223372036854775808",
            "1.0",
            "1000000000000000.0",
            "-0.5",
            "0.0",
            r#""1e21 -0.0 \\u0000 \"""#,
            r#"{"$bytes":"ABCD"}"#,
            r#"{"$float":"AAAAAAAA+H8="}"#,
            "[true,false,null,{},[]]",
        ] {
            assert!(matches!(to_jsonb(&document(field)), Ok(Cow::Borrowed(_))), "{field}");
            assert_eq!(stored(field), field);
        }
    }

    #[test]
    fn floats_with_an_exponent_become_decimals_with_a_point() {
        assert_eq!(stored("1e16"), "10000000000000000.0");
        assert_eq!(stored("-1.5E+3"), "-1500.0");
        assert_eq!(stored("1e-7"), "0.0000001");
        assert_eq!(stored("[1e21,2,{\"b\":3e1}]"), "[1000000000000000000000.0,2,{\"b\":30.0}]");
        for extreme in ["5e-324", "1.7976931348623157e308", "2.2250738585072014e-308"] {
            let decimal = stored(extreme);
            assert_eq!(decimal.parse::<f64>().unwrap().to_bits(), extreme.parse::<f64>().unwrap().to_bits());
            assert!(decimal.contains('.') && !decimal.contains('e'));
        }
    }

    #[test]
    fn negative_zero_is_wrapped_and_zero_is_not() {
        for spelled in ["-0.0", "-0.00", "-0e5"] {
            assert_eq!(stored(spelled), NEGATIVE_ZERO, "{spelled}");
        }
        assert_eq!(stored("-0.01"), "-0.01");
    }

    #[test]
    fn strings_with_nul_are_split() {
        assert_eq!(stored(r#""a\u0000b""#), r#"{"$string":["a","b"]}"#);
        assert_eq!(stored(r#""\u0000\\\u0000\"""#), r#"{"$string":["","\\","\""]}"#);
        assert_eq!(stored(r#"[{"k":"\u0000"}]"#), r#"[{"k":{"$string":["",""]}}]"#);
    }

    #[test]
    fn a_key_with_nul_is_an_error() {
        assert_eq!(to_jsonb(&document(r#"{"a\u0000" : 1}"#)), Err(UnstorableKey));
    }

    #[test]
    fn an_object_that_only_resembles_a_wrapper_stays_an_object() {
        for field in [r#"{"$string":1}"#, r#"{"$string":[1]}"#, r#"{"$string":["a"],"b":1}"#] {
            let read = fields(document(field).as_str()).unwrap();
            assert!(matches!(read["a"], Value::Object(_)), "{field}");
        }
    }
}
