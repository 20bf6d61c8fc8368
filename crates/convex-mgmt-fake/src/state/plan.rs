//! [`Plan`]: the identity and the entitlements of a cloud deployment. A self-hosted deployment has none.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// The identity and the entitlements of a cloud deployment. Its JSON has the names of the fields in camelCase.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Plan {
    /// `dev`, `prod`, `preview` or `custom`.
    #[serde(deserialize_with = "deployment_type")]
    pub deployment_type: String,
    /// Allows log streams to be written.
    pub log_streaming_enabled: bool,
    /// Allows data sync.
    pub streaming_export_enabled: bool,
    /// Number of days of the audit log that can be read; -1 for all of it.
    pub audit_log_retention_days: i64,
    /// Allows the topic `custom_audit` in log streams.
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
    /// A dev deployment with every entitlement.
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
        _ => Err(D::Error::custom(format!("'{text}' is not a deployment type"))),
    }
}
