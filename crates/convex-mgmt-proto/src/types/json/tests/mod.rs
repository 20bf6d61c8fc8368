//! Tests of the reader: comparison with serde_json type by type, wrappers, errors and limits.

mod types;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::value::RawValue;

use self::types::{DYNAMIC, External, FlatStruct, Internal, LARGE, Struct, TEXTS, TYPED, Whole, both, both_raw, plain};
use super::*;
use crate::deployment::data_sync::Value;
use crate::response::{DecodeError, DecodeErrorKind, decode};

/// Reads a document.
fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, DecodeError> {
    decode::read::<Export, T>(text)
}

#[test]
fn reads_each_type_as_serde_json_does() {
    for (name, both, _) in TYPED.iter().chain(DYNAMIC) {
        // As bytes, serde_json accepts invalid strings: with half a surrogate pair, or with a line feed.
        let wanted = |text: &&&str| !(name.contains("Whole") && (text.contains(r"\ud") || text.contains('\n')));
        let read = TEXTS.iter().filter(wanted).filter(|text| both(text)).count();
        assert!((1..TEXTS.len()).contains(&read), "{name} is read from {read} texts");
    }
    assert!(TEXTS.iter().filter(|text| both_raw(text)).count() > 1);
    LARGE.iter().for_each(|text| TYPED.iter().for_each(|(_, both, _)| _ = both(text)));
    LARGE.iter().for_each(|text| DYNAMIC.iter().for_each(|(_, _, plain)| _ = plain(text)));
}

