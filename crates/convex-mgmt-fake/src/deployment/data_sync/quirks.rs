//! [`SyncQuirk`]: wrong behaviour of a server in data sync, for tests of consumers.

use serde::{Deserialize, Serialize};

/// A wrong behaviour of a server in data sync. Old and later servers may have some of them, others are bugs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "quirk", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum SyncQuirk {
    /// Ignores the selection of the request, like a server that does not know the field.
    IgnoresSelection,
    /// The status has this type and the `snapshotTs` of the page, if it has one. A later server may do so.
    UnknownStatus {
        /// The type of the status.
        status: String,
    },
    /// The page has the id of another sync.
    OtherSyncId,
    /// The page ends with a document of this table, whatever the selection and the tables of the deployment are.
    ForeignDocument {
        /// The path of the component.
        component: String,
        /// The name of the table.
        table: String,
    },
    /// The page truncates this table, whatever the selection and the tables of the deployment are.
    ForeignTruncate {
        /// The path of the component.
        component: String,
        /// The name of the table.
        table: String,
    },
    /// The page has more and no cursor.
    NoCursor,
    /// The cursor of the page is that of its request. The first page of a sync is not affected.
    SameCursor,
}

/// The quirks of the next pages.
#[derive(Debug, Default)]
pub(crate) struct SyncQuirks(Vec<(SyncQuirk, usize)>);

impl SyncQuirks {
    /// Adds a quirk to this number of pages.
    pub(crate) fn add(&mut self, quirk: SyncQuirk, pages: usize) {
        self.0.push((quirk, pages));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The quirks of a page.
    pub(super) fn of_page(&self) -> Vec<SyncQuirk> {
        self.0.iter().filter(|(_, pages)| *pages > 0).map(|(quirk, _)| quirk.clone()).collect()
    }

    /// Counts a page that has the quirks.
    pub(super) fn count(&mut self) {
        self.0.iter_mut().for_each(|(_, pages)| *pages = pages.saturating_sub(1));
        self.0.retain(|(_, pages)| *pages > 0);
    }
}
