//! [`Text`]: the names, slugs and other texts of responses. Short ones need no memory of their own.

mod printable;

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use self::printable::Printable;
use crate::types::url::UrlText;

/// The maximum length in bytes of a text that is stored inline. A `Text` then has the size of a `String`.
const INLINE: usize = 22;

/// A text of a response, such as a name or a slug. It dereferences to `str`.
///
/// It cannot be changed. Up to 22 bytes are stored inline; clones of a longer text share it. A page of many items needs few
/// allocations. `String::from` and [`str::to_owned`] return a `String`.
///
/// ```
/// use convex_mgmt::Text;
///
/// let slug = Text::from("web-shop");
/// assert_eq!(slug, "web-shop");
/// assert!(slug.starts_with("web"));
/// assert_eq!(String::from(slug), "web-shop");
/// ```
#[derive(Clone)]
pub struct Text(Repr);

#[derive(Clone)]
enum Repr {
    Inline(u8, [u8; INLINE]),
    Shared(Arc<str>),
}

impl Text {
    /// Returns the text.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // The bytes were copied from a `str`.
            Repr::Inline(length, bytes) => {
                bytes.get(..usize::from(*length)).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
            }
            Repr::Shared(text) => text,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let mut bytes = [0; INLINE];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(inline), Ok(length)) => {
                inline.copy_from_slice(text.as_bytes());
                Self(Repr::Inline(length, bytes))
            }
            _ => Self(Repr::Shared(text.into())),
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl From<&Text> for String {
    fn from(text: &Text) -> Self {
        text.as_str().to_owned()
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::from("")
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

// `Borrow` needs equality, order and hash of the texts. A map with such keys can be searched by text.
impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl UrlText for Text {
    fn url_text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

macro_rules! equal {
    ($($other:ty),+) => { $(
        impl PartialEq<$other> for Text {
            fn eq(&self, other: &$other) -> bool {
                let other: &str = other.as_ref();
                self.as_str() == other
            }
        }

        impl PartialEq<Text> for $other {
            fn eq(&self, other: &Text) -> bool {
                other == self
            }
        }
    )+ };
}

equal!(str, &str, String);

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, |text| Self::from(text))
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Reads a string without copying it where the input allows.
pub(crate) fn read<'de, D: Deserializer<'de>, T>(deserializer: D, with: impl FnOnce(&str) -> T) -> Result<T, D::Error> {
    struct Visitor<F>(F);
    impl<T, F: FnOnce(&str) -> T> de::Visitor<'_> for Visitor<F> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            Ok((self.0)(text))
        }
    }
    deserializer.deserialize_str(Visitor(with))
}

/// Reads a text, borrowed if the input allows.
pub(crate) struct Borrowed;

impl<'de> de::DeserializeSeed<'de> for Borrowed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> de::Visitor<'de> for Borrowed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_the_same_text_in_every_respect(text in ".{0,30}", other in ".{0,3}") {
            let [one, another] = [&text, &other].map(Text::from);
            prop_assert_eq!((one.as_str(), &String::from(&one), &one.clone()), (text.as_str(), &text, &one));
            prop_assert_eq!((format!("{one} {one:?}"), one.cmp(&another)), (format!("{text} {text:?}"), text.cmp(&other)));
            prop_assert_eq!((one == another, one == other), (text == other, text == other));
            let hasher = BuildHasherDefault::<DefaultHasher>::default();
            prop_assert_eq!(hasher.hash_one(&one), hasher.hash_one(&text));
            let json = serde_json::to_string(&one).unwrap();
            prop_assert_eq!(&json, &serde_json::to_string(&text).unwrap());
            prop_assert_eq!(serde_json::from_str::<Text>(&json).unwrap(), one);
        }
    }

    #[test]
    fn clones_of_a_long_text_share_it_and_a_text_is_as_large_as_a_string() {
        let long = Text::from("x".repeat(INLINE + 1));
        assert!(std::ptr::eq(long.as_str(), long.clone().as_str()));
        let short = Text::from("x".repeat(INLINE));
        assert!(!std::ptr::eq(short.as_str(), short.clone().as_str()));
        assert_eq!(size_of::<Option<Text>>(), size_of::<Option<String>>());
    }
}