#[test]
fn checks_only_the_syntax_of_fields_that_a_type_lacks() {
    for text in TEXTS.iter().chain(LARGE) {
        let valid = serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert_eq!(read::<IgnoredAny>(text).is_ok(), valid, "{text}");
        let within = format!(r#"{{"z":{text},"a":1}}"#);
        assert_eq!(read::<Struct>(&within).is_ok(), valid && !text.trim().is_empty(), "{text}");
        assert_eq!(read::<&RawValue>(&within).is_ok(), valid, "{text}");
    }
}

/// JSON with any spacing and spelling. It has few names and values, so that it often fits a type.
fn json() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<i64>().prop_map(|integer| integer.to_string()),
        (-300..300_i64).prop_map(|integer| integer.to_string()),
        any::<f64>().prop_filter_map("JSON has no such number", |float| serde_json::to_string(&float).ok()),
        any::<f32>().prop_map(|float| format!("{float:?}")).prop_filter("no number", |text| !text.contains(['n', 'N'])),
        r"-?(0|[1-9][0-9]{0,20})\.[0-9]{1,20}([eE][+-]?[0-9]{1,2})?",
    ];
    let name = || {
        prop_oneof![
            proptest::sample::select(&["a", "b", "c", "d", "e", "type", "Ok", "Err", "1", "-1", "true", "\\u0061"][..])
                .prop_map(str::to_owned),
            r#"([ -!#-\[\]-~é😀]|\\[nt"\\/]|\\u00[0-7][0-9a-fA-F]|\\ud83d\\ude0[0-9a-f]){0,20}"#,
        ]
    };
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        number,
        name().prop_map(|text| format!("\"{text}\"")),
    ];
    let space = || proptest::sample::select(&["", "", "", " ", "\n\t", "\r\n  "][..]);
    leaf.prop_recursive(4, 30, 4, move |inner| {
        prop_oneof![
            (vec(inner.clone(), 0..4), space())
                .prop_map(|(items, space)| format!("[{space}{}{space}]", items.join(&format!("{space},")))),
            (vec((name(), inner), 0..4), space()).prop_map(|(fields, space)| {
                let fields = fields.iter().map(|(name, value)| format!("{space}\"{name}\"{space}:{space}{value}"));
                format!("{{{}{space}}}", fields.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn reads_any_json_as_serde_json_does(text in json()) {
        TYPED.iter().chain(DYNAMIC).for_each(|(_, both, _)| _ = both(&text));
        both_raw(&text);
        prop_assert!(read::<IgnoredAny>(&text).is_ok());
    }

    #[test]
    fn accepts_a_text_as_json_exactly_if_serde_json_does(text in json(), other in ".{0,4}", place in any::<prop::sample::Index>()) {
        let mut broken: Vec<char> = text.chars().collect();
        let place = place.index(broken.len() + 1);
        broken.splice(place..(place + 1).min(broken.len()), other.chars());
        let broken: String = broken.into_iter().collect();
        prop_assert_eq!(read::<IgnoredAny>(&broken).is_ok(), serde_json::from_str::<IgnoredAny>(&broken).is_ok());
        both::<String>(&broken);
        both::<Vec<f64>>(&broken);
        both::<Struct>(&broken);
        plain::<serde_json::Value>(&broken);
        // A float may have become a large integer, which a document must not have.
        if !read::<serde_json::Value>(&broken).is_err_and(|error| error.expected == INTEGER) {
            both::<serde_json::Value>(&broken);
        }
    }

    #[test]
    fn locates_a_syntax_error_where_the_text_stops_being_a_prefix_of_json(text in json(), other in "[ -~]{1,2}", place in any::<prop::sample::Index>()) {
        let mut broken: Vec<char> = text.chars().collect();
        let place = place.index(broken.len() + 1);
        broken.splice(place..(place + 1).min(broken.len()), other.chars());
        let broken: String = broken.into_iter().collect();
        if let Err(error) = read::<IgnoredAny>(&broken)
            && error.kind == DecodeErrorKind::Syntax
        {
            let lines: usize = broken.split_inclusive('\n').take(error.line - 1).map(str::len).sum();
            let before = serde_json::from_str::<IgnoredAny>(&broken[..lines + error.column - 1]);
            prop_assert!(before.as_ref().err().is_none_or(serde_json::Error::is_eof), "{broken:?}: {error}, {before:?}");
        }
    }

    #[test]
    fn reads_bytes_and_floats_wherever_serde_buffers(bytes in vec(any::<u8>(), 0..20), bits in any::<u64>()) {
        let float = f64::from_bits(bits);
        let (bytes64, float64) = (STANDARD.encode(&bytes), STANDARD.encode(float.to_le_bytes()));
        let text = format!(
            r#"{{"type":"held","bytes":{{"$bytes":"{bytes64}"}},"whole":{{ "$bytes" : "{bytes64}" }},
            "shared":{{"\u0024bytes":"{bytes64}"}},"float":{{"$float":"{float64}"}},"more":{{"$float":"{float64}"}}}}"#
        );
        let is_right = |held: &Held| held.bytes == bytes && held.whole.0 == bytes && held.float.to_bits() == bits;
        prop_assert!(is_right(&read(&text).unwrap()));
        let Tagged::Held(held) = read(&text).unwrap();
        prop_assert!(is_right(&held));
        let Choice::Held(held) = read(&text).unwrap() else { panic!("another choice") };
        prop_assert!(is_right(&held));
        let Flattened { held, rest } = read(&text).unwrap();
        prop_assert!(is_right(&held));
        prop_assert_eq!(&rest["more"], &Value::Float64(float));
        prop_assert_eq!(read::<Vec<Union>>(&format!(r#"[{{"$bytes":"{bytes64}"}},{{"$float":"{float64}"}},"x"]"#)).unwrap(), [
            Union::Bytes(bytes), Union::Float(float.to_bits()), Union::Text("x".to_owned()),
        ]);
    }
}

#[derive(Debug, Deserialize)]
struct Held {
    bytes: Vec<u8>,
    whole: Whole,
    float: f64,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Tagged {
    Held(Held),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Choice {
    #[allow(dead_code, reason = "never chosen")]
    Number(i64),
    Held(Held),
}

#[derive(Debug, Deserialize)]
struct Flattened {
    #[serde(flatten)]
    held: Held,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// An ordinary untagged union. Bytes must not be read as text.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Union {
    Text(String),
    #[serde(deserialize_with = "bits")]
    Float(u64),
    Bytes(Vec<u8>),
}

fn bits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    f64::deserialize(deserializer).map(f64::to_bits)
}

#[test]
fn distinguishes_buffered_bytes_from_lists_of_numbers() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Rest {
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }

    let text = r#"{"bytes":{"$bytes":"AQI="},"list":[1,2],"in":[{"$bytes":"AQ=="},{"a":{"$bytes":"YWJj"}}],"none":{"$bytes":""}}"#;
    let mut direct: BTreeMap<String, Value> = read(text).unwrap();
    assert_eq!(direct["bytes"], Value::Bytes(vec![1, 2]));
    assert_eq!(direct["list"], Value::Array(vec![1.into(), 2.into()]));
    assert_eq!(direct.insert("none".to_owned(), Value::Array(Vec::new())), Some(Value::Bytes(Vec::new())));
    // Except for bytes of length 0, buffered values are equal to direct ones.
    assert_eq!(read::<Rest>(text).unwrap(), Rest { rest: direct });
}

#[test]
fn rejects_bytes_of_another_length_than_an_array() {
    let text = r#"{"a":{"$bytes":"ABCD"}}"#;
    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only read")]
    struct Flat {
        #[serde(flatten)]
        inner: BTreeMap<String, [u8; 2]>,
    }
    for error in [
        read::<BTreeMap<String, [u8; 2]>>(text).unwrap_err(),
        read::<BTreeMap<String, (u8, u8)>>(text).unwrap_err(),
        read::<BTreeMap<String, [u8; 4]>>(text).unwrap_err(),
        read::<Flat>(text).unwrap_err(),
    ] {
        assert_eq!(error.kind, DecodeErrorKind::Shape, "{error}");
    }
    assert_eq!(read::<BTreeMap<String, [u8; 3]>>(text).unwrap()["a"], [0x00, 0x10, 0x83]);
}

#[test]
fn a_type_that_ignores_an_error_continues_after_the_value() {
    fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        Ok(T::deserialize(deserializer).ok())
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Lenient {
        #[serde(deserialize_with = "lenient")]
        a: Option<i64>,
        #[serde(deserialize_with = "lenient")]
        b: Option<bool>,
        #[serde(deserialize_with = "lenient")]
        c: Option<Vec<u8>>,
        d: i64,
    }
    for other in ["null", "\"x\"", "1.5", r#"{"$float":"AAAAAAAA8H8="}"#, r#"{"x":[{}]}"#, "18446744073709551616", "-0"]
    {
        let text = format!(r#"{{"a":{other},"b":{other},"c":{other},"d":7}}"#);
        assert_eq!(read::<Lenient>(&text).unwrap(), Lenient { a: None, b: None, c: None, d: 7 }, "{other}");
    }
    assert_eq!(read::<Lenient>(r#"{"a":[nul],"b":1,"c":1,"d":7}"#).unwrap_err().kind, DecodeErrorKind::Syntax);
}

#[test]
fn keeps_the_message_of_a_custom_error_for_wrapping_types_only() {
    #[derive(Debug)]
    struct Ends;
    impl<'de> Deserialize<'de> for Ends {
        fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("a mark of its own"))
        }
    }
    let error = super::read::<Export, Ends>("1").unwrap_err();
    assert_eq!(error.to_string(), "a mark of its own");
    let error = super::read::<Plain, i64>("\"canary\"").unwrap_err();
    assert_eq!(error.to_string(), "invalid value, expected i64");
    assert_eq!(<Error as serde::de::Error>::custom(error).locate("").expected, "i64");
    assert!(!read::<Ends>("1").unwrap_err().to_string().contains("mark"));
}

#[test]
fn bounds_the_depth_of_types_and_skips_values_of_any_depth() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(read::<serde_json::Value>(&nested(127)).is_ok());
    assert_eq!(read::<serde_json::Value>(&nested(128)).unwrap_err().kind, DecodeErrorKind::Syntax);
    let deep = nested(1_000_000);
    assert!(read::<IgnoredAny>(&deep).is_ok() && read::<Struct>(&format!(r#"{{"z":{deep}}}"#)).is_ok());
    assert_eq!(read::<&RawValue>(&deep).unwrap().get(), deep);
    assert_eq!(read::<IgnoredAny>(&deep[1..]).unwrap_err().kind, DecodeErrorKind::Syntax);
    assert_eq!(read::<IgnoredAny>(&deep[..deep.len() - 1]).unwrap_err().kind, DecodeErrorKind::Truncated);
}

#[test]
fn an_error_has_the_position_and_what_was_expected_and_nothing_else() {
    let error = |text: &str| read::<BTreeMap<String, External>>(text).unwrap_err();
    for (text, path, expected) in [
        (r#"{"x":{"b":"canary"}}"#, "x.b", "f64"),
        (r#"{"x":{"c":[1,canary]}}"#, "", ""),
        (r#"{"x":{"c":[1,1]}}"#, "x.c[1]", "a string"),
        (r#"{"x":{"c":[1]}}"#, "x.c", "a list"),
        (r#"{"x":{"c":[1,"","canary"]}}"#, "x.c", "fewer elements"),
        (r#"{"x":{"e":{"d":{}}}}"#, "x.e.d", "the field `a`"),
        (r#"{"x":{"e":{"d":{"a":true,"a":false}}}}"#, "x.e.d", "the field `a` once"),
        (r#"{"x":"canary"}"#, "x", "one of `a`, `b`, `c`, `d`, `e`"),
        (r#"{"\u0078":{"b":true}}"#, "x.b", "f64"),
        (r#"{"x":{"b":1e999}}"#, "x.b", "a 64-bit float"),
        ("[]", "", "a map"),
    ] {
        let error = error(text);
        assert_eq!((error.path.as_str(), error.expected.as_str()), (path, expected), "{text}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    let error = error("{\"x\":\n {\"b\": \"canary\"}}");
    assert_eq!((error.line, error.column), (2, 8));
    assert_eq!(error.to_string(), "the body has another shape at `x.b` (line 2, column 8): expected f64");
}

#[test]
fn an_error_is_at_the_value_that_does_not_fit_or_at_the_invalid_byte() {
    for text in [
        r#"{"x":{"b":^"canary"}}"#,
        r#"{"x" : {"c":[1,  ^[7]]}}"#,
        r#"{"x" : {"c": ^[1]}}"#,
        r#"{"x":{"b": ^1e999 }}"#,
        r#" ^[]"#,
        "{\n\n \"x\"\n:\n^7}",
        r#"{"x":{"e":{"d":^{"z":1}}}}"#,
        r#"{"x":{^"f":1}}"#,
        r#"{"x":{"b":1}}^}"#,
        r#"{"x":{"b":1},^}"#,
        r#"{"x":{"b":^01}}"#,
        r#"{"x":{"b":1}^"#,
        r#"{"x":^"#,
        "^x",
        r#"{"é\^x":1}"#,
    ] {
        let (before, after) = text.split_once('^').unwrap();
        let error = read::<BTreeMap<String, External>>(&format!("{before}{after}")).unwrap_err();
        let mut lines = before.split('\n');
        let expected = (lines.clone().count(), lines.next_back().map_or(0, str::len) + 1);
        assert_eq!((error.line, error.column), expected, "{text}: {error}");
    }
}

#[test]
fn locates_an_integer_of_more_than_64_bits_where_it_is_read() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only read")]
    struct Wanted {
        a: Vec<Value>,
    }
    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only read")]
    struct Rest {
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }
    for large in ["-0", "9223372036854775808", "-9223372036854775809", "18446744073709551616"] {
        assert!(read::<Wanted>(&format!(r#"{{"a":[1],"b":[{large}]}}"#)).is_ok(), "{large}");
        let error = read::<Wanted>(&format!(r#"{{"a":[1,{large}]}}"#)).unwrap_err();
        assert_eq!(error.path, "a[1]", "{large}");
        assert!(["a 64-bit integer", "i64"].contains(&error.expected.as_str()), "{error:?}");
        assert!(read::<Struct>(&format!(r#"{{"a":{large}}}"#)).is_err(), "{large}");
        // Buffering an integer is not an error yet.
        let buffered = format!(r#"{{"type":"b","a":1.5,"z":[{large}]}}"#);
        assert!(
            read::<Internal>(&buffered).is_ok() && read::<FlatStruct>(&buffered.replace(".5", "")).is_ok(),
            "{large}"
        );
        let rest = read::<Rest>(&format!(r#"{{"a":[1,{large}]}}"#)).unwrap_err();
        assert!(["a 64-bit integer", "i64"].contains(&rest.expected.as_str()), "{rest:?}");
        if large != "9223372036854775808" {
            assert_eq!(read::<serde_json::Value>(large).unwrap_err().expected, "a 64-bit integer", "{large}");
            // No type reads its stand-in.
            let flat = format!(r#"{{"a":{large}}}"#);
            assert!(read::<Flattening<Newtype<serde_json::Value>>>(&flat).is_err(), "{large}");
            assert!(read::<Flattening<Newtype<char>>>(&flat).is_err(), "{large}");
            assert!(read::<Flattening<Newtype<Option<Whole>>>>(&flat).is_err(), "{large}");
            assert!(read::<Flattening<Newtype<BTreeMap<Option<String>, Option<i64>>>>>(&flat).is_err(), "{large}");
            assert!(read::<Flattening<Struct>>(&flat).is_err() && read::<Flattening<()>>(&flat).is_err(), "{large}");
        }
    }
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only read")]
struct Newtype<T>(T);

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only read")]
struct Flattening<T> {
    #[serde(flatten)]
    inner: Field<T>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only read")]
struct Field<T> {
    a: T,
}

#[test]
fn only_documents_have_lists_for_structs() {
    for text in [r#"[1,[2.5]]"#, r#"{"a":1,"b":[2.5]}"#] {
        assert!(read::<Struct>(text).is_ok(), "{text}");
    }
    let error = decode::text::<Struct>("[1,[2.5]]").unwrap_err();
    assert_eq!((error.kind, error.expected.as_str()), (DecodeErrorKind::Shape, "an object"));
}
