//! Enums and unions that outlive the version of the API they were written for: [`open_enum!`] and [`open_union!`].

use std::fmt;

use serde::Deserializer;
use serde::de::{self, IgnoredAny, MapAccess};
use serde_json::value::RawValue;

/// Declares an enum of strings that keeps a value it does not know, and gives it back unchanged.
///
/// The rule for requests: a value that is not known is sent as it is, whichever field it stands in. Nobody makes one by
/// accident, only by naming it or by sending back what was read, and the server knows which values there are by now. Checks
/// before sending refuse known values only, such as a topic that cannot be asked for.
///
/// `Debug` shows such a value as it is, or, of an enum that is declared `redacted`, like a URL that may hold a token.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident $($redacted:ident)? {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq)]
        #[non_exhaustive]
        $vis enum $name {
            $( $(#[$variant_meta])* $variant, )+
            /// A value that this version of the library has no name for, as it came.
            Unknown(Box<str>),
        }

        impl $name {
            /// Every value this version of the library has a name for.
            $vis const KNOWN: &'static [Self] = &[ $( Self::$variant ),+ ];

            /// The text that stands for this value on the wire.
            $vis fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )+
                    unknown => Self::Unknown(unknown.into()),
                }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $( Self::$variant => f.write_str(stringify!($variant)), )+
                    Self::Unknown(text) => {
                        let text: &str = text;
                        f.debug_tuple("Unknown").field(&crate::types::redact::shown!(text $($redacted)?)).finish()
                    }
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&crate::types::Printable(self.as_str()), f)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::types::open::text(deserializer, |text| Self::from(text))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

