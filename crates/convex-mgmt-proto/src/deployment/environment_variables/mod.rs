//! Environment variables: listing and updating them, the server's [`rules`], a [`plan`] from what is there to what is
//! wanted, and reading `.env` text.
//!
//! Source: convex-backend `crates/local_backend/src/environment_variables.rs` and `crates/application/src/lib.rs`.

#[cfg(feature = "dotenv")]
pub mod dotenv;
mod plan;
pub mod rules;

use std::collections::{BTreeMap, btree_map};

use bytes::Bytes;
use http::Method;
pub use plan::{Action, DeletesAll, EnvironmentPlan, Ownership, OwnershipError, PlanConflict, PlanError, Step};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::CREDENTIALS;
use crate::error::BuildError;
use crate::metadata::{DeploymentApi, Idempotency, OperationMeta};
use crate::operation::Operation;
use crate::request::RequestEncoder;
use crate::request::secret_body::{Body, Written};
use crate::response::{DecodeError, decode};
use crate::types::Secret;

/// The environment variables of a deployment: names, in ascending order, with their values.
///
/// `Debug` shows the names only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvironmentVariables(BTreeMap<String, Secret>);

impl EnvironmentVariables {
    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// Sets a variable; gives back the value it had.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Secret>) -> Option<Secret> {
        self.0.insert(name.into(), value.into())
    }

    /// Takes a variable out; gives back the value it had.
    pub fn remove(&mut self, name: &str) -> Option<Secret> {
        self.0.remove(name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values, by name.
    pub fn iter(&self) -> btree_map::Iter<'_, String, Secret> {
        self.0.iter()
    }

    /// The names, ascending.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Takes out the variables that the Convex command line tool keeps for itself in `.env` files, the deploy key among
    /// them, and gives their names. The tool does the same before it sends a file ([`CLI_MANAGED`]).
    pub fn take_cli_managed(&mut self) -> Vec<&'static str> {
        CLI_MANAGED.iter().copied().filter(|name| self.0.remove(*name).is_some()).collect()
    }
}

/// The variables in `.env` files that belong to the Convex command line tool and to the build tools that it serves: the
/// server would accept most of them, but a deployment has no use for them, and some are credentials.
pub const CLI_MANAGED: &[&str] = &[
    "CONVEX_DEPLOYMENT",
    "CONVEX_DEPLOYMENT_TOKEN",
    "CONVEX_DEPLOY_KEY",
    "CONVEX_SELF_HOSTED_ADMIN_KEY",
    "CONVEX_SELF_HOSTED_URL",
    "CONVEX_SITE_URL",
    "CONVEX_URL",
    "EXPO_PUBLIC_CONVEX_SITE_URL",
    "EXPO_PUBLIC_CONVEX_URL",
    "NEXT_PUBLIC_CONVEX_SITE_URL",
    "NEXT_PUBLIC_CONVEX_URL",
    "PUBLIC_CONVEX_SITE_URL",
    "PUBLIC_CONVEX_URL",
    "REACT_APP_CONVEX_SITE_URL",
    "REACT_APP_CONVEX_URL",
    "VITE_CONVEX_SITE_URL",
    "VITE_CONVEX_URL",
];

impl<N: Into<String>, V: Into<Secret>> FromIterator<(N, V)> for EnvironmentVariables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl<N: Into<String>, V: Into<Secret>> Extend<(N, V)> for EnvironmentVariables {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, variables: I) {
        self.0.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
    }
}

impl IntoIterator for EnvironmentVariables {
    type Item = (String, Secret);
    type IntoIter = btree_map::IntoIter<String, Secret>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a EnvironmentVariables {
    type Item = (&'a String, &'a Secret);
    type IntoIter = btree_map::Iter<'a, String, Secret>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Lists all environment variables of a deployment, in clear text. Built-in ones are not among them.
///
/// * Credential: any of the deployment's, with the permission `deployment:env:view`.
/// * Repeating it is safe.
/// * Gives names and values, by name.
/// * Codes: those of every operation only.
///
/// ```
/// use convex_mgmt::Operation;
/// use convex_mgmt::deployment::ListEnvironmentVariables;
///
/// let body = r#"{"environmentVariables":{"GREETING":"hello"}}"#;
/// let variables = ListEnvironmentVariables::decode(&body.into())?;
/// assert_eq!(variables.get("GREETING").map(|value| value.expose()), Some("hello"));
/// assert!(!format!("{variables:?}").contains("hello"));
/// # Ok::<(), convex_mgmt::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ListEnvironmentVariables {}

impl ListEnvironmentVariables {
    /// The call. It takes nothing.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Operation for ListEnvironmentVariables {
    type Api = DeploymentApi;
    type Output = EnvironmentVariables;
    const META: &'static OperationMeta = &OperationMeta::new::<DeploymentApi>(
        "list_environment_variables",
        Method::GET,
        "/list_environment_variables",
        Idempotency::Safe,
    )
    .credentials(CREDENTIALS)
    .permission("deployment:env:view")
    .secret_reply();

    fn decode(body: &Bytes) -> Result<EnvironmentVariables, DecodeError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct ListReply {
            environment_variables: BTreeMap<String, Secret>,
        }
        Ok(EnvironmentVariables(decode::object::<ListReply>(body)?.environment_variables))
    }
}

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

