//! Updating default environment variables.

#[cfg(feature = "serde-all")]
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::list::ListDefaultEnvironmentVariables;
use crate::error::Violations;
use crate::operation::environment::{self, ChangeFields, write_changes};
use crate::types::{DeploymentType, ProjectId, Secret};

/// One change of a default environment variable, for one type of deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DefaultEnvironmentVariableChange {
    /// Creates the variable or replaces its value.
    Set {
        /// The name of the variable.
        name: String,
        /// The type of deployments that get the value.
        deployment_type: DeploymentType,
        /// The new value.
        value: Secret,
    },
    /// Deletes the variable. Deleting a variable that does not exist has no effect.
    Delete {
        /// The name of the variable.
        name: String,
        /// The type of deployments that no longer get the variable.
        deployment_type: DeploymentType,
    },
}

impl DefaultEnvironmentVariableChange {
    /// Returns the name of the variable.
    pub fn name(&self) -> &str {
        match self {
            Self::Set { name, .. } | Self::Delete { name, .. } => name,
        }
    }

    /// Returns the type of deployments that the change is for.
    pub fn deployment_type(&self) -> &DeploymentType {
        match self {
            Self::Set { deployment_type, .. } | Self::Delete { deployment_type, .. } => deployment_type,
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
    fn fields(&self) -> ChangeFields<'_> {
        let deployment_type = Some(self.deployment_type().as_str());
        ChangeFields { name: self.name(), deployment_type, value: self.value() }
    }
}

/// Reads a change. A value that is `null` or absent is a deletion. Inferred for an absent one.
#[cfg(feature = "serde-all")]
impl<'de> serde::Deserialize<'de> for DefaultEnvironmentVariableChange {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Fields {
            name: String,
            deployment_type: DeploymentType,
            value: Option<Secret>,
        }
        let Fields { name, deployment_type, value } = Fields::deserialize(deserializer)?;
        Ok(match value {
            Some(value) => Self::Set { name, deployment_type, value },
            None => Self::Delete { name, deployment_type },
        })
    }
}

/// Writes the value in clear text.
#[cfg(feature = "serde-all")]
impl Serialize for DefaultEnvironmentVariableChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut change = serializer.serialize_struct("DefaultEnvironmentVariableChange", 3)?;
        change.serialize_field("name", self.name())?;
        change.serialize_field("deploymentType", self.deployment_type())?;
        change.serialize_field("value", &self.value().map(Secret::expose))?;
        change.end()
    }
}

management_operation! {
    /// Changes default environment variables of a project. Each change is for one type of deployments.
    ///
    /// Deployments that exist keep their variables.
    ///
    /// ```
    /// use convex_mgmt::management::UpdateDefaultEnvironmentVariables;
    /// use convex_mgmt::{AccessToken, DeploymentType, Endpoint, Operation, ProjectId};
    ///
    /// let update = UpdateDefaultEnvironmentVariables::new(ProjectId(42))
    ///     .set("GREETING", DeploymentType::Dev, "hello")
    ///     .delete("FAREWELL", DeploymentType::Prod);
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let request = update.to_request(&Endpoint::new("https://api.convex.dev", &token)?)?;
    /// assert_eq!(
    ///     request.body(),
    ///     concat!(
    ///         r#"{"changes":[{"name":"GREETING","deploymentType":"dev","value":"hello"},"#,
    ///         r#"{"name":"FAREWELL","deploymentType":"prod","value":null}]}"#
    ///     )
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct UpdateDefaultEnvironmentVariables {
        /// The project.
        pub project_id: ProjectId,
        /// The changes.
        pub changes: Vec<DefaultEnvironmentVariableChange>,
    }

    id: "update_default_environment_variables",
    request: POST "/projects/{project_id}/update_default_environment_variables",
    path: [project_id],
    body_text: |it, json| write_changes(json, it.changes.iter().map(DefaultEnvironmentVariableChange::fields)),
    response: empty(),
    idempotency: Idempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    verify_with: ListDefaultEnvironmentVariables,
    flags: [secret_request],
    codes: [ProjectNotFound, EnvironmentVariableNameInvalid, EnvironmentVariableNameTooLong, EnvironmentVariableValueTooLarge],
    check: |it| {
        let rejected = |change: &DefaultEnvironmentVariableChange| {
            change.value().is_some_and(|value| !environment::is_permitted(change.name(), value.len()))
        };
        let checked = it.changes.iter().enumerate().filter(|(_, change)| rejected(change)).flat_map(|(index, change)| {
            // A variable with a name that the rules forbid can be deleted. The rules of deployments are inferred to hold here.
            let rules = move |value: &Secret| {
                let value = environment::value_violation(index, change.name(), value.len());
                environment::name_violation(index, change.name()).into_iter().chain(value)
            };
            change.value().into_iter().flat_map(rules)
        });
        Violations::err_if_any(checked.collect())
    },
}

impl UpdateDefaultEnvironmentVariables {
    /// Creates an update of the project `project_id` without changes.
    pub fn new(project_id: ProjectId) -> Self {
        Self { project_id, changes: Vec::new() }
    }

    /// Adds a change that sets a variable for a type of deployments.
    pub fn set(
        mut self,
        name: impl Into<String>,
        deployment_type: impl Into<DeploymentType>,
        value: impl Into<Secret>,
    ) -> Self {
        self.changes.push(DefaultEnvironmentVariableChange::Set {
            name: name.into(),
            deployment_type: deployment_type.into(),
            value: value.into(),
        });
        self
    }

    /// Adds a change that deletes a variable for a type of deployments.
    pub fn delete(mut self, name: impl Into<String>, deployment_type: impl Into<DeploymentType>) -> Self {
        self.changes.push(DefaultEnvironmentVariableChange::Delete {
            name: name.into(),
            deployment_type: deployment_type.into(),
        });
        self
    }
}

/// Adds changes.
impl Extend<DefaultEnvironmentVariableChange> for UpdateDefaultEnvironmentVariables {
    fn extend<I: IntoIterator<Item = DefaultEnvironmentVariableChange>>(&mut self, changes: I) {
        self.changes.extend(changes);
    }
}
