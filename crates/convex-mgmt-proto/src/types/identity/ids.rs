//! Ids, each a type of its own, so that no id is passed in place of another.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::types::Printable;
use crate::types::url::UrlText;

macro_rules! ids {
    ($( $(#[$meta:meta])* $name:ident; )+) => { $(
        $(#[$meta])*
        #[doc = "\n\nIt is read from a number or from a text with its digits, and written as a number."]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Digits).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl UrlText for $name {
            fn url_text(&self) -> Cow<'_, str> {
                self.0.to_string().into()
            }
        }
    )+ };
}

/// Reads an id of 64 bits. JSON parsers of other languages lose digits above 2^53, so a server may write such an id as text.
struct Digits;

impl de::Visitor<'_> for Digits {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id: an integer of 64 bits, as a number or as text")
    }

    fn visit_u64<E: de::Error>(self, id: u64) -> Result<u64, E> {
        Ok(id)
    }

    fn visit_i64<E: de::Error>(self, id: i64) -> Result<u64, E> {
        u64::try_from(id).map_err(|_| E::invalid_value(de::Unexpected::Signed(id), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // The text is not shown: it may be anything.
        text.parse()
            .ok()
            .filter(|_| digits)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Other("another text"), &self))
    }
}

ids! {
    /// The id of a team.
    TeamId;
    /// The id of a project.
    ProjectId;
    /// The id of a deployment. Operations address a deployment by its name, not by this id.
    DeploymentId;
    /// The id of a member of a team.
    MemberId;
    /// The id of an access token or deploy key.
    AccessTokenId;
    /// The id of a custom role.
    CustomRoleId;
}

macro_rules! text_ids {
    ($( $(#[$meta:meta])* $name:ident; )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Returns the id as the API sent it. Its form has no meaning.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<String>> From<T> for $name {
            fn from(id: T) -> Self {
                Self(id.into())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Printable(&self.0).fmt(f)
            }
        }

        impl UrlText for $name {
            fn url_text(&self) -> Cow<'_, str> {
                self.as_str().into()
            }
        }
    )+ };
}

text_ids! {
    /// The id of a usage limit.
    UsageLimitId;
    /// The id of a log stream.
    LogStreamId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_from_a_number_or_a_text_and_written_as_a_number() {
        for json in ["18446744073709551615", r#""18446744073709551615""#] {
            let id: TeamId = serde_json::from_str(json).unwrap();
            assert_eq!((id, serde_json::to_string(&id).unwrap()), (TeamId(u64::MAX), u64::MAX.to_string()));
        }
        for json in ["-1", "1.0", "null", "true", r#""""#, r#""+1""#, r#"" 1""#, r#""1x""#, r#""18446744073709551616""#]
        {
            let error = serde_json::from_str::<TeamId>(json).unwrap_err().to_string();
            assert!(error.contains("an id"), "{json}: {error}");
        }
    }
}
