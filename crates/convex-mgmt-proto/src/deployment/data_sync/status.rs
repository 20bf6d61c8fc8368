//! [`DataSyncStatus`]: the state of a copy after a page.

use serde::Deserialize;

use crate::types::UnixNanos;
use crate::types::open::open_union;

/// A point in time: the sync has returned all changes up to it.
///
/// A copy is certain to be consistent at this time only with [`DataSyncStatus::UpToDate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Snapshot {
    /// The time of the last commit that the sync includes, in nanoseconds.
    pub snapshot_ts: UnixNanos,
}

impl Snapshot {
    /// Creates the value.
    pub fn new(snapshot_ts: UnixNanos) -> Self {
        Self { snapshot_ts }
    }
}

open_union! {
    /// The state of a copy that has applied all pages of a sync so far.
    pub enum DataSyncStatus by "type" {
        /// The sync still reads the tables, so a copy is not consistent yet. Read the next page at once.
        Snapshotting = "snapshotting",
        /// Newer changes exist. Read the next page at once. A copy may not be consistent: this page may empty a table, and the
        /// next page contains its new documents.
        Stale(Snapshot) = "stale",
        /// A copy is consistent and complete. Wait before reading the next page.
        UpToDate(Snapshot) = "upToDate",
    }
}

impl DataSyncStatus {
    /// Returns the time of the snapshot: the sync has returned all changes up to it. `None` while the sync reads the tables.
    ///
    /// A copy is certain to be consistent at this time only with [`DataSyncStatus::UpToDate`].
    pub fn snapshot_ts(&self) -> Option<UnixNanos> {
        match self {
            Self::Stale(snapshot) | Self::UpToDate(snapshot) => Some(snapshot.snapshot_ts),
            Self::Snapshotting | Self::_Unknown(_) => None,
        }
    }

    /// Returns `true` if a copy is complete and consistent.
    pub fn is_up_to_date(&self) -> bool {
        matches!(self, Self::UpToDate(_))
    }

    /// Returns `true` if the caller should wait before reading the next page.
    ///
    /// `false` while the sync has more to send. `true` if a copy is complete. Also `true` for a status that this version does
    /// not know: reading on at once might never end.
    pub fn should_wait(&self) -> bool {
        match self {
            Self::Snapshotting | Self::Stale(_) => false,
            Self::UpToDate(_) | Self::_Unknown(_) => true,
        }
    }
}
