//! [`SyncOptions`]: what is synced, and the caller's decisions about stored rows and pauses.

use std::time::Duration;

use crate::deployment::data_sync::{DataSyncStatus, Selection};
use crate::metadata::DeploymentApi;
use crate::request::Endpoint;

/// The handling of stored rows when the sync begins a new copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OldRows {
    /// The old rows stay readable until the new copy is complete. The commit that first reaches `upToDate` deletes those that the
    /// new copy did not replace.
    #[default]
    KeepUntilComplete,
    /// The commit of the first page of the new copy deletes all old rows.
    DeleteFirst,
}

/// The reaction to a stored checkpoint with another selection. A selection that only adds tables always continues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnSelectionChange {
    /// [`SyncEngine::new`](super::SyncEngine::new) fails with the difference.
    #[default]
    Fail,
    /// The sync begins a new copy, which is right for the new selection.
    Restart,
    /// The sync continues. Rows of removed tables and old columns stay in the copy, as
    /// [`SelectionChange`](crate::deployment::data_sync::SelectionChange) describes.
    Continue,
}

/// The pauses between pages. There is none while the server has more to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// The pause after a page with the status `upToDate`. Default 10 s.
    pub up_to_date: Duration,
    /// The pause after a page with a status that this library does not know. Default 30 s.
    pub unknown: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { up_to_date: Duration::from_secs(10), unknown: Duration::from_secs(30) }
    }
}

impl Pace {
    /// Creates the default pauses, except for the one after `upToDate`.
    pub fn new(up_to_date: Duration) -> Self {
        Self { up_to_date, ..Self::default() }
    }

    /// Returns the pause after a page with this status. `jitter` is a random number in `0.0..=1.0`. It scales the pause to 75 % to
    /// 125 %, so that many syncs do not request pages at the same moment.
    pub fn pause(&self, status: &DataSyncStatus, jitter: f64) -> Duration {
        let pause = match status {
            DataSyncStatus::Snapshotting | DataSyncStatus::Stale(_) => return Duration::ZERO,
            DataSyncStatus::UpToDate(_) => self.up_to_date,
            DataSyncStatus::_Unknown(_) => self.unknown,
        };
        let jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
        let spread = pause / 2;
        let part = Duration::try_from_secs_f64(spread.as_secs_f64() * jitter).unwrap_or(spread);
        (pause / 4 * 3).saturating_add(part)
    }
}

/// The settings of a [`SyncEngine`](super::SyncEngine).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncOptions {
    pub(super) deployment: String,
    pub(super) selection: Selection,
    pub(super) on_selection_change: OnSelectionChange,
    pub(super) rows_without_checkpoint: Option<OldRows>,
    pub(super) restart: bool,
    pub(super) pace: Pace,
    pub(super) warn_after: Duration,
}

impl SyncOptions {
    /// Creates the options for a sync of all tables of the deployment at `endpoint`. The URL of the endpoint identifies the deployment.
    pub fn new(endpoint: &Endpoint<DeploymentApi>) -> Self {
        Self {
            deployment: endpoint.url().to_owned(),
            selection: Selection::all(),
            on_selection_change: OnSelectionChange::default(),
            rows_without_checkpoint: None,
            restart: false,
            pace: Pace::default(),
            warn_after: Duration::from_secs(2 * 24 * 3600),
        }
    }

    /// Sets the text that identifies the deployment in checkpoints, in place of the endpoint's URL. The engine rejects a checkpoint
    /// with another text.
    ///
    /// Use the name of the deployment if its URL may change, for example because it gets a custom domain.
    pub fn deployment(mut self, identity: impl Into<String>) -> Self {
        self.deployment = identity.into();
        self
    }

    /// Sets the documents to sync, and their fields. The default is everything.
    pub fn selection(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// Sets the reaction to a checkpoint with another selection. The default is an error.
    pub fn on_selection_change(mut self, reaction: OnSelectionChange) -> Self {
        self.on_selection_change = reaction;
        self
    }

    /// Sets the handling of rows in a sink that has no checkpoint, or a damaged one. Without it, such a sink is an error.
    ///
    /// The engine cannot check then whether the rows are those of this deployment.
    pub fn rows_without_checkpoint(mut self, rows: OldRows) -> Self {
        self.rows_without_checkpoint = Some(rows);
        self
    }

    /// Begins a new copy although a checkpoint exists, for example after
    /// [`InvalidDataSyncCursor`](crate::ErrorCode::InvalidDataSyncCursor). [`SinkState::old_rows`](super::SinkState::old_rows) decides
    /// about the old rows.
    pub fn restart(mut self) -> Self {
        self.restart = true;
        self
    }

    /// Sets the pauses between pages.
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Sets the age of a cursor from which [`SyncEngine::expiry_warning`](super::SyncEngine::expiry_warning) warns. The default is 2
    /// days: cursors are valid for at least 3 days.
    pub fn warn_after(mut self, age: Duration) -> Self {
        self.warn_after = age;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::data_sync::Snapshot;
    use crate::types::UnixNanos;

    #[test]
    fn pauses_only_after_a_status_that_does_not_say_that_more_exists() {
        let pace = Pace::new(Duration::from_secs(8));
        let snapshot = Snapshot::new(UnixNanos(1));
        for (status, shortest, longest) in [
            (DataSyncStatus::Snapshotting, 0, 0),
            (DataSyncStatus::Stale(snapshot), 0, 0),
            (DataSyncStatus::UpToDate(snapshot), 6, 10),
        ] {
            assert_eq!(pace.pause(&status, 0.0), Duration::from_secs(shortest), "{status:?}");
            assert_eq!(pace.pause(&status, 1.0), Duration::from_secs(longest), "{status:?}");
            for jitter in [f64::NAN, -1.0, f64::NEG_INFINITY] {
                assert_eq!(pace.pause(&status, jitter), Duration::from_secs(shortest));
            }
            assert_eq!(pace.pause(&status, f64::INFINITY), Duration::from_secs(longest));
        }
        let unknown: DataSyncStatus = serde_json::from_str(r#"{"type":"throttled"}"#).unwrap();
        assert_eq!(pace.pause(&unknown, 0.5), Duration::from_secs(30));
        assert!(
            Pace::new(Duration::MAX).pause(&DataSyncStatus::UpToDate(snapshot), 1.0) > Duration::from_secs(1 << 60)
        );
    }
}
