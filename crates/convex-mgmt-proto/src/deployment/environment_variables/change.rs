//! [`EnvironmentVariableChange`]: one change of an update.

use serde::Serializer;
use serde::ser::SerializeStruct;
#[cfg(feature = "serde-all")]
use serde::{Deserialize, Serialize};

use crate::request::secret_body::Body;
use crate::types::Secret;

/// One change of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvironmentVariableChange {
    /// Creates the variable, or gives it another value.
    Set {
        /// Its name.
        name: String,
        /// Its value.
        value: Secret,
    },
    /// Deletes the variable. One that does not exist is no error.
    Delete {
        /// Its name.
        name: String,
    },
}

impl EnvironmentVariableChange {
    /// The name of the variable.
    pub fn name(&self) -> &str {
        match self {
            Self::Set { name, .. } | Self::Delete { name } => name,
        }
    }
}

/// Creates or updates a variable.
impl<N: Into<String>, V: Into<Secret>> From<(N, V)> for EnvironmentVariableChange {
    fn from((name, value): (N, V)) -> Self {
        Self::Set { name: name.into(), value: value.into() }
    }
}

/// A deletion is told by a value that is `null` or absent, as the server reads it.
#[cfg(feature = "serde-all")]
impl<'de> Deserialize<'de> for EnvironmentVariableChange {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            name: String,
            value: Option<Secret>,
        }
        let Fields { name, value } = Fields::deserialize(deserializer)?;
        Ok(match value {
            Some(value) => Self::Set { name, value },
            None => Self::Delete { name },
        })
    }
}

/// Values are written in clear text.
#[cfg(feature = "serde-all")]
impl Serialize for EnvironmentVariableChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.write(serializer)
    }
}

impl Body for EnvironmentVariableChange {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut change = serializer.serialize_struct("EnvironmentVariableChange", 2)?;
        change.serialize_field("name", self.name())?;
        // An absent value deletes too; written out, a deletion is never an accident.
        change.serialize_field(
            "value",
            &match self {
                Self::Set { value, .. } => Some(value.expose()),
                Self::Delete { .. } => None,
            },
        )?;
        change.end()
    }
}
