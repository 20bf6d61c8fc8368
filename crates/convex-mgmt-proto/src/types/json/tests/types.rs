//! Types for the comparison of the two readers, and texts to read them from.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::value::RawValue;

use super::{Dialect, Export, Plain, decode, read};

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
pub(super) struct Name(String);

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Count(u64);

#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Unit;

#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Pair(i64, f64);

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum Letter {
    A,
    B,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Struct {
    a: Option<i64>,
    #[serde(default)]
    b: Vec<f64>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Strict {
    a: i64,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Borrow<'a> {
    a: &'a str,
    #[serde(borrow)]
    b: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Flat {
    a: Option<f64>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct FlatStruct {
    #[serde(flatten)]
    inner: Struct,
    c: Option<bool>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum External {
    A,
    B(f64),
    C(i64, String),
    D { a: bool },
    E(Option<Box<External>>),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Internal {
    A,
    B { a: f64 },
    C(Struct),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "type", content = "a", rename_all = "lowercase")]
pub(super) enum Adjacent {
    A,
    B(Vec<f64>),
    C { b: u8 },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub(super) enum Untagged {
    Null(()),
    Bool(bool),
    Small(u8),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Untagged>),
    Map(BTreeMap<String, Untagged>),
}

/// Bytes of a visitor that prefers them as one slice.
#[derive(Debug, PartialEq)]
pub(super) struct Whole(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Whole;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Whole, E> {
                Ok(Whole(bytes.to_vec()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Whole, E> {
                Ok(Whole(text.as_bytes().to_vec()))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Whole, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = seq.next_element()? {
                    bytes.push(byte);
                }
                Ok(Whole(bytes))
            }
        }

        deserializer.deserialize_byte_buf(Any)
    }
}

/// The name of a type, and two functions that compare reading it with serde_json: as both dialects, and as plain JSON. They
/// return `true` if the type is read.
pub(super) type Case = (&'static str, fn(&str) -> bool, fn(&str) -> bool);

pub(super) fn both<'a, T: Deserialize<'a> + Debug + PartialEq>(text: &'a str) -> bool {
    same::<Export, T>(text) && plain::<T>(text)
}

pub(super) fn plain<'a, T: Deserialize<'a> + Debug + PartialEq>(text: &'a str) -> bool {
    same::<Plain, T>(text)
}

fn same<'a, D: Dialect, T: Deserialize<'a> + Debug + PartialEq>(text: &'a str) -> bool {
    // Reads a slice: reading a boolean key from a `str`, serde_json 1.0 splits the name within a character.
    let (ours, theirs) = (decode::read::<D, T>(text), serde_json::from_slice::<T>(text.as_bytes()));
    // As plain JSON, no list is read as a struct. An enum with its tag beside its content is a struct for serde, too.
    let expected = if std::any::type_name::<T>().ends_with("::Adjacent") { "" } else { "an object" };
    if !D::IS_EXPORT && text.contains('[') && ours.as_ref().is_err_and(|error| error.expected == expected) {
        return false;
    }
    assert_eq!(ours.as_ref().ok(), theirs.as_ref().ok(), "{text}: {ours:?}, {theirs:?}");
    ours.is_ok()
}

pub(super) fn both_raw(text: &str) -> bool {
    type Spelled<'a> = Vec<BTreeMap<&'a str, &'a RawValue>>;
    let spelled = |read: Option<Spelled<'_>>| {
        let maps = read?.into_iter();
        Some(maps.map(|map| map.into_iter().map(|(name, raw)| format!("{name} {raw}")).collect()).collect())
    };
    let ours: Option<Vec<Vec<String>>> = spelled(read(text).ok());
    assert_eq!(ours, spelled(decode::text(text).ok()), "{text}");
    assert_eq!(ours, spelled(serde_json::from_str(text).ok()), "{text}");
    let boxed = |read: Option<Box<RawValue>>| read.map(|raw| raw.get().to_owned());
    assert_eq!(boxed(read(text).ok()), boxed(serde_json::from_str(text).ok()), "{text}");
    ours.is_some()
}

macro_rules! cases {
    ($($type:ty),+ $(,)?) => { &[ $( (stringify!($type), |text| both::<$type>(text), |text| plain::<$type>(text)) ),+ ] };
}

/// Types that request the kind of value that they read.
pub(super) const TYPED: &[Case] = cases![
    bool, char, String, &str, Cow<'_, str>, (), Unit, Name, Count, Pair, Letter, Struct, Strict, Borrow<'_>, External,
    i8, i16, i32, i64, i128, u8, u16, u32, u64, u128, f32, f64, Option<i64>, Option<Option<bool>>, Box<f64>,
    Vec<u8>, Vec<f64>, Vec<String>, Vec<Letter>, [i64; 2], (u8, f64), (f64,), Vec<Vec<()>>, Whole, Vec<Whole>,
    BTreeMap<String, i64>, BTreeMap<&str, bool>, BTreeMap<Cow<'_, str>, f64>, BTreeMap<Name, f64>, BTreeMap<Count, f64>,
    BTreeMap<u8, f64>, BTreeMap<i64, f64>, BTreeMap<u64, f64>, BTreeMap<i128, f64>, BTreeMap<u128, f64>,
    BTreeMap<bool, f64>, BTreeMap<char, f64>, BTreeMap<Letter, f64>, BTreeMap<Option<Letter>, f64>,
    BTreeMap<Option<String>, f64>, BTreeMap<(), f64>, BTreeMap<Vec<u8>, f64>, BTreeMap<i32, Vec<Option<External>>>,
    Result<i64, String>, std::time::Duration, std::ops::Range<u8>,
];

/// Types for which serde buffers, or that accept any kind of value.
pub(super) const DYNAMIC: &[Case] = cases![
    Flat, FlatStruct, Internal, Adjacent, Untagged, serde_json::Value, Vec<Internal>, BTreeMap<String, Untagged>,
];

/// Texts to read. Each type above reads at least one of them.
pub(super) const TEXTS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "-2.5",
    "127",
    "128",
    "255",
    "256",
    "-128",
    "-129",
    "1.0",
    "1e3",
    "1E-2",
    "9223372036854775807",
    "-9223372036854775808",
    "0.1",
    "16777217.0",
    "3.4028236e38",
    "1e308",
    "5e-324",
    "1e400",
    "\"\"",
    "\"a\"",
    "\"b\"",
    "\"é\"",
    "\"\\n\"",
    "\"\\u00e9\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\ude00\\ud83d\"",
    "\"ab\"",
    "\"\u{1f600}\"",
    "[]",
    "[1]",
    "[1,2]",
    "[1,2,3]",
    "[ 1 , 2.5 ]",
    "[255,0]",
    "[256]",
    "[true,null]",
    "[[],[null]]",
    "[null]",
    r#"["a","b"]"#,
    r#"["b",[]]"#,
    r#"["\u0061"]"#,
    "{}",
    r#"{"a":1}"#,
    r#"{"a":1,"b":[1.5,2]}"#,
    r#"{"a":null}"#,
    r#"{"a":1,"z":{"y":[1,{"x":null}]}}"#,
    r#"{"a":"x","b":"y"}"#,
    r#"{"a":"x","b":"\n"}"#,
    r#"{"a":"\n"}"#,
    r#"{"\u0061":1}"#,
    r#"{"a":1,"a":2}"#,
    r#"{"1":1}"#,
    r#"{"-1":1,"2":2}"#,
    r#"{"01":1}"#,
    r#"{"1.0":1}"#,
    r#"{" 1":1}"#,
    r#"{"1 ":1}"#,
    r#"{"\u0031":1}"#,
    r#"{"":1}"#,
    r#"{"256":1}"#,
    r#"{"-":1}"#,
    r#"{"18446744073709551615":1}"#,
    r#"{"18446744073709551616":1}"#,
    r#"{"true":1}"#,
    r#"{"false":1,"true":2.5}"#,
    r#"{"b":2.5}"#,
    r#"{"é":1}"#,
    r#"{"c":[1,"x"]}"#,
    r#"{"d":{"a":true}}"#,
    r#"{"d":[true]}"#,
    r#"{"e":{"b":1}}"#,
    r#"{"e":null}"#,
    r#"{"a":null,"b":1}"#,
    r#"{"f":1}"#,
    r#"{"5":["a",null,{"b":1}]}"#,
    r#"{"type":"a"}"#,
    r#"{"type":"b","a":1}"#,
    r#"{"a":2.5,"type":"b"}"#,
    r#"{"type":"c","a":1,"b":[1]}"#,
    r#"{"type":"b","a":[1,2]}"#,
    r#"{"a":{"b":7},"type":"c"}"#,
    r#"{"type":"z"}"#,
    r#"[{"type":"a"}]"#,
    r#"[{"a":1,"b":[true, {"c" : "d"}]},{}]"#,
    r#"{"c":true}"#,
    r#"{"Ok":1}"#,
    r#"{"Err":"x"}"#,
    r#"{"secs":1,"nanos":2}"#,
    r#"{"start":1,"end":2}"#,
    r#"[{ "a" :1},[2]]"#,
    r#"{"type":"a","a":null}"#,
    // Invalid JSON.
    "",
    " ",
    "nul",
    "nulll",
    "tru",
    "01",
    "-",
    "-a",
    "1.",
    ".5",
    "1e",
    "1e+",
    "+1",
    "\"",
    "\"\\",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\n\"",
    "[",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{,}",
    "{a:1}",
    "{\"a\" 1}",
    "{1:1}",
    "1 2",
    "]",
    "}",
    "[}",
    "{]",
    "\u{feff}1",
    "\u{a0}1",
    "{\"a\":1}}",
    "[1]]",
    "{\"b\":nul}",
    "[\"\\ud800\"]",
];

/// Integers of more than 64 bits, for the types that accept or round them.
pub(super) const LARGE: &[&str] = &[
    "-0",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "340282366920938463463374607431768211455",
    "340282366920938463463374607431768211456",
    "-170141183460469231731687303715884105728",
    "[-0]",
    r#"{"a":18446744073709551616}"#,
    r#"{"z":18446744073709551616}"#,
];
