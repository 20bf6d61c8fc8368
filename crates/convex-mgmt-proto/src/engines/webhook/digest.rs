//! [`BatchDigest`]: identifies a batch of events by its bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::signature;
use crate::types::text;

/// The SHA-256 of the body of a delivery.
///
/// Deliveries have no id. Every attempt at a batch has the same body, so the digest recognizes a repeated delivery. It does not
/// depend on the secret, and therefore stays the same when the secret is rotated between two attempts.
///
/// `Display`, `FromStr` and serde use 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchDigest([u8; 32]);

impl BatchDigest {
    /// Computes the digest of a body. This reads the whole body, and costs about as much as verifying it with one more secret.
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }

    /// Returns the digest with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for BatchDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BatchDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BatchDigest({self})")
    }
}

/// A text that is not a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a batch digest has 64 lower-case hexadecimal digits")]
#[non_exhaustive]
pub struct BatchDigestError;

impl FromStr for BatchDigest {
    type Err = BatchDigestError;
    fn from_str(text: &str) -> Result<Self, BatchDigestError> {
        signature::hex(text.as_bytes()).map(Self).map_err(|_| BatchDigestError)
    }
}

impl Serialize for BatchDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BatchDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer, str::parse)?.map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_a_known_digest_and_reads_its_text_back() {
        // FIPS 180-2, the example "abc".
        let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let digest = BatchDigest::of(b"abc");
        assert_eq!(digest.to_string(), digits);
        assert_eq!(digits.parse(), Ok(digest));
        assert_eq!(BatchDigest::from_bytes(*digest.as_bytes()), digest);
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(json, format!("\"{digits}\""));
        assert_eq!(serde_json::from_str::<BatchDigest>(&json).unwrap(), digest);
    }

    #[test]
    fn other_texts_are_not_digests() {
        for text in ["", "ba78", &"0".repeat(63), &"0".repeat(65), &"A".repeat(64), &"g".repeat(64)] {
            assert_eq!(text.parse::<BatchDigest>(), Err(BatchDigestError), "{text}");
            assert!(serde_json::from_str::<BatchDigest>(&format!("\"{text}\"")).is_err());
        }
    }
}
