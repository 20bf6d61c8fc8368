//! [`Secret`]: text that is never shown by accident.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Text that must not be shown: a key, a token, the value of an environment variable.
///
/// * `Debug` prints `[redacted]`; there is no `Display` and no `Serialize`, so a secret reaches the outside only
///   through [`Secret::expose`], which is easy to search for. With the feature `serde-all`, types that hold secrets write
///   them in clear text where they are serialized as a whole.
/// * Its memory is wiped when the last owner drops it. Copies that a transport makes while sending, and the buffers
///   of requests and replies, are not covered by that.
/// * `==` takes the same time wherever two texts of one length differ.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. The only way to it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How many bytes of UTF-8 the text has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// Writes a secret in clear text, for a field that says so.
pub(crate) fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// Writes a secret that may be missing in clear text, for a field that says so.
pub(crate) fn exposed_if_some<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_text() {
        assert_eq!(format!("{:?} {:#?}", Secret::new("canary"), Secret::new("canary")), "[redacted] [redacted]");
    }

    #[test]
    fn equality_is_that_of_the_texts() {
        assert_eq!(Secret::new("a"), Secret::new("a"));
        assert_ne!(Secret::new("a"), Secret::new("b"));
        assert_ne!(Secret::new("a"), Secret::new("aa"));
    }
}
