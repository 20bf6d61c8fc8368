//! [`open_union!`]: tagged unions that keep objects that are newer than this library.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{self, IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use crate::types::json::{self, Plain};
use crate::types::text::Borrowed;

/// Declares a union of objects that a tag field distinguishes. It keeps objects with an unknown tag.
///
/// A variant holds the type of the object's other fields, or nothing if it has no other fields. The server writes the tag first;
/// the other fields are then read straight into that type. If the tag comes later, the object is read twice.
macro_rules! open_union {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident by $tag:literal {
            $( $(#[$variant_meta:meta])* $variant:ident $(($content:ty))? = $text:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        ///
        /// An object of a kind that this version of the library does not know is kept. Match the kinds that you handle and a `_`
        /// arm; use [`tag`](Self::tag) to match a kind that has no variant yet.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        $vis enum $name {
            $( $(#[$variant_meta])* $variant $(($content))?, )+
            #[doc(hidden)]
            _Unknown(crate::types::UnknownObject),
        }

        impl $name {
            #[doc = concat!("Returns the kind as it is on the wire: the value of the field `", $tag, "`, known or not.")]
            $vis fn tag(&self) -> &str {
                match self {
                    $( crate::types::open::variant!(any $variant $(($content))?) => $text, )+
                    Self::_Unknown(object) => object.tag(),
                }
            }

            /// Returns the object if this version of the library has no variant for its kind.
            ///
            /// A later version may have one, and returns `None` for the same object.
            $vis fn unknown(&self) -> Option<&crate::types::UnknownObject> {
                match self {
                    Self::_Unknown(object) => Some(object),
                    _ => None,
                }
            }
        }

        impl crate::types::open::OpenUnion for $name {
            const TAG: &'static str = $tag;
            fn known<'de, D: serde::Deserializer<'de>>(
                tag: &str,
                fields: D,
            ) -> Result<Result<Self, D>, D::Error> {
                match tag {
                    $( $text => crate::types::open::variant!(read $name::$variant $(($content))?, fields).map(Ok), )+
                    _ => Ok(Err(fields)),
                }
            }
            fn from_unknown(object: crate::types::UnknownObject) -> Self {
                Self::_Unknown(object)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::types::open::union(deserializer)
            }
        }

        #[cfg(feature = "serde-all")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[derive(serde::Serialize)]
                #[serde(tag = $tag)]
                enum Known<'a> {
                    $( #[serde(rename = $text)] $variant $((&'a $content))?, )+
                    #[serde(skip)]
                    _Lifetime(std::marker::PhantomData<&'a ()>),
                }
                match self {
                    $( crate::types::open::variant!(pattern $variant $(($content))?, content) =>
                        crate::types::open::variant!(write Known::$variant $(($content))?, content).serialize(serializer), )+
                    Self::_Unknown(object) => object.serialize(serializer),
                }
            }
        }
    };
}

/// Expands to the code of [`open_union!`] that differs between variants with and without content.
macro_rules! variant {
    (any $variant:ident ($content:ty)) => {
        Self::$variant(_)
    };
    (any $variant:ident) => {
        Self::$variant
    };
    (read $name:ident::$variant:ident ($content:ty), $fields:ident) => {
        <$content as serde::Deserialize>::deserialize($fields).map($name::$variant)
    };
    (read $name:ident::$variant:ident, $fields:ident) => {
        crate::types::open::ignore($fields).map(|()| $name::$variant)
    };
    (pattern $variant:ident ($content:ty), $binding:ident) => {
        Self::$variant($binding)
    };
    (pattern $variant:ident, $binding:ident) => {
        Self::$variant
    };
    (write $name:ident::$variant:ident ($content:ty), $binding:ident) => {
        $name::$variant($binding)
    };
    (write $name:ident::$variant:ident, $binding:ident) => {
        $name::$variant
    };
}

pub(crate) use {open_union, variant};

/// An object of a kind that this version of the library does not know.
///
/// Its `Debug` shows the tag only, because the fields may hold secrets.
#[derive(Clone)]
pub struct UnknownObject {
    tag: Box<str>,
    json: Box<RawValue>,
}

impl UnknownObject {
    /// Returns the value of the tag field, which distinguishes the kinds.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Returns the whole object as JSON, the tag included. Numbers and strings are spelled as the server spelled them.
    pub fn json(&self) -> &str {
        self.json.get()
    }
}

impl PartialEq for UnknownObject {
    /// Compares the JSON texts.
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json()
    }
}

#[cfg(feature = "serde-all")]
impl serde::Serialize for UnknownObject {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl fmt::Debug for UnknownObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnknownObject").field("tag", &self.tag).finish_non_exhaustive()
    }
}

