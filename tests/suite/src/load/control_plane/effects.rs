//! [`effect`]: the effect of an entry of a team's audit log.

use convex_mgmt_fake::AuditEntry;

/// The change, as in `Change::entry`, and the object that it created or deleted. `None` for an action of a deployment.
pub(in crate::load) fn effect(entry: &AuditEntry) -> Option<(String, Option<String>, Option<String>)> {
    let value = |name: &str| match &entry.metadata[name] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (kind, came) = match entry.action {
        "project:create" => ("project", true),
        "project:delete" => ("project", false),
        "deployment:create" => ("deployment", true),
        "deployment:delete" => ("deployment", false),
        "deployment:token:create" | "project:token:create" => ("key", true),
        "deployment:token:delete" | "project:token:delete" => ("key", false),
        "customRole:create" => ("role", true),
        "customRole:delete" => ("role", false),
        "team:token:create" => ("token", true),
        "team:token:delete" => ("token", false),
        "member:invite" => ("invitation", true),
        "member:cancelInvitation" => ("invitation", false),
        "deployment:customDomain:create" => ("domain", true),
        "deployment:customDomain:delete" => ("domain", false),
        _ => return None,
    };
    let name = match kind {
        "project" => value("projectId"),
        "deployment" => value("deploymentName"),
        "role" => value("id"),
        "invitation" => value("email"),
        "domain" => value("domain"),
        _ => value("name"),
    };
    let object = format!("{kind} {name}");
    Some(match came {
        true => (format!("new {kind}"), Some(object), None),
        false => (format!("no {object}"), None, Some(object)),
    })
}
