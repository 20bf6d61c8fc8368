//! [`EnvironmentVariableChange`]: one change of an update.

#[cfg(feature = "serde-all")]
use serde::{Deserialize, Serialize, ser::SerializeStruct};

use crate::operation::environment::ChangeFields;
use crate::types::Secret;

/// One change of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvironmentVariableChange {
    /// Creates the variable or replaces its value.
    Set {
        /// The name of the variable.
        name: String,
        /// The new value.
        value: Secret,
    },
    /// Deletes the variable. Deleting a variable that does not exist has no effect.
    Delete {
        /// The name of the variable.
        name: String,
    },
}

impl EnvironmentVariableChange {
    /// Returns the name of the variable.
    pub fn name(&self) -> &str {
        match self {
            Self::Set { name, .. } | Self::Delete { name } => name,
        }
    }

    /// Returns the new value. `None` deletes the variable.
    pub fn value(&self) -> Option<&Secret> {
        match self {
            Self::Set { value, .. } => Some(value),
            Self::Delete { .. } => None,
        }
    }

    /// Returns the fields of its JSON.
    pub(super) fn fields(&self) -> ChangeFields<'_> {
        ChangeFields { name: self.name(), deployment_type: None, value: self.value() }
    }
}

/// Creates a change that sets the variable.
impl<N: Into<String>, V: Into<Secret>> From<(N, V)> for EnvironmentVariableChange {
    fn from((name, value): (N, V)) -> Self {
        Self::Set { name: name.into(), value: value.into() }
    }
}

/// Reads a change as the server does: a value that is `null` or absent is a deletion.
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

/// Writes the value in clear text.
#[cfg(feature = "serde-all")]
impl Serialize for EnvironmentVariableChange {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut change = serializer.serialize_struct("EnvironmentVariableChange", 2)?;
        change.serialize_field("name", self.name())?;
        change.serialize_field("value", &self.value().map(Secret::expose))?;
        change.end()
    }
}
