//! [`Document`]: the JSON text of a document, decoded on demand.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;

use super::export::{self, Passed, Reader};
use super::value::Value;
use crate::response::DecodeError;

/// A document of a data sync: a JSON object with an `_id`, as the server spelled it.
///
/// A document of a page is a slice of the response body. The body stays in memory as long as any of its documents;
/// [`Document::into_owned`] makes a copy that does not keep the body.
///
/// `Debug` shows the length only. Equality compares the JSON texts.
///
/// ```
/// use convex_mgmt::deployment::data_sync::{Document, Value};
///
/// #[derive(serde::Deserialize)]
/// struct User { score: f64, seen: i64, avatar: Vec<u8> }
///
/// let document = Document::parse(r#"{"_id":"k1","score":{"$float":"AAAAAAAA8H8="},"seen":3,"avatar":{"$bytes":"ABCD"}}"#)?;
/// assert_eq!(document.id(), "k1");
/// let user: User = document.read()?;
/// assert_eq!((user.score, user.seen, user.avatar), (f64::INFINITY, 3, vec![0x00, 0x10, 0x83]));
/// assert_eq!(document.fields()?["seen"], Value::Int64(3));
/// # Ok::<(), convex_mgmt::DecodeError>(())
/// ```
#[derive(Clone)]
pub struct Document {
    text: Bytes,
    id: Id,
}

/// The `_id` of a document.
#[derive(Clone)]
enum Id {
    /// A part of the document's text.
    Within { start: u32, length: u32 },
    /// An `_id` whose spelling has escapes, or one of a huge document.
    Apart(Box<str>),
}

impl Document {
    /// Checks that a text is a JSON object with an `_id`, and keeps it.
    ///
    /// # Errors
    /// A [`DecodeError`] with the position of the error.
    pub fn parse(text: impl Into<Bytes>) -> Result<Self, DecodeError> {
        let bytes = text.into();
        let passed = export::read_object(&bytes, Reader::document)?;
        Ok(Self::slice(&bytes, passed))
    }

    /// Creates a document that has only an `_id`.
    pub(super) fn of_id(id: &str) -> Self {
        let text = format!(r#"{{"_id":{}}}"#, serde_json::Value::from(id));
        Self { text: text.into(), id: Id::Apart(id.into()) }
    }

    /// Creates a document from the part of `page` that was skipped.
    pub(super) fn slice(page: &Bytes, passed: Passed<'_>) -> Self {
        let Passed { text, id, id_at } = passed;
        let id = match (u32::try_from(id_at - text.start), u32::try_from(id.text.len()), id.escaped) {
            (Ok(start), Ok(length), false) => Id::Within { start, length },
            _ => Id::Apart(id.decoded().unwrap_or_default().into()),
        };
        Self { text: page.slice(text), id }
    }

    /// Returns the document as JSON. The spelling gives the type: `1` is a 64-bit integer and `1.0` is a float.
    pub fn as_str(&self) -> &str {
        // Reading the page checked that the bytes are UTF-8.
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// Returns the JSON of the document as bytes.
    pub fn as_bytes(&self) -> &Bytes {
        &self.text
    }

    /// Copies the document, so that it no longer keeps its page in memory.
    pub fn into_owned(self) -> Self {
        Self { text: Bytes::copy_from_slice(&self.text), ..self }
    }

    /// Returns the `_id`, which was read with the page.
    pub fn id(&self) -> &str {
        match &self.id {
            Id::Within { start, length } => {
                let (start, length) = (*start as usize, *length as usize);
                self.text.get(start..start + length).and_then(|id| std::str::from_utf8(id).ok()).unwrap_or_default()
            }
            Id::Apart(id) => id,
        }
    }

    /// Deserializes the document.
    ///
    /// * Floats are numbers. NaN and the infinities are spelled as `{"$float"}`; a float field accepts both.
    /// * Bytes (`{"$bytes"}`) are read into any type that accepts bytes or a list of `u8`.
    /// * An integer is read into a float field. A float is never read into an integer field.
    /// * Fields that the type does not have are skipped without decoding them.
    ///
    /// Everything else is read as `serde_json` reads it, independent of the features of `serde_json`.
    ///
    /// In fields that serde buffers (`untagged`, `tag` and `flatten`), bytes are a list of `u8`. `Vec<u8>` and other types that
    /// accept bytes from a list work there, too.
    ///
    /// # Errors
    /// A [`DecodeError`] with the position of the value that does not fit the type.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, DecodeError> {
        export::read(self.as_str())
    }

    /// Returns the fields as dynamic values.
    ///
    /// # Errors
    /// A [`DecodeError`] if a field is not a Convex value, such as an integer of more than 64 bits.
    pub fn fields(&self) -> Result<BTreeMap<String, Value>, DecodeError> {
        self.read()
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Document {}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes)", self.text.len())
    }
}

