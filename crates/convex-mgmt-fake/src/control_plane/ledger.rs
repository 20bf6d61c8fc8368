//! The ledger: what exists in the control plane, and what was created and deleted. A test compares it with what an SDK
//! reported.

use std::time::Duration;

use serde::Serialize;

use super::handle::FakeControlPlane;
use crate::management::TokenKind;
use crate::state::millis;

/// A project, a cloud deployment or a key that was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LedgerEntry {
    /// The id.
    pub id: u64,
    /// The name. For a project it is the slug, for a key the name in its list.
    pub name: String,
    /// The id of its project, which may be deleted, too.
    pub project_id: u64,
    /// The time of its creation, in milliseconds since the Unix epoch.
    pub created: u64,
    /// The time of its deletion, in milliseconds since the Unix epoch. `None` if it exists.
    pub deleted: Option<u64>,
}

impl LedgerEntry {
    fn new(id: u64, name: &str, project_id: u64, created: Duration, deleted: Option<Duration>) -> Self {
        Self { id, name: name.to_owned(), project_id, created: millis(created), deleted: deleted.map(millis) }
    }

    /// Returns `true` if it was not deleted.
    pub fn exists(&self) -> bool {
        self.deleted.is_none()
    }
}

impl FakeControlPlane {
    /// Returns every project that was created, in order.
    pub fn projects(&self) -> Vec<LedgerEntry> {
        let state = self.state.state();
        state.projects.all().map(|one| LedgerEntry::new(one.id, &one.slug, one.id, one.created, one.deleted)).collect()
    }

    /// Returns every cloud deployment that was created, in order.
    pub fn deployments(&self) -> Vec<LedgerEntry> {
        let state = self.state.state();
        let all = state.deployments.cloud.all();
        all.map(|one| LedgerEntry::new(one.id, &one.name, one.project, one.created, one.deleted)).collect()
    }

    /// Returns every minted deploy key and preview deploy key, in order. Echoed keys are not included.
    pub fn deploy_keys(&self) -> Vec<LedgerEntry> {
        let state = self.state.state();
        let project = |kind: &TokenKind| match kind {
            TokenKind::PreviewDeployKey { project } => Some(*project),
            TokenKind::DeployKey { deployment, .. } => {
                let found = state.deployments.cloud.all().find(|one| one.name == *deployment);
                found.map(|one| one.project)
            }
            _ => None,
        };
        let keys = state.tokens.all().filter_map(|token| Some((project(&token.kind)?, token)));
        keys.map(|(project, one)| LedgerEntry::new(one.id, &one.name, project, one.created, one.revoked)).collect()
    }
}
