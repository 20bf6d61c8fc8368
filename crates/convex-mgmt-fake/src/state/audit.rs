//! [`AuditEntry`]: an entry of the audit log.

use serde_json::{Value, json};

/// One entry of the deployment's audit log.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AuditEntry {
    /// The time of the action, in milliseconds since the Unix epoch.
    pub create_time: u64,
    /// The actor, as the API returns it.
    pub actor: Value,
    /// The action, such as `create_environment_variable`.
    pub action: &'static str,
    /// The details of the action, as the API returns them.
    pub metadata: Value,
    /// The IP address of the client.
    pub client_ip: Option<String>,
    /// The `User-Agent` of the client.
    pub user_agent: Option<String>,
}

/// The actor of a write and its client, as the audit log shows them.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) actor: Value,
    pub(crate) client_ip: Option<String>,
    pub(crate) user_agent: Option<String>,
}

impl Origin {
    /// The deployment itself.
    pub(crate) fn system() -> Self {
        Self { actor: json!({"kind": "system"}), client_ip: None, user_agent: None }
    }
}