#[cfg(feature = "serde-all")]
impl serde::Serialize for Document {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &serde_json::value::RawValue =
            serde_json::from_str(self.as_str()).map_err(<S::Error as serde::ser::Error>::custom)?;
        raw.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates a document with these fields and an `_id`.
    fn document(json: &str) -> Document {
        Document::parse(format!(r#"{{"_id":"x",{}"#, &json[1..])).unwrap()
    }

    #[derive(Debug, Deserialize)]
    struct A<T> {
        a: T,
    }

    #[test]
    fn accepts_only_an_object_with_an_id() {
        assert_eq!(Document::parse(" {\"_id\":\"x\"} ").unwrap().as_str(), "{\"_id\":\"x\"}");
        for bad in
            ["", "[]", "1", "null", "{", "{}", "{} x", "{\"_id\":1}", "{\"_id\":\"x\"} x", "{\"_id\":\"x\",\"a\":01}"]
        {
            assert!(Document::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Document::parse("{}").unwrap_err().expected, "the field `_id`");
        assert_eq!(Document::parse(r#"{"_id":1}"#).unwrap_err().path, "_id");
        assert_eq!(format!("{:?}", document(r#"{"canary":1}"#)), "Document(22 bytes)");
    }

    #[test]
    fn returns_its_text_as_bytes() {
        for text in [r#"{"_id":"x"}"#, r#"{ "a": "é", "_id":"\u0079" }"#] {
            let document = Document::parse(text).unwrap();
            assert_eq!((document.as_bytes().as_ref(), document.as_str()), (text.as_bytes(), text));
            assert_eq!(document.into_owned().as_bytes(), text);
        }
    }

    #[test]
    fn reads_a_unit_variant_from_its_name_or_an_object_with_null() {
        #[derive(Debug, Deserialize, PartialEq)]
        enum Kind {
            Plain,
            Other,
        }
        let read = document(r#"{"a":["Plain",{"Other":null},{ "Plain" : null }],"b":1}"#).read::<A<Vec<Kind>>>();
        assert_eq!(read.unwrap().a, [Kind::Plain, Kind::Other, Kind::Plain]);
        for bad in [r#"{"Plain":1}"#, r#"{"Plain":{}}"#, r#"{"Plain":null,"Other":null}"#, r#"{"New":null}"#, "{}"] {
            let error = document(&format!(r#"{{"a":[{bad}]}}"#)).read::<A<Vec<Kind>>>().unwrap_err();
            assert!(error.path.starts_with("a[0]"), "{bad}: {error}");
        }
    }

    #[test]
    fn has_its_id_even_if_other_fields_are_invalid() {
        assert_eq!(document(r#"{"a":{"$float":"?"}}"#).id(), "x");
        let made = Document::of_id("é\"");
        assert_eq!((made.id(), made.as_str()), ("é\"", r#"{"_id":"é\""}"#));
        assert_eq!(Document::parse(made.as_str().to_owned()).unwrap(), made);
    }

    #[test]
    fn reads_a_type_and_locates_what_does_not_fit() {
        #[derive(Debug, Deserialize, PartialEq)]
        #[serde(rename_all = "camelCase")]
        enum Kind {
            Plain,
            Tuple(f64, i64),
            Named { bytes: Vec<u8> },
        }
        #[derive(Debug, Deserialize, PartialEq)]
        struct Everything<'a> {
            borrowed: &'a str,
            floats: Vec<f64>,
            array: [u8; 3],
            maybe: Option<f64>,
            none: Option<i64>,
            unit: (),
            kinds: Vec<Kind>,
            #[serde(rename = "_id")]
            id: String,
            #[serde(flatten)]
            rest: BTreeMap<String, Value>,
        }
        let document = document(
            r#"{"borrowed":"x","floats":[1,1.5,{"$float":"AAAAAAAA8P8="}],"array":{"$bytes":"ABCD"},
            "maybe":{"$float":"AAAAAAAA8H8="},"none":null,"unit":null,
            "kinds":["plain",{"tuple":[{"$float":"AAAAAAAA8H8="},2]},{"named":{"bytes":{"$bytes":"ABCD"}}}],
            "more":[1,1.0,-0.0],"nan":{"$float":"AAAAAAAA+H8="}}"#,
        );
        let read: Everything<'_> = document.read().unwrap();
        let expected = Everything {
            id: "x".to_owned(),
            borrowed: "x",
            floats: vec![1.0, 1.5, f64::NEG_INFINITY],
            array: [0x00, 0x10, 0x83],
            maybe: Some(f64::INFINITY),
            none: None,
            unit: (),
            kinds: vec![Kind::Plain, Kind::Tuple(f64::INFINITY, 2), Kind::Named { bytes: vec![0x00, 0x10, 0x83] }],
            rest: BTreeMap::from([
                ("more".to_owned(), Value::Array(vec![1.into(), 1.0.into(), (-0.0).into()])),
                ("nan".to_owned(), Value::Float64(f64::NAN)),
            ]),
        };
        assert_eq!(read, expected);
        for (json, path, expected) in [
            (r#"{"a":[1,1.0]}"#, "a[1]", "i64"),
            (r#"{"a":[1,{"$float":"AAAAAAAA8H8="}]}"#, "a[1]", "i64"),
            (r#"{"a":[{"$bytes":"ABCD"}]}"#, "a[0]", "i64"),
            (r#"{"a":{"b":1}}"#, "a", "a sequence"),
            (r#"{"a":[9223372036854775808]}"#, "a[0]", "i64"),
        ] {
            let error = tests::document(json).read::<A<Vec<i64>>>().unwrap_err();
            assert_eq!((error.path.as_str(), error.expected.as_str()), (path, expected), "{json}");
        }
    }

    #[test]
    fn does_not_read_bytes_as_text() {
        let document = document(r#"{"a":{"$bytes":"YWJj"}}"#);
        let error = document.read::<A<String>>().unwrap_err();
        assert_eq!((error.path.as_str(), error.expected.as_str()), ("a", "a string"));
        assert_eq!(document.read::<A<[u8; 3]>>().unwrap().a, *b"abc");
    }

    #[test]
    fn rejects_an_invalid_wrapper_without_showing_it() {
        for json in [
            r#"{"a":{"$float":"AAAAAAAA8H8"}}"#,
            r#"{"a":{"$float":"ABCD"}}"#,
            r#"{"a":{"$float":"canary"}}"#,
            r#"{"a":{"$bytes":"canary!"}}"#,
            r#"{"a":{"$bytes":1}}"#,
            r#"{"a":{"$bytes":"ABCD","b":1}}"#,
        ] {
            let error = document(json).fields().unwrap_err();
            assert_eq!(error.path, "a", "{json}");
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
        // Other names that begin with `$` are ordinary fields.
        assert_eq!(
            document(r#"{"a":{"$new":1}}"#).fields().unwrap()["a"],
            Value::Object([("$new".to_owned(), 1.into())].into())
        );
    }

    #[test]
    fn rejects_an_integer_of_more_than_64_bits_only_where_it_is_read() {
        for bad in ["-0", "9223372036854775808", "-9223372036854775809", "18446744073709551616"] {
            let document = document(&format!(r#"{{"a":1,"b":[{{"c":{bad} }}]}}"#));
            assert_eq!(document.fields().unwrap_err().path, "b[0].c", "{bad}");
            assert_eq!(document.read::<A<i64>>().unwrap().a, 1, "{bad}");
        }
        for good in ["9223372036854775807", "-9223372036854775808", "-0.0", "9223372036854775808.0", "2e19", r#""-0""#]
        {
            assert!(document(&format!(r#"{{"a":{good}}}"#)).fields().is_ok(), "{good}");
        }
    }

    #[test]
    fn reads_maps_with_keys_of_every_kind() {
        #[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
        struct UserId(String);

        let document =
            document(r#"{"a":{"7":{"$float":"AAAAAAAA8H8="}},"b":{"true":{"$bytes":"ABCD"}},"c":{"k\n":1}}"#);
        assert_eq!(document.read::<A<BTreeMap<u64, f64>>>().unwrap().a, BTreeMap::from([(7, f64::INFINITY)]));
        #[derive(Debug, Deserialize)]
        struct Rest {
            b: BTreeMap<bool, Vec<u8>>,
            c: BTreeMap<UserId, i64>,
        }
        let rest: Rest = document.read().unwrap();
        assert_eq!(rest.b[&true], [0x00, 0x10, 0x83]);
        assert_eq!(rest.c, BTreeMap::from([(UserId("k\n".to_owned()), 1)]));
        let error = document.read::<A<BTreeMap<bool, f64>>>().unwrap_err();
        assert_eq!((error.path.as_str(), error.expected.as_str()), ("a.7", "a boolean"));
    }
}
