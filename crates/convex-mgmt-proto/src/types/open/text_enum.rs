//! [`open_enum!`]: enums of strings that keep values that are newer than this library.

use std::fmt;

/// Declares an enum of strings that keeps unknown values.
///
/// A request sends an unknown value unchanged, in every field. Callers make such a value on purpose only: they name it, or send
/// back what they read. The server knows which values are valid. Checks before sending reject known values only, such as a topic
/// that cannot be selected.
///
/// `Debug` shows an unknown value as it is. For an enum that is declared `redacted`, it shows the value like a URL that may hold
/// a token.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident $($redacted:ident)? {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        ///
        /// A value that this version of the library does not know is kept, and sent as it was read. Match the values that you
        /// handle and a `_` arm; compare with a text to match a value that has no variant yet.
        #[derive(Clone, PartialEq, Eq)]
        #[non_exhaustive]
        $vis enum $name {
            $( $(#[$variant_meta])* $variant, )+
            #[doc(hidden)]
            _Unknown(crate::types::open::UnknownText),
        }

        impl $name {
            /// The values that this version of the library knows.
            $vis const KNOWN: &'static [Self] = &[ $( Self::$variant ),+ ];

            /// Returns the value as it is on the wire.
            $vis fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::_Unknown(text) => text.as_str(),
                }
            }

            /// Returns `true` if this version of the library has a variant for the value.
            $vis fn is_known(&self) -> bool {
                !matches!(self, Self::_Unknown(_))
            }

            /// Returns the variant for a text.
            fn known(text: &str) -> Option<Self> {
                match text {
                    $( $text => Some(Self::$variant), )+
                    _ => None,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::known(text).unwrap_or_else(|| Self::_Unknown(crate::types::open::UnknownText::new(text)))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::known(&text).unwrap_or_else(|| Self::_Unknown(crate::types::open::UnknownText::new(text)))
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        // `Borrow` needs equality, order and hash of the texts. A map with such keys can be searched by text.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl crate::types::url::UrlText for $name {
            fn url_text(&self) -> std::borrow::Cow<'_, str> {
                self.as_str().into()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, text: &str) -> bool {
                self.as_str() == text
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                self.as_str() == *text
            }
        }

        impl PartialEq<$name> for str {
            fn eq(&self, value: &$name) -> bool {
                self == value.as_str()
            }
        }

        impl PartialEq<$name> for &str {
            fn eq(&self, value: &$name) -> bool {
                *self == value.as_str()
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        /// The order of the texts.
        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        /// The hash of the text.
        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $( Self::$variant => f.write_str(stringify!($variant)), )+
                    Self::_Unknown(text) => {
                        let text = text.as_str();
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
                crate::types::text::read(deserializer, |text| Self::from(text))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

pub(crate) use open_enum;

/// The text of an unknown value. It never contains the text of a variant, because only `From` of an open enum calls
/// [`UnknownText::new`]. The derived equality of an open enum is therefore the equality of the texts.
///
/// It is public because a variant contains it, and has no public path. Callers make unknown values with `From` only:
///
/// ```compile_fail
/// let code = convex_mgmt::ErrorCode::_Unknown("BadJsonBody".into());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnknownText(Box<str>);

impl UnknownText {
    /// Keeps a text for which no variant exists.
    pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Returns the text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shows the length only, because the text of a redacted enum may hold a token.
impl fmt::Debug for UnknownText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnknownText({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    use proptest::prelude::*;

    open_enum! {
        /// A test enum.
        pub(crate) enum Region { UsEast = "aws-us-east-1", EuWest = "aws-eu-west-1" }
    }

    #[test]
    fn sends_an_unknown_text_as_it_was_read() {
        let list: Vec<Region> = serde_json::from_str(r#"["aws-eu-west-1","mars \u00e9"]"#).unwrap();
        assert_eq!(list, [Region::EuWest, Region::from("mars é")]);
        assert_eq!(list.iter().map(Region::is_known).collect::<Vec<_>>(), [true, false]);
        assert_eq!(serde_json::to_string(&list).unwrap(), r#"["aws-eu-west-1","mars é"]"#);
        assert_eq!(format!("{list:?}"), r#"[EuWest, Unknown("mars é")]"#);
        assert_eq!(Region::KNOWN, [Region::UsEast, Region::EuWest]);
    }

    #[test]
    fn reads_a_known_text_as_its_variant_from_every_source() {
        let text = "aws-eu-west-1";
        let json: Region = serde_json::from_str(&format!("\"{text}\"")).unwrap();
        for region in [Region::from(text), Region::from(text.to_owned()), text.parse().unwrap(), json] {
            assert_eq!((&region, region.is_known()), (&Region::EuWest, true));
        }
    }

    #[test]
    fn a_map_with_open_keys_is_searched_by_text_too() {
        let texts = ["mars", "aws-us-east-1", "aws-eu-west-1"];
        let sorted: BTreeMap<Region, usize> = texts.iter().enumerate().map(|(n, text)| ((*text).into(), n)).collect();
        for (n, text) in texts.iter().enumerate() {
            assert_eq!(sorted.get(*text), Some(&n), "{text}");
            assert_eq!(sorted.get(&Region::from(*text)), Some(&n));
        }
        assert_eq!(sorted.keys().map(Region::as_str).collect::<Vec<_>>(), ["aws-eu-west-1", "aws-us-east-1", "mars"]);
    }

    proptest! {
        #[test]
        fn writes_any_text_of_an_enum_as_it_was_read(text in prop_oneof![".{0,12}", Just("aws-us-east-1".to_owned())]) {
            let json = serde_json::to_string(&text).unwrap();
            let region: Region = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(region.as_str(), &text);
            prop_assert_eq!(region.is_known(), text == "aws-us-east-1" || text == "aws-eu-west-1");
            prop_assert_eq!(serde_json::to_string(&region).unwrap(), json);
        }

        #[test]
        fn equality_order_and_hash_are_those_of_the_texts(
            texts in [0, 1].map(|_| prop_oneof!["[a-b]{0,2}", Just("aws-us-east-1".to_owned()), Just("aws-eu-west-1".to_owned())]),
        ) {
            let [one, other] = texts.each_ref().map(|text| Region::from(text.as_str()));
            let [one_text, other_text] = texts.each_ref().map(String::as_str);
            prop_assert_eq!(one == other, one_text == other_text);
            prop_assert_eq!((one == other_text, one == *other_text), (one_text == other_text, one_text == other_text));
            prop_assert_eq!((other_text == one, *other_text == one), (one_text == other_text, one_text == other_text));
            prop_assert_eq!(one.cmp(&other), one_text.cmp(other_text));
            let hasher = BuildHasherDefault::<DefaultHasher>::default();
            prop_assert_eq!(hasher.hash_one(&one), hasher.hash_one(one_text));
        }
    }
}
