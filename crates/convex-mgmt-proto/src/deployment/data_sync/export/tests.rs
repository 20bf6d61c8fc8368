//! The reader against serde_json, type by type, and what it adds to it.

mod types;

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use self::types::{DYNAMIC, External, FlatStruct, Internal, LARGE, Struct, TEXTS, TYPED, Whole, both, both_raw};
use super::*;
use crate::response::DecodeErrorKind;

#[test]
fn each_type_is_read_as_serde_json_reads_it() {
    for (name, both) in TYPED.iter().chain(DYNAMIC) {
        // As bytes, serde_json takes strings that are none: with half a surrogate pair, or with a line feed.
        let wanted = |text: &&&str| !(name.contains("Whole") && (text.contains(r"\ud") || text.contains('\n')));
        let read = TEXTS.iter().filter(wanted).filter(|text| both(text)).count();
        assert!((1..TEXTS.len()).contains(&read), "{name} is read from {read} texts");
    }
    assert!(TEXTS.iter().filter(|text| both_raw(text)).count() > 1);
    LARGE.iter().for_each(|text| TYPED.iter().for_each(|(_, both)| _ = both(text)));
}

#[test]
fn what_a_type_does_not_ask_for_is_only_checked_to_be_json() {
    for text in TEXTS.iter().chain(LARGE) {
        let valid = serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert_eq!(read::<IgnoredAny>(text).is_ok(), valid, "{text}");
        let within = format!(r#"{{"z":{text},"a":1}}"#);
        assert_eq!(read::<Struct>(&within).is_ok(), valid && !text.trim().is_empty(), "{text}");
        assert_eq!(read::<&RawValue>(&within).is_ok(), valid, "{text}");
    }
}

/// JSON of few names and values, so that it often fits a type, with any spacing and spelling.
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
    fn any_json_is_read_as_serde_json_reads_it(text in json()) {
        TYPED.iter().chain(DYNAMIC).for_each(|(_, both)| _ = both(&text));
        both_raw(&text);
        prop_assert!(read::<IgnoredAny>(&text).is_ok());
    }

    #[test]
    fn any_text_is_json_for_both_or_for_none(text in json(), other in ".{0,4}", place in any::<prop::sample::Index>()) {
        let mut broken: Vec<char> = text.chars().collect();
        let place = place.index(broken.len() + 1);
        broken.splice(place..(place + 1).min(broken.len()), other.chars());
        let broken: String = broken.into_iter().collect();
        prop_assert_eq!(read::<IgnoredAny>(&broken).is_ok(), serde_json::from_str::<IgnoredAny>(&broken).is_ok());
        both::<String>(&broken);
        both::<Vec<f64>>(&broken);
        both::<Struct>(&broken);
        // What was a float may have become a large integer, which is read in another way on purpose.
        if !read::<serde_json::Value>(&broken).is_err_and(|error| error.expected == INTEGER) {
            both::<serde_json::Value>(&broken);
        }
    }

    #[test]
    fn what_is_before_a_syntax_error_may_become_json(text in json(), other in "[ -~]{1,2}", place in any::<prop::sample::Index>()) {
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
    fn bytes_and_floats_are_read_wherever_serde_buffers(bytes in vec(any::<u8>(), 0..20), bits in any::<u64>()) {
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
        prop_assert_eq!(&rest["more"], &super::super::Value::Float64(float));
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
    rest: BTreeMap<String, super::super::Value>,
}

/// The normal shape of a union. Bytes are not taken for the text that they may look like.
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
fn values_are_told_from_lists_of_numbers_after_serde_has_buffered_them() {
    use super::super::Value;

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
    // All but the bytes of length 0.
    assert_eq!(read::<Rest>(text).unwrap(), Rest { rest: direct });
}

#[test]
fn no_bytes_are_lost_in_what_holds_fewer() {
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
fn who_passes_over_a_value_that_does_not_fit_goes_on_behind_it() {
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
fn an_error_of_a_type_is_told_by_its_message_to_whoever_reads_the_type() {
    #[derive(Debug)]
    struct Ends;
    impl<'de> Deserialize<'de> for Ends {
        fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("a mark of its own"))
        }
    }
    let error = Ends::deserialize(&mut Reader::new("1")).unwrap_err();
    assert_eq!(error.to_string(), "a mark of its own");
    let error = i64::deserialize(&mut Reader::new("\"canary\"")).unwrap_err();
    assert_eq!(error.to_string(), "invalid value, expected i64");
    assert_eq!(<Error as serde::de::Error>::custom(error).locate("").expected, "i64");
    assert!(!read::<Ends>("1").unwrap_err().to_string().contains("mark"));
}

#[test]
fn depth_is_bounded_for_types_and_not_for_what_is_passed_over() {
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
fn an_error_says_where_and_what_was_expected_and_nothing_else() {
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
        (r#"{"x":{"b":1e999}}"#, "x.b", "a float of 64 bits"),
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
fn an_error_is_at_the_value_that_does_not_fit_or_at_the_byte_that_is_no_json() {
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
fn an_integer_beyond_64_bits_is_located_where_it_is_asked_for() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only read")]
    struct Wanted {
        a: Vec<super::super::Value>,
    }
    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only read")]
    struct Rest {
        #[serde(flatten)]
        rest: BTreeMap<String, super::super::Value>,
    }
    for large in ["-0", "9223372036854775808", "-9223372036854775809", "18446744073709551616"] {
        assert!(read::<Wanted>(&format!(r#"{{"a":[1],"b":[{large}]}}"#)).is_ok(), "{large}");
        let error = read::<Wanted>(&format!(r#"{{"a":[1,{large}]}}"#)).unwrap_err();
        assert_eq!(error.path, "a[1]", "{large}");
        assert!(["an integer of 64 bits", "i64"].contains(&error.expected.as_str()), "{error:?}");
        assert!(read::<Struct>(&format!(r#"{{"a":{large}}}"#)).is_err(), "{large}");
        // What serde buffers is not asked for yet.
        let buffered = format!(r#"{{"type":"b","a":1.5,"z":[{large}]}}"#);
        assert!(
            read::<Internal>(&buffered).is_ok() && read::<FlatStruct>(&buffered.replace(".5", "")).is_ok(),
            "{large}"
        );
        let rest = read::<Rest>(&format!(r#"{{"a":[1,{large}]}}"#)).unwrap_err();
        assert!(["an integer of 64 bits", "i64"].contains(&rest.expected.as_str()), "{rest:?}");
        if large != "9223372036854775808" {
            assert_eq!(read::<serde_json::Value>(large).unwrap_err().expected, "an integer of 64 bits", "{large}");
            // No type reads what stands for it.
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
