//! [`Plan`]: the record of a cloud deployment that says what it is and what it is entitled to. A self-hosted one has none.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// What a cloud deployment is and may do. Reads from JSON with these names in camelCase.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Plan {
    /// `dev`, `prod`, `preview` or `custom`.
    #[serde(deserialize_with = "deployment_type")]
    pub deployment_type: String,
    /// Whether log streams may be written.
    pub log_streaming_enabled: bool,
    /// Whether data sync may be used.
    pub streaming_export_enabled: bool,
    /// How many days of the audit log may be read; -1 for all of it.
    pub audit_log_retention_days: i64,
    /// Whether log streams may carry `custom_audit`.
    pub custom_audit_logs_in_log_streams_config_enabled: bool,
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
    /// A dev deployment with everything.
    fn default() -> Self {
        Self {
            deployment_type: "dev".to_owned(),
            log_streaming_enabled: true,
            streaming_export_enabled: true,
            audit_log_retention_days: -1,
            custom_audit_logs_in_log_streams_config_enabled: true,
            team_id: 1,
            project_id: 1,
            deployment_id: 1,
            project_name: None,
            project_slug: None,
            reference: None,
        }
    }
}

fn deployment_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.as_str() {
        "dev" | "prod" | "preview" | "custom" => Ok(text),
        _ => Err(D::Error::custom(format!("'{text}' is no type of deployment"))),
    }
}
