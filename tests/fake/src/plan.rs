//! [`Plan`]: the record of a cloud deployment that says what it is. A self-hosted one has none.

use serde::Deserialize;

/// What a cloud deployment is. Reads from JSON with these names in camelCase.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Plan {
    /// `dev`, `prod`, `preview` or `custom`.
    pub deployment_type: String,
    /// The team's id.
    pub team_id: u64,
    /// The project's id.
    pub project_id: u64,
    /// The deployment's id.
    pub deployment_id: u64,
    /// The project's name.
    pub project_name: Option<String>,
    /// The project's slug.
    pub project_slug: Option<String>,
    /// The deployment's reference.
    pub reference: Option<String>,
}

impl Default for Plan {
    /// A dev deployment.
    fn default() -> Self {
        Self {
            deployment_type: "dev".to_owned(),
            team_id: 1,
            project_id: 1,
            deployment_id: 1,
            project_name: None,
            project_slug: None,
            reference: None,
        }
    }
}
