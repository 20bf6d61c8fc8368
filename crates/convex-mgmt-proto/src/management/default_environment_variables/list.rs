//! Listing default environment variables.

use serde::{Deserialize, Deserializer};

use crate::types::{DeploymentType, ProjectId, Secret, Text};

/// A default environment variable: one value, with the types of deployments that get it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DefaultEnvironmentVariable {
    /// The name.
    pub name: Text,
    /// The value.
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "crate::types::secret::exposed"))]
    pub value: Secret,
    /// The types of deployments that get the value. A list for one type names that type only.
    pub deployment_types: Vec<DeploymentType>,
}

/// The default environment variables of a project, as far as the server returned them.
///
/// The API has no request for the rest. If [`has_more`](Self::has_more) is `true`, list by name or by type to see other variables.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DefaultEnvironmentVariables {
    /// The variables.
    pub variables: Vec<DefaultEnvironmentVariable>,
    /// `true` if the server has more variables than it returned.
    pub has_more: bool,
    /// The cursor in the response, if there is one. No request of the API takes it.
    pub next_cursor: Option<String>,
}

impl DefaultEnvironmentVariables {
    /// Returns the value of a variable for deployments of a type.
    pub fn get(&self, name: &str, deployment_type: &DeploymentType) -> Option<&Secret> {
        let of = |one: &&DefaultEnvironmentVariable| one.name == name && one.deployment_types.contains(deployment_type);
        self.variables.iter().find(of).map(|one| &one.value)
    }
}

/// The JSON form of a page. A page with more after it may lack a cursor here.
#[derive(Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
struct Page<T> {
    items: T,
    pagination: Pagination,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
struct Pagination {
    has_more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl<'de> Deserialize<'de> for DefaultEnvironmentVariables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Page { items: variables, pagination } = Page::deserialize(deserializer)?;
        Ok(Self { variables, has_more: pagination.has_more, next_cursor: pagination.next_cursor })
    }
}

/// Writes the values in clear text.
#[cfg(feature = "serde-all")]
impl serde::Serialize for DefaultEnvironmentVariables {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pagination = Pagination { has_more: self.has_more, next_cursor: self.next_cursor.clone() };
        Page { items: &self.variables, pagination }.serialize(serializer)
    }
}

management_operation! {
    /// Lists the default environment variables of a project, in clear text.
    ///
    /// The response says if there are more variables, but no request returns the rest:
    /// [`DefaultEnvironmentVariables::has_more`].
    ///
    /// ```
    /// use convex_mgmt::management::ListDefaultEnvironmentVariables;
    /// use convex_mgmt::{DeploymentType, Operation};
    ///
    /// let body = r#"{"items":[{"name":"GREETING","value":"hello","deploymentTypes":["dev","preview"]}],
    ///     "pagination":{"hasMore":false}}"#;
    /// let defaults = ListDefaultEnvironmentVariables::decode(&body.into())?;
    /// let greeting = defaults.get("GREETING", &DeploymentType::Dev);
    /// assert_eq!(greeting.map(|value| value.expose()), Some("hello"));
    /// assert!(!defaults.has_more);
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ListDefaultEnvironmentVariables {
        /// The project.
        pub project_id: ProjectId,
        /// The name of the variables to list. `None` is all names.
        pub name: Option<String>,
        /// The type of deployments whose variables to list. `None` is all types.
        pub deployment_type: Option<DeploymentType>,
    }

    id: "list_default_environment_variables",
    request: GET "/projects/{project_id}/list_default_environment_variables",
    path: [project_id],
    query: [name, deployment_type as "deploymentType"],
    response: object(DefaultEnvironmentVariables),
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    flags: [secret_response],
    codes: [ProjectNotFound],
}

impl ListDefaultEnvironmentVariables {
    /// Lists the default environment variables of the project `project_id`.
    pub fn new(project_id: ProjectId) -> Self {
        Self { project_id, name: None, deployment_type: None }
    }

    /// Sets `name`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets `deployment_type`.
    pub fn deployment_type(mut self, deployment_type: impl Into<DeploymentType>) -> Self {
        self.deployment_type = Some(deployment_type.into());
        self
    }
}
