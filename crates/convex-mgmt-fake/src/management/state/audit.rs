//! [`TeamAuditEntry`]: an entry of the audit log of a team.

use crate::state::AuditEntry;

/// One entry of the audit log of a team.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TeamAuditEntry {
    /// The id of the team.
    pub team_id: u64,
    /// The action with its actor and details. Names of actions have the form `project:create`.
    pub entry: AuditEntry,
}