/// Values are written in clear text.
#[cfg(feature = "serde-all")]
impl Serialize for EnvironmentVariables {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, value)| (name, value.expose())))
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

/// Changes environment variables of a deployment, all in one transaction: all changes are made or none.
///
/// The order of the changes does not matter to the server: deletions come first, and of several values for one name the
/// greatest wins. Setting a value makes all subscriptions of the deployment run again, even if the value is the same.
///
/// * Credential: any of the deployment's, with the permission `deployment:env:write`.
/// * Repeating it leaves the same state.
/// * Success has no content.
/// * Codes: those of the [`rules`], and `RequiredEnvironmentVariable`, `InvalidEnvironmentVariable`,
///   `AuthConfigMissingEnvironmentVariable` and `InvalidAuthConfig`, which depend on the deployed app. Writers at the same
///   time get 503 `OptimisticConcurrencyControlFailure`.
///
/// ```
/// use convex_mgmt::deployment::UpdateEnvironmentVariables;
///
/// let mut update = UpdateEnvironmentVariables::new().set("GREETING", "hello").delete("FAREWELL");
/// update.extend([("LANGUAGE", "en"), ("REGION", "eu")]);
/// assert_eq!(update.changes.len(), 4);
/// ```
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde-all", derive(serde::Deserialize, serde::Serialize))]
#[non_exhaustive]
pub struct UpdateEnvironmentVariables {
    /// What to change.
    pub changes: Vec<EnvironmentVariableChange>,
    #[cfg_attr(feature = "serde-all", serde(skip))]
    unchecked: bool,
}

impl UpdateEnvironmentVariables {
    /// No changes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a variable.
    pub fn set(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.changes.push(EnvironmentVariableChange::Set { name: name.into(), value: value.into() });
        self
    }

    /// Deletes a variable.
    pub fn delete(mut self, name: impl Into<String>) -> Self {
        self.changes.push(EnvironmentVariableChange::Delete { name: name.into() });
        self
    }

    /// Leaves all checks to the server, for one that has other [`rules`].
    pub fn unchecked(mut self) -> Self {
        self.unchecked = true;
        self
    }
}

/// Collects changes, or pairs of names and values to set.
impl<C: Into<EnvironmentVariableChange>> FromIterator<C> for UpdateEnvironmentVariables {
    fn from_iter<I: IntoIterator<Item = C>>(changes: I) -> Self {
        Self { changes: changes.into_iter().map(Into::into).collect(), unchecked: false }
    }
}

/// Adds changes, or pairs of names and values to set.
impl<C: Into<EnvironmentVariableChange>> Extend<C> for UpdateEnvironmentVariables {
    fn extend<I: IntoIterator<Item = C>>(&mut self, changes: I) {
        self.changes.extend(changes.into_iter().map(Into::into));
    }
}

impl IntoIterator for UpdateEnvironmentVariables {
    type Item = EnvironmentVariableChange;
    type IntoIter = std::vec::IntoIter<EnvironmentVariableChange>;
    fn into_iter(self) -> Self::IntoIter {
        self.changes.into_iter()
    }
}

impl<'a> IntoIterator for &'a UpdateEnvironmentVariables {
    type Item = &'a EnvironmentVariableChange;
    type IntoIter = std::slice::Iter<'a, EnvironmentVariableChange>;
    fn into_iter(self) -> Self::IntoIter {
        self.changes.iter()
    }
}

impl Body for UpdateEnvironmentVariables {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'a> {
            changes: Vec<Written<'a, EnvironmentVariableChange>>,
        }
        Fields { changes: self.changes.iter().map(Written).collect() }.serialize(serializer)
    }
}

