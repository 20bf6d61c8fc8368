//! The ledger: what exists in the control plane, and what was created and deleted. A test compares it with what an SDK
//! reported.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::handle::FakeControlPlane;
use crate::management::TokenKind;

/// A project, a cloud deployment or a key that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LedgerEntry {
    /// The id.
    pub id: u64,
    /// The name: of a project its slug, of a key the name in its list.
    pub name: String,
    /// The time of its creation.
    pub created: SystemTime,
    /// The time of its deletion. `None` if it exists.
    pub deleted: Option<SystemTime>,
}

impl LedgerEntry {
    fn new(id: u64, name: &str, created: Duration, deleted: Option<Duration>) -> Self {
        let time = |time| UNIX_EPOCH + time;
        Self { id, name: name.to_owned(), created: time(created), deleted: deleted.map(time) }
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
        state.projects.all().map(|one| LedgerEntry::new(one.id, &one.slug, one.created, one.deleted)).collect()
    }

    /// Returns every cloud deployment that was created, in order.
    pub fn deployments(&self) -> Vec<LedgerEntry> {
        let state = self.state.state();
        state.deployments.cloud.all().map(|one| LedgerEntry::new(one.id, &one.name, one.created, one.deleted)).collect()
    }

    /// Returns every minted deploy key and preview deploy key, in order.
    pub fn deploy_keys(&self) -> Vec<LedgerEntry> {
        let state = self.state.state();
        let is_key =
            |kind: &TokenKind| matches!(kind, TokenKind::DeployKey { .. } | TokenKind::PreviewDeployKey { .. });
        let keys = state.tokens.all().filter(|token| is_key(&token.kind));
        keys.map(|one| LedgerEntry::new(one.id, &one.name, one.created, one.revoked)).collect()
    }
}
