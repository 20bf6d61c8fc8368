//! Listing the data syncs in progress.
//!
//! Source: convex-backend `crates/application/src/streaming_export.rs` and `crates/model/src/data_sync_progress`.

use serde::Deserialize;

use crate::error::Violations;
use crate::operation::paging;
use crate::types::open::open_union;
use crate::types::{Text, UnixMillis, UnixNanos};

/// The progress of a sync that still reads the tables. Counts lag some seconds behind, and include revisions and deletions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SnapshotProgress {
    /// The number of tables that are complete.
    pub num_tables_synced: u64,
    /// The number of tables to read.
    pub total_tables: u64,
    /// The path of the component of the current table. Empty for the root component.
    pub current_component: Text,
    /// The name of the current table.
    pub current_table: Text,
    /// The number of documents of the current table that were sent.
    pub num_documents_in_current_table: u64,
    /// The number of documents in the current table.
    pub total_documents_in_current_table: u64,
    /// The number of documents of all tables that were sent.
    pub num_documents_synced: u64,
    /// The number of documents in all tables.
    pub total_documents: u64,
}

impl SnapshotProgress {
    /// Creates the value with zeros and empty texts. All fields are public.
    pub fn new() -> Self {
        Self::default()
    }
}

/// The progress of a sync that has read the tables.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SyncProgress {
    /// The number of tables.
    pub total_tables: u64,
    /// The number of documents that were sent, including revisions and deletions.
    pub num_documents_synced: u64,
    /// The sync has sent all changes up to this time, in nanoseconds. Pages of the sync call it the snapshot.
    pub synced_ts: UnixNanos,
}

impl SyncProgress {
    /// Creates the value.
    pub fn new(total_tables: u64, num_documents_synced: u64, synced_ts: UnixNanos) -> Self {
        Self { total_tables, num_documents_synced, synced_ts }
    }
}

open_union! {
    /// The status of a sync.
    pub enum ActiveSyncStatus by "type" {
        /// The sync reads the tables. A copy is not consistent yet.
        Snapshotting(SnapshotProgress) = "snapshotting",
        /// Newer changes exist. A copy may not be consistent.
        Stale(SyncProgress) = "stale",
        /// The sync has sent everything. A copy is consistent.
        UpToDate(SyncProgress) = "upToDate",
    }
}

/// A sync that read a page in the last 3 days.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ActiveSync {
    /// The id of the sync.
    pub sync_id: String,
    /// The time at which the server last recorded the progress, in milliseconds.
    pub last_updated: UnixMillis,
    /// The status of the sync.
    pub status: ActiveSyncStatus,
}

impl ActiveSync {
    /// Creates the value.
    pub fn new(sync_id: impl Into<String>, last_updated: UnixMillis, status: ActiveSyncStatus) -> Self {
        Self { sync_id: sync_id.into(), last_updated, status }
    }
}

deployment_operation! {
    /// Lists the data syncs that read a page in the last 3 days, in pages, most recent first.
    ///
    /// A page may be empty even if more pages follow. A [`Pager`](crate::Pager) walks the pages.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::ListActiveSyncs;
    ///
    /// let body = r#"{"syncs":[],"pagination":{"hasMore":false}}"#;
    /// assert_eq!(ListActiveSyncs::decode(&body.into())?.next_cursor, None);
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct ListActiveSyncs {
        /// The maximum number of syncs in a page, from 1 to 100. The server defaults to 50.
        pub limit: Option<u32>,
        /// The cursor of the page. `None` is the first page.
        pub cursor: Option<String>,
    }

    id: "list_active_syncs",
    request: GET "/data/list_active_syncs",
    query: [limit, cursor],
    response: page("syncs", ActiveSync),
    paging: Query,
    idempotency: Safe,
    permission: "deployment:data:view",
    codes: [LimitOutOfRange, InvalidCursor, StreamingExportNotEnabled],
    check: |it| Violations::err_if_any(paging::violations(it.limit, it.cursor.as_deref()).collect()),
}

impl ListActiveSyncs {
    /// Lists from the first page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the maximum number of syncs in a page, from 1 to 100.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets the cursor of the page.
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }
}

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for ListActiveSyncs {
    fn requests() -> Vec<Self> {
        vec![Self::new(), Self::new().limit(1).cursor("some-cursor")]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new().cursor(text)]
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        vec![(Self::new().limit(0), "limit"), (Self::new().limit(101), "limit"), (Self::new().cursor(""), "cursor")]
    }

    fn responses() -> Vec<serde_json::Value> {
        let page = |status: serde_json::Value| {
            serde_json::json!({
                "syncs": [{"syncId": "s", "lastUpdated": 5, "status": status}],
                "pagination": {"hasMore": true, "nextCursor": "c"}
            })
        };
        vec![
            page(serde_json::json!({
                "type": "snapshotting", "numTablesSynced": 1, "totalTables": 2, "currentComponent": "",
                "currentTable": "t", "numDocumentsInCurrentTable": 3, "totalDocumentsInCurrentTable": 4,
                "numDocumentsSynced": 5, "totalDocuments": 6
            })),
            page(serde_json::json!({ "type": "stale", "totalTables": 1, "numDocumentsSynced": 2, "syncedTs": 3 })),
            page(serde_json::json!({ "type": "upToDate", "totalTables": 1, "numDocumentsSynced": 2, "syncedTs": 3 })),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;
    use bytes::Bytes;

    #[test]
    fn reads_syncs_with_milliseconds_and_nanoseconds() {
        let body = r#"{"syncs":[
            {"syncId":"a","lastUpdated":1755000000000,"status":{"type":"upToDate","totalTables":2,"numDocumentsSynced":18446744073709551615,"syncedTs":1755000000000000001}},
            {"syncId":"b","lastUpdated":1,"status":{"type":"snapshotting","numTablesSynced":1,"totalTables":2,"currentComponent":"","currentTable":"t",
              "numDocumentsInCurrentTable":3,"totalDocumentsInCurrentTable":4,"numDocumentsSynced":5,"totalDocuments":6}},
            {"syncId":"c","lastUpdated":1,"status":{"type":"asleep","since":1.0}}],
            "pagination":{"hasMore":false}}"#;
        let page = ListActiveSyncs::decode(&Bytes::from(body)).unwrap();
        let [up_to_date, snapshotting, asleep] = &page.items[..] else { panic!("{page:?}") };
        let progress = SyncProgress::new(2, u64::MAX, UnixNanos(1_755_000_000_000_000_001));
        let expected = ActiveSync::new("a", UnixMillis(1_755_000_000_000), ActiveSyncStatus::UpToDate(progress));
        assert_eq!(*up_to_date, expected);
        let ActiveSyncStatus::Snapshotting(progress) = &snapshotting.status else { panic!("{snapshotting:?}") };
        assert_eq!((progress.num_documents_in_current_table, progress.total_documents), (3, 6));
        let object = asleep.status.unknown().unwrap();
        assert_eq!(object.json(), r#"{"type":"asleep","since":1.0}"#);
    }

    #[test]
    fn rejects_the_field_name_that_pages_use_for_the_time() {
        let body = r#"{"syncs":[{"syncId":"a","lastUpdated":1,"status":{"type":"stale","totalTables":1,"numDocumentsSynced":1,"snapshotTs":1}}],
            "pagination":{"hasMore":false}}"#;
        let error = ListActiveSyncs::decode(&Bytes::from(body)).unwrap_err();
        assert_eq!((error.path.as_str(), error.expected.as_str()), ("syncs[0].status", "the field `syncedTs`"));
    }
}