/// The part of a union that the shared reader needs.
pub(crate) trait OpenUnion: Sized {
    /// The name of the tag field.
    const TAG: &'static str;
    /// Reads the fields of a known kind, or returns them unread.
    fn known<'de, D: Deserializer<'de>>(tag: &str, fields: D) -> Result<Result<Self, D>, D::Error>;
    /// Wraps an object of an unknown kind.
    fn from_unknown(object: UnknownObject) -> Self;
}

/// Skips the fields of a kind without content.
pub(crate) fn ignore<'de, D: Deserializer<'de>>(fields: D) -> Result<(), D::Error> {
    fields.deserialize_map(IgnoredAny).map(drop)
}

/// Reads one object of an open union.
pub(crate) fn union<'de, U: OpenUnion, D: Deserializer<'de>>(deserializer: D) -> Result<U, D::Error> {
    struct Object<U>(std::marker::PhantomData<U>);

    impl<'de, U: OpenUnion> de::Visitor<'de> for Object<U> {
        type Value = U;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an object with the field `{}`", U::TAG)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<U, A::Error> {
            match read_fields(map)? {
                Ok(value) => Ok(value),
                Err(json) => json::read_with::<Plain, _>(json.get(), |reader| union(reader)).map_err(de::Error::custom),
            }
        }
    }

    deserializer.deserialize_map(Object::<U>(std::marker::PhantomData))
}

/// Reads the fields of an object of an open union. If the tag is not the first of them, returns the object again, with its tag first.
pub(crate) fn read_fields<'de, U: OpenUnion, A: MapAccess<'de>>(
    mut map: A,
) -> Result<Result<U, Box<RawValue>>, A::Error> {
    let first = map.next_key_seed(Borrowed)?.ok_or_else(|| de::Error::missing_field(U::TAG))?;
    if first != U::TAG {
        return tag_first(U::TAG, first, map).map(Err);
    }
    let tag = map.next_value_seed(Borrowed)?;
    match U::known(&tag, de::value::MapAccessDeserializer::new(&mut map))? {
        Ok(value) => Ok(Ok(value)),
        Err(_) => Ok(Ok(U::from_unknown(unknown(U::TAG, tag, map)?))),
    }
}

/// Reads the other fields of an object of an unknown kind.
#[cold]
fn unknown<'de, A: MapAccess<'de>>(name: &'static str, tag: Cow<'de, str>, rest: A) -> Result<UnknownObject, A::Error> {
    let json = rewritten(name, tag.clone(), Vec::new(), rest)?;
    Ok(UnknownObject { tag: tag.into(), json })
}

/// Rewrites an object whose tag comes after `first`, the name of its first field.
#[cold]
fn tag_first<'de, A: MapAccess<'de>>(
    name: &'static str,
    first: Cow<'de, str>,
    mut map: A,
) -> Result<Box<RawValue>, A::Error> {
    let mut fields = vec![(first, map.next_value()?)];
    loop {
        match map.next_key_seed(Borrowed)?.ok_or_else(|| de::Error::missing_field(name))? {
            key if key == name => break,
            key => fields.push((key, map.next_value()?)),
        }
    }
    let tag = map.next_value_seed(Borrowed)?;
    rewritten(name, tag, fields, map)
}

/// The fields of an object with their spelling.
type Spelled<'de> = Vec<(Cow<'de, str>, Box<RawValue>)>;

/// Writes an object again: the tag first, then the fields before it, then those of `rest`.
fn rewritten<'de, A: MapAccess<'de>>(
    name: &'static str,
    tag: Cow<'de, str>,
    mut fields: Spelled<'de>,
    mut rest: A,
) -> Result<Box<RawValue>, A::Error> {
    while let Some(key) = rest.next_key_seed(Borrowed)? {
        // With both kept, the next reader would choose one of them.
        if key == name {
            return Err(de::Error::duplicate_field(name));
        }
        fields.push((key, rest.next_value()?));
    }
    object_text(name, &tag, &fields).map_err(de::Error::custom)
}

