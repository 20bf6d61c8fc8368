//! [`Document`]: a document as the server spelt it, until somebody asks for more.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;

use super::export::{self, Export};
use super::value::Value;
use crate::decode::{self, DecodeError, DecodeErrorKind};

/// A document of a data sync: a JSON object, kept as it came. On a page it is a slice of the reply, which stays in memory as
/// long as any document of it; [`Document::into_owned`] cuts it loose.
///
/// `Debug` tells its length only. Equal if spelt alike.
///
/// ```
/// use convex_mgmt_proto::deployment::data_sync::{Document, Value};
///
/// #[derive(serde::Deserialize)]
/// struct User { name: String, score: f64, seen: i64, avatar: Vec<u8> }
///
/// let document = Document::parse(r#"{"name":"Ada","score":{"$float":"AAAAAAAA8H8="},"seen":3,"avatar":{"$bytes":"ABCD"}}"#)?;
/// let user: User = document.read()?;
/// assert_eq!((user.score, user.seen, user.avatar), (f64::INFINITY, 3, vec![0x00, 0x10, 0x83]));
/// assert_eq!(document.fields()?["seen"], Value::Int64(3));
/// # Ok::<(), convex_mgmt_proto::DecodeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Document(Bytes);

impl Document {
    /// Checks that a text is a JSON object, and keeps it.
    ///
    /// # Errors
    /// A [`DecodeError`] that says where it is not.
    pub fn parse(text: impl Into<Bytes>) -> Result<Self, DecodeError> {
        let bytes = text.into();
        let text = decode::object::<&serde_json::value::RawValue>(&bytes)?.get();
        Ok(Self(bytes.slice_ref(text.as_bytes())))
    }

    /// A document of which only the id is told.
    pub(super) fn of_id(id: &str) -> Self {
        let id = serde_json::Value::from(id);
        Self(format!(r#"{{"_id":{id}}}"#).into())
    }

    /// The part of a page that is this JSON, if it is an object.
    pub(super) fn slice(page: &Bytes, text: &str) -> Option<Self> {
        text.starts_with('{').then(|| Self(page.slice_ref(text.as_bytes())))
    }

    /// The document as JSON. By its spelling, `1` is an integer of 64 bits and `1.0` is a float.
    pub fn as_str(&self) -> &str {
        // It always is text: it was read as such.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The document as JSON, as bytes.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// A copy of its own, which keeps no page in memory.
    pub fn into_owned(self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// Its `_id`.
    ///
    /// # Errors
    /// A [`DecodeError`] if it has none that is a string.
    pub fn id(&self) -> Result<String, DecodeError> {
        #[derive(Deserialize)]
        struct Id {
            _id: String,
        }
        Ok(decode::text::<Id>(self.as_str())?._id)
    }

    /// Reads it into a type.
    ///
    /// Floats are read whether they are spelt as numbers or, as NaN and the infinities are, as `{"$float"}`; bytes
    /// (`{"$bytes"}`) into whatever takes bytes or a list of `u8`. An integer is read into a float if the type asks for one, and
    /// never the other way round.
    ///
    /// # Errors
    /// A [`DecodeError`] that says where it does not fit the type.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, DecodeError> {
        let text = self.as_str();
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = T::deserialize(Export(&mut reader)).map_err(|error| {
            decode::locate(&error, || {
                let mut reader = serde_json::Deserializer::from_str(text);
                let tracked = serde_path_to_error::deserialize::<_, T>(Export(&mut reader));
                tracked.err().map(|error| error.path().to_string())
            })
        })?;
        if export::has_impossible_integer(text) {
            let expected = "integers of 64 bits".to_owned();
            return Err(DecodeError { expected, ..DecodeError::new(DecodeErrorKind::Shape) });
        }
        Ok(value)
    }

    /// Its fields as dynamic values.
    ///
    /// # Errors
    /// A [`DecodeError`] if one is no value of Convex's, such as an integer of more than 64 bits.
    pub fn fields(&self) -> Result<BTreeMap<String, Value>, DecodeError> {
        self.read()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes)", self.0.len())
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
    use serde::de::IgnoredAny;

    use super::*;

    fn document(json: &str) -> Document {
        Document::parse(json.to_owned()).unwrap()
    }

    #[test]
    fn a_document_is_an_object_and_nothing_else() {
        assert_eq!(document(" {} ").as_str(), "{}");
        for bad in ["", "[]", "1", "null", "{", "{} x", "{\"a\":01}"] {
            assert!(Document::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(format!("{:?}", document(r#"{"canary":1}"#)), "Document(12 bytes)");
    }

    #[test]
    fn the_id_is_read_without_the_rest() {
        assert_eq!(document(r#"{"a":{"$float":"?"},"_id":"x"}"#).id().unwrap(), "x");
        assert_eq!(Document::of_id("é\"").id().unwrap(), "é\"");
        assert_eq!(document("{}").id().unwrap_err().expected, "the field `_id`");
        assert_eq!(document(r#"{"_id":1}"#).id().unwrap_err().path, "_id");
    }

    #[test]
    fn a_type_is_read_where_it_fits_and_located_where_not() {
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
            let error = tests::document(json).read::<BTreeMap<String, Vec<i64>>>().unwrap_err();
            assert_eq!((error.path.as_str(), error.expected.as_str()), (path, expected), "{json}");
        }
    }

    #[test]
    fn bytes_are_no_text_though_they_may_look_like_it() {
        let document = document(r#"{"a":{"$bytes":"YWJj"}}"#);
        let error = document.read::<BTreeMap<String, String>>().unwrap_err();
        assert_eq!((error.path.as_str(), error.expected.as_str()), ("a", "a string"));
        assert_eq!(document.read::<BTreeMap<String, [u8; 3]>>().unwrap()["a"], *b"abc");
    }

    #[test]
    fn a_wrapper_that_is_none_is_refused_and_not_shown() {
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
        // Whatever else begins with `$` is left as it is.
        assert_eq!(
            document(r#"{"a":{"$new":1}}"#).fields().unwrap()["a"],
            Value::Object([("$new".to_owned(), 1.into())].into())
        );
    }

    #[test]
    fn an_integer_that_is_none_of_64_bits_is_refused_by_its_spelling() {
        for bad in ["-0", "9223372036854775808", "-9223372036854775809", "18446744073709551616"] {
            assert!(document(&format!(r#"{{"a":{bad}}}"#)).fields().is_err(), "{bad}");
            assert!(document(&format!(r#"{{"a":[{{"b":{bad} }}]}}"#)).read::<IgnoredAny>().is_err(), "{bad}");
        }
        for good in ["9223372036854775807", "-9223372036854775808", "-0.0", "9223372036854775808.0", "2e19", r#""-0""#]
        {
            assert!(document(&format!(r#"{{"a":{good}}}"#)).fields().is_ok(), "{good}");
        }
    }
}