impl Operation for UpdateEnvironmentVariables {
    type Api = DeploymentApi;
    type Output = ();
    const META: &'static OperationMeta = &OperationMeta::new::<DeploymentApi>(
        "update_environment_variables",
        Method::POST,
        "/update_environment_variables",
        Idempotency::Idempotent,
    )
    .credentials(CREDENTIALS)
    .permission("deployment:env:write")
    .empty_reply()
    .secret_request()
    .verify_with("list_environment_variables");

    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        if !self.unchecked {
            rules::check(&self.changes)?;
        }
        request.json(&Written(self))
    }

    fn decode(body: &Bytes) -> Result<(), DecodeError> {
        decode::nothing(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::DeployKey;
    use crate::request::Endpoint;

    fn endpoint() -> Endpoint<DeploymentApi> {
        let key = DeployKey::parse("prod:happy-animal-123|made-up").unwrap();
        Endpoint::new("https://happy-animal-123.convex.cloud", &key).unwrap()
    }

    #[test]
    fn the_list_request() {
        let request = ListEnvironmentVariables::new().to_request(&endpoint()).unwrap();
        assert_eq!(request.method(), Method::GET);
        assert_eq!(request.uri(), "https://happy-animal-123.convex.cloud/api/v1/list_environment_variables");
        assert_eq!(request.headers()["authorization"], "Convex prod:happy-animal-123|made-up");
        assert!(request.body().is_empty());
    }

    #[test]
    fn the_update_request_writes_deletions_out() {
        let update = UpdateEnvironmentVariables::new().set("A", "1 \"x\"\n").set("B", "").delete("C");
        let request = update.to_request(&endpoint()).unwrap();
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.headers()["content-type"], "application/json");
        assert_eq!(
            request.body(),
            r#"{"changes":[{"name":"A","value":"1 \"x\"\n"},{"name":"B","value":""},{"name":"C","value":null}]}"#
        );
    }

    #[test]
    fn a_bad_change_is_refused_before_anything_is_sent_unless_told_otherwise() {
        let update = UpdateEnvironmentVariables::new().set("9", "x");
        assert!(matches!(update.to_request(&endpoint()), Err(BuildError::Invalid(_))));
        assert!(update.unchecked().to_request(&endpoint()).is_ok());
    }

    #[test]
    fn variables_and_updates_are_collections() {
        let mut variables: EnvironmentVariables = [("B", "2"), ("A", "1")].into_iter().collect();
        variables.extend([("B", "two"), ("C", "3")]);
        let owned: Vec<(String, Secret)> = variables.clone().into_iter().collect();
        assert_eq!(owned, [("A", "1"), ("B", "two"), ("C", "3")].map(|(name, value)| (name.into(), value.into())));

        let mut update: UpdateEnvironmentVariables = variables.into_iter().collect();
        update.extend([EnvironmentVariableChange::Delete { name: "D".into() }]);
        let expected = UpdateEnvironmentVariables::new().set("A", "1").set("B", "two").set("C", "3").delete("D");
        assert_eq!(update.changes, expected.changes);
        assert!((&update).into_iter().eq(&expected.changes) && update.into_iter().eq(expected));
    }

    #[test]
    fn a_list_is_read_in_clear_text_and_shown_without_values() {
        let body = Bytes::from(r#"{"environmentVariables":{"B":"canary","A":""},"more":{}}"#);
        let variables = ListEnvironmentVariables::decode(&body).unwrap();
        assert_eq!(variables.names().collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(variables.get("B").unwrap().expose(), "canary");
        assert!(!format!("{variables:?}").contains("canary"));
    }

    #[test]
    fn a_value_that_is_no_text_is_located_without_being_shown() {
        let body = Bytes::from(r#"{"environmentVariables":{"A":"x","B":{"canary":1}}}"#);
        let error = ListEnvironmentVariables::decode(&body).unwrap_err();
        assert_eq!((error.path.as_str(), error.expected.as_str()), ("environmentVariables.B", "a string"));
        assert!(!format!("{error} {error:?}").contains("canary"));
        let error = ListEnvironmentVariables::decode(&Bytes::from("{}")).unwrap_err();
        assert_eq!(error.expected, "the field `environmentVariables`");
    }

    #[test]
    fn variables_of_the_command_line_tool_can_be_taken_out() {
        let mut variables: EnvironmentVariables =
            [("CONVEX_DEPLOY_KEY", "k"), ("VITE_CONVEX_URL", "u"), ("MINE", "m")].into_iter().collect();
        assert_eq!(variables.take_cli_managed(), ["CONVEX_DEPLOY_KEY", "VITE_CONVEX_URL"]);
        assert_eq!(variables.names().collect::<Vec<_>>(), ["MINE"]);
    }
}