fn object_text(tag_name: &str, tag: &str, fields: &Spelled<'_>) -> serde_json::Result<Box<RawValue>> {
    let mut json = format!("{{{}:{}", serde_json::to_string(tag_name)?, serde_json::to_string(tag)?);
    for (key, value) in fields {
        json.push(',');
        json.push_str(&serde_json::to_string(key)?);
        json.push(':');
        json.push_str(value.get());
    }
    json.push('}');
    RawValue::from_string(json)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use crate::types::json::{self, Plain};

    #[derive(Clone, Debug, Deserialize, PartialEq)]
    #[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
    pub(crate) struct Cloud {
        id: u64,
    }

    open_union! {
        /// A test union.
        pub(crate) enum Deployment by "kind" { Cloud(Cloud) = "cloud", SelfHosted = "selfHosted" }
    }

    fn read(json: &str) -> serde_json::Result<Deployment> {
        serde_json::from_str(json)
    }

    #[test]
    fn reads_a_known_kind_wherever_its_tag_is() {
        for json in
            [r#"{"kind":"cloud","id":18446744073709551615}"#, r#"{"id":18446744073709551615,"x":[1],"kind":"cloud"}"#]
        {
            assert!(matches!(read(json).unwrap(), Deployment::Cloud(Cloud { id: u64::MAX })), "{json}");
        }
    }

    #[test]
    fn keeps_an_unknown_kind_and_its_spelling_without_failing_the_list() {
        let list: Vec<Deployment> =
            serde_json::from_str(r#"[{"kind":"cloud","id":1},{"n":1.0,"kind":"edge","m":{"a":[]}}]"#).unwrap();
        assert_eq!(list.iter().map(Deployment::tag).collect::<Vec<_>>(), ["cloud", "edge"]);
        let [None, Some(object)] = [list[0].unknown(), list[1].unknown()] else { panic!("{list:?}") };
        assert_eq!(object.tag(), "edge");
        assert_eq!(object.json(), r#"{"kind":"edge","n":1.0,"m":{"a":[]}}"#);
        assert!(!format!("{object:?}").contains("1.0"), "fields may be secret");
    }

    #[test]
    fn unknown_kinds_are_equal_if_spelled_alike() {
        let json = r#"{"kind":"edge","n":1.0}"#;
        assert_eq!(read(json).unwrap(), read(json).unwrap());
        // The tag comes first, wherever the server put it.
        assert_eq!(read(json).unwrap(), read(r#"{"n":1.0,"kind":"edge"}"#).unwrap());
        for other in [r#"{"kind":"edge","n":1}"#, r#"{"kind":"edge"}"#, r#"{"kind":"ledge","n":1.0}"#] {
            assert_ne!(read(json).unwrap(), read(other).unwrap(), "{other}");
        }
    }

    #[test]
    fn rejects_a_union_without_its_tag_or_with_a_bad_field() {
        assert!(read(r#"{"id":1}"#).unwrap_err().to_string().contains("kind"));
        assert!(read(r#"{"kind":7}"#).is_err());
        assert!(read(r#"{"kind":"cloud","id":"x"}"#).is_err());
        assert!(read(r#"{"id":"x","kind":"cloud"}"#).is_err());
        assert!(read("[]").is_err());
        assert!(read(r#"{"kind":"edge","kind":"cloud","id":1}"#).is_err());
        assert!(read(r#"{"id":1,"kind":"cloud","kind":"edge"}"#).is_err());
    }

    #[test]
    fn locates_an_error_in_an_object_wherever_its_tag_is() {
        for json in [r#"[{"kind":"cloud","id":"x"}]"#, r#"[{"id":"x","kind":"cloud"}]"#] {
            let error = json::read::<Plain, Vec<Deployment>>(json).unwrap_err().locate(json);
            assert_eq!((error.path.as_str(), error.expected.as_str()), ("[0].id", "u64"), "{json}");
        }
    }

    proptest! {
        #[test]
        fn a_tag_at_any_place_is_found(
            mut fields in Just(vec![r#""id":7"#, r#""a":[{"kind":"x"}]"#, r#""b":1.50"#, r#""c":{"id":"x"}"#]).prop_shuffle(),
            place in 0..=4_usize,
            kind in prop_oneof![Just("cloud"), Just("selfHosted"), Just("edge")],
        ) {
            let others = fields.join(",");
            let tag = format!(r#""kind":"{kind}""#);
            fields.insert(place, &tag);
            match (read(&format!("{{{}}}", fields.join(","))).unwrap(), kind) {
                (Deployment::Cloud(cloud), "cloud") => prop_assert_eq!(cloud, Cloud { id: 7 }),
                (Deployment::SelfHosted, "selfHosted") => {}
                (Deployment::_Unknown(object), "edge") => {
                    prop_assert_eq!(object.json(), format!("{{{tag},{others}}}"));
                }
                (other, _) => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
