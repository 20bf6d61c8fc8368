//! Ids, each a type of its own, so that no id is passed in place of another.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Printable;
use super::url::UrlText;

macro_rules! ids {
    ($( $(#[$meta:meta])* $name:ident; )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

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