/// Declares a union of objects that a field tells apart, and that keeps an object of a kind it does not know.
///
/// A variant holds a type that reads the object's other fields, or nothing where there are none. When the tag is the
/// object's first field, as the server writes it, the rest goes straight into that type; otherwise the object is read
/// twice.
macro_rules! open_union {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident by $tag:literal {
            $( $(#[$variant_meta:meta])* $variant:ident $(($content:ty))? = $text:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        $vis enum $name {
            $( $(#[$variant_meta])* $variant $(($content))?, )+
            /// An object of a kind that this version of the library does not know, as it came.
            Unknown(crate::types::UnknownObject),
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
            fn unknown(object: crate::types::UnknownObject) -> Self {
                Self::Unknown(object)
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
                    Self::Unknown(object) => object.serialize(serializer),
                }
            }
        }
    };
}

/// What [`open_union!`] writes for a variant, which differs with and without a content.
macro_rules! variant {
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

pub(crate) use {open_enum, open_union, variant};

/// An object of a kind that this version of the library does not know.
///
/// Its `Debug` shows the tag only: the fields may hold secrets.
#[derive(Clone)]
pub struct UnknownObject {
    tag: Box<str>,
    json: Box<RawValue>,
}

impl UnknownObject {
    /// The value of the field that tells the kinds apart.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The whole object as JSON text, tag included, with every number and string spelt as the server spelt it.
    pub fn json(&self) -> &str {
        self.json.get()
    }
}

impl PartialEq for UnknownObject {
    /// Equal if they are spelt alike.
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

/// What [`open_union!`] tells the shared reader about one union.
pub(crate) trait OpenUnion: Sized {
    /// The name of the field that tells the kinds apart.
    const TAG: &'static str;
    /// Reads the fields of a known kind, or hands them back untouched.
    fn known<'de, D: Deserializer<'de>>(tag: &str, fields: D) -> Result<Result<Self, D>, D::Error>;
    /// Wraps an object of a kind that is not known.
    fn unknown(object: UnknownObject) -> Self;
}

/// Reads the fields of a kind that has none worth reading.
pub(crate) fn ignore<'de, D: Deserializer<'de>>(fields: D) -> Result<(), D::Error> {
    fields.deserialize_map(IgnoredAny).map(drop)
}

/// Reads a string without copying it where the input allows.
pub(crate) fn text<'de, D: Deserializer<'de>, T>(deserializer: D, read: impl FnOnce(&str) -> T) -> Result<T, D::Error> {
    struct Text<F>(F);
    impl<T, F: FnOnce(&str) -> T> de::Visitor<'_> for Text<F> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            Ok((self.0)(text))
        }
    }
    deserializer.deserialize_str(Text(read))
}

/// Reads one object of an open union.
pub(crate) fn union<'de, U: OpenUnion, D: Deserializer<'de>>(deserializer: D) -> Result<U, D::Error> {
    struct Object<U>(std::marker::PhantomData<U>);

    impl<'de, U: OpenUnion> de::Visitor<'de> for Object<U> {
        type Value = U;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an object with the field `{}`", U::TAG)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<U, A::Error> {
            let mut fields: Vec<(String, Box<RawValue>)> = Vec::new();
            let mut tag: Option<String> = None;
            if let Some(first) = map.next_key::<String>()? {
                if first == U::TAG {
                    let text = map.next_value::<String>()?;
                    match U::known(&text, de::value::MapAccessDeserializer::new(&mut map))? {
                        Ok(value) => return Ok(value),
                        Err(_) => tag = Some(text),
                    }
                } else {
                    fields.push((first, map.next_value()?));
                }
            }
            while let Some(key) = map.next_key::<String>()? {
                if key != U::TAG {
                    fields.push((key, map.next_value()?));
                } else if tag.is_none() {
                    tag = Some(map.next_value()?);
                } else {
                    // Kept, it would be for the next reader to choose one of the two.
                    return Err(de::Error::duplicate_field(U::TAG));
                }
            }
            let tag = tag.ok_or_else(|| de::Error::missing_field(U::TAG))?;
            let json = object_text(U::TAG, &tag, &fields).map_err(de::Error::custom)?;
            let mut reader = serde_json::Deserializer::from_str(json.get());
            match U::known(&tag, &mut reader).map_err(de::Error::custom)? {
                Ok(value) => Ok(value),
                Err(_) => Ok(U::unknown(UnknownObject { tag: tag.into(), json })),
            }
        }
    }

    deserializer.deserialize_map(Object::<U>(std::marker::PhantomData))
}

/// Puts an object together again, the tag first.
fn object_text(tag_name: &str, tag: &str, fields: &[(String, Box<RawValue>)]) -> serde_json::Result<Box<RawValue>> {
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

    #[derive(Clone, Debug, Deserialize, PartialEq)]
    #[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
    pub(crate) struct Cloud {
        id: u64,
    }

    open_enum! {
        /// A test enum.
        pub(crate) enum Region { UsEast = "aws-us-east-1", EuWest = "aws-eu-west-1" }
    }

    open_union! {
        /// A test union.
        pub(crate) enum Deployment by "kind" { Cloud(Cloud) = "cloud", SelfHosted = "selfHosted" }
    }

    fn read(json: &str) -> serde_json::Result<Deployment> {
        serde_json::from_str(json)
    }

    #[test]
    fn an_unknown_text_comes_back_unchanged() {
        let list: Vec<Region> = serde_json::from_str(r#"["aws-eu-west-1","mars \u00e9"]"#).unwrap();
        assert_eq!(list, [Region::EuWest, Region::Unknown("mars é".into())]);
        assert_eq!(serde_json::to_string(&list).unwrap(), r#"["aws-eu-west-1","mars é"]"#);
        assert_eq!(Region::KNOWN.len(), 2);
    }

    #[test]
    fn a_known_kind_is_read_wherever_its_tag_stands() {
        for json in
            [r#"{"kind":"cloud","id":18446744073709551615}"#, r#"{"id":18446744073709551615,"x":[1],"kind":"cloud"}"#]
        {
            assert!(matches!(read(json).unwrap(), Deployment::Cloud(Cloud { id: u64::MAX })), "{json}");
        }
    }

    #[test]
    fn an_unknown_kind_does_not_fail_the_list_and_keeps_its_spelling() {
        let list: Vec<Deployment> =
            serde_json::from_str(r#"[{"kind":"cloud","id":1},{"n":1.0,"kind":"edge","m":{"a":[]}}]"#).unwrap();
        let [Deployment::Cloud(_), Deployment::Unknown(object)] = &list[..] else { panic!("{list:?}") };
        assert_eq!(object.tag(), "edge");
        assert_eq!(object.json(), r#"{"kind":"edge","n":1.0,"m":{"a":[]}}"#);
        assert!(!format!("{object:?}").contains("1.0"), "fields may be secret");
    }

    #[test]
    fn unknown_kinds_are_equal_if_spelt_alike() {
        let json = r#"{"kind":"edge","n":1.0}"#;
        assert_eq!(read(json).unwrap(), read(json).unwrap());
        // The tag comes first, wherever the server has it.
        assert_eq!(read(json).unwrap(), read(r#"{"n":1.0,"kind":"edge"}"#).unwrap());
        for other in [r#"{"kind":"edge","n":1}"#, r#"{"kind":"edge"}"#, r#"{"kind":"ledge","n":1.0}"#] {
            assert_ne!(read(json).unwrap(), read(other).unwrap(), "{other}");
        }
    }

    #[test]
    fn a_union_without_its_tag_or_with_a_bad_field_is_refused() {
        assert!(read(r#"{"id":1}"#).unwrap_err().to_string().contains("kind"));
        assert!(read(r#"{"kind":7}"#).is_err());
        assert!(read(r#"{"kind":"cloud","id":"x"}"#).is_err());
        assert!(read(r#"{"id":"x","kind":"cloud"}"#).is_err());
        assert!(read("[]").is_err());
        assert!(read(r#"{"kind":"edge","kind":"cloud","id":1}"#).is_err());
        assert!(read(r#"{"id":1,"kind":"cloud","kind":"edge"}"#).is_err());
    }

    proptest! {
        #[test]
        fn any_text_of_an_enum_comes_back(text in prop_oneof![".{0,12}", Just("aws-us-east-1".to_owned())]) {
            let json = serde_json::to_string(&text).unwrap();
            let region: Region = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(region.as_str(), &text);
            prop_assert_eq!(matches!(region, Region::Unknown(_)), text != "aws-us-east-1" && text != "aws-eu-west-1");
            prop_assert_eq!(serde_json::to_string(&region).unwrap(), json);
        }

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
                (Deployment::Unknown(object), "edge") => {
                    prop_assert_eq!(object.json(), format!("{{{tag},{others}}}"));
                }
                (other, _) => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
