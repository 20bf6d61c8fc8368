//! Updating environment variables.

use super::change::EnvironmentVariableChange;
use super::list::ListEnvironmentVariables;
use super::rules;
use crate::operation::environment::write_changes;
use crate::types::Secret;

deployment_operation! {
    /// Changes environment variables of the deployment in one transaction: the server makes all changes or none.
    ///
    /// The order of the changes does not matter to the server: it deletes first, and of several values for one name the greatest wins.
    /// Setting a value reruns all subscriptions of the deployment, even if the value stays the same.
    ///
    /// Some codes depend on the deployed app: `RequiredEnvironmentVariable`, `InvalidEnvironmentVariable`,
    /// `AuthConfigMissingEnvironmentVariable` and `InvalidAuthConfig`. Concurrent writers get 503
    /// [`OptimisticConcurrencyControlFailure`](crate::ErrorCode::OptimisticConcurrencyControlFailure).
    ///
    /// ```
    /// use convex_mgmt::deployment::UpdateEnvironmentVariables;
    ///
    /// let mut update = UpdateEnvironmentVariables::new().set("GREETING", "hello").delete("FAREWELL");
    /// update.extend([("LANGUAGE", "en"), ("REGION", "eu")]);
    /// assert_eq!(update.changes.len(), 4);
    /// ```
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[cfg_attr(feature = "serde-all", derive(serde::Deserialize, serde::Serialize))]
    pub struct UpdateEnvironmentVariables {
        /// The changes.
        pub changes: Vec<EnvironmentVariableChange>,
    }

    id: "update_environment_variables",
    request: POST "/update_environment_variables",
    body_text: |it, json| write_changes(json, it.changes.iter().map(EnvironmentVariableChange::fields)),
    response: empty(),
    idempotency: Idempotent,
    permission: "deployment:env:write",
    verify_with: ListEnvironmentVariables,
    flags: [secret_request],
    codes: [
        EnvironmentVariableNameInvalid, EnvironmentVariableNameTooLong, EnvironmentVariableValueTooLarge, EnvVarLimitMet,
        EnvVarTotalSizeLimitMet, EnvVarNameForbidden, RequiredEnvironmentVariable, InvalidEnvironmentVariable,
        AuthConfigMissingEnvironmentVariable, InvalidAuthConfig
    ],
    check: |it| rules::check(&it.changes),
}

impl UpdateEnvironmentVariables {
    /// Creates an update without changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a change that sets a variable.
    pub fn set(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.changes.push(EnvironmentVariableChange::Set { name: name.into(), value: value.into() });
        self
    }

    /// Adds a change that deletes a variable.
    pub fn delete(mut self, name: impl Into<String>) -> Self {
        self.changes.push(EnvironmentVariableChange::Delete { name: name.into() });
        self
    }
}

/// Collects changes, or pairs of names and values to set.
impl<C: Into<EnvironmentVariableChange>> FromIterator<C> for UpdateEnvironmentVariables {
    fn from_iter<I: IntoIterator<Item = C>>(changes: I) -> Self {
        Self { changes: changes.into_iter().map(Into::into).collect() }
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

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for UpdateEnvironmentVariables {
    fn requests() -> Vec<Self> {
        vec![Self::new(), Self::new().set("A", "1").set("B", "").delete("C")]
    }

    fn with_secret(text: &str) -> Vec<Self> {
        vec![Self::new().set("NAME", text).delete("OTHER")]
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        let long = || "x".repeat(8193);
        vec![(Self::new().set("1A", ""), "changes[0].name"), (Self::new().set("A", long()), "changes[0].value")]
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        Some(serde_json::from_str(body))
    }
}
