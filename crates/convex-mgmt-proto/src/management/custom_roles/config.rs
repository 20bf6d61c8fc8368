//! [`CustomRoleConfig`]: the settings of a custom role.

use serde::Serialize;

use super::statement::RoleStatement;
use crate::error::Violations;

/// The settings of a custom role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Deserialize))]
#[non_exhaustive]
pub struct CustomRoleConfig {
    /// The name of the role.
    pub name: String,
    /// The description of the role. `None` is no description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The rules of the role.
    pub statements: Vec<RoleStatement>,
}

impl CustomRoleConfig {
    /// Creates the settings, without a description.
    pub fn new(name: impl Into<String>, statements: impl IntoIterator<Item = RoleStatement>) -> Self {
        Self { name: name.into(), description: None, statements: statements.into_iter().collect() }
    }

    /// Sets the description.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Checks the statements.
    ///
    /// # Errors
    /// All values that the server would reject. [`CreateCustomRole`](super::CreateCustomRole) and
    /// [`UpdateCustomRole`](super::UpdateCustomRole) fail to build with these, too.
    pub fn check(&self) -> Result<(), Violations> {
        let statements = self.statements.iter().enumerate();
        let violations = statements.flat_map(|(index, one)| one.violations(&format!("statements[{index}]")));
        Violations::err_if_any(violations.collect())
    }
}
