//! Data sync: a deployment's documents, page by page, and then their changes for ever.
//!
//! Source: convex-backend `crates/local_backend/src/streaming_export.rs`, `crates/streaming_export/src` and
//! `crates/table_iteration/src/data_sync.rs`.

mod active;
mod document;
mod export;
mod page;
mod selection;
mod value;

pub use active::{ActiveSync, ActiveSyncStatus, ListActiveSyncs, SnapshotProgress, SyncProgress};
use bytes::Bytes;
pub use document::Document;
use http::Method;
pub use page::{Change, DataSyncPage, DataSyncStatus, DataSyncValue, Snapshot, TablePath};
pub use selection::{ComponentSelection, Selection, TableSelection};
use serde::Serialize;
pub use value::Value;

use super::CREDENTIALS;
use crate::error::ErrorCode;
use crate::error::{BuildError, Violation, Violations};
use crate::metadata::{DeploymentApi, Idempotency, OperationMeta, Paging};
use crate::operation::Operation;
use crate::request::RequestEncoder;
use crate::response::DecodeError;

/// Asks for the next page of a data sync, or for the first one of a new sync.
///
/// A sync has no end: after each page, apply it as [`DataSyncPage::changes`] gives it and keep
/// [`DataSyncPage::next_cursor`], both in one transaction, and go on from that cursor; at once, unless
/// [`DataSyncPage::should_wait`]. The selection is not part of the cursor: send the same one each time. A table that a
/// later selection adds is synced from its beginning; one that it drops just gets no more changes.
///
/// A page is as large as its documents, often tens of MB: [`OperationMeta::large_reply`].
///
/// * Credential: any of the deployment's, with the permission `deployment:data:view`.
/// * Repeating it is safe: with a cursor it gives the same page or a newer one; without one it begins one more sync, which
///   costs nothing but an entry in the audit log.
/// * Gives a page, which may be empty.
/// * Codes: those of [`DataSync::check`], `InvalidDataSyncCursor`, `DataSyncCursorExpired` (begin again without a cursor:
///   cursors of the last 3 days are good), 403 `StreamingExportNotEnabled` and `SystemIdentityRequired`. Right after a
///   server's start 500 `InternalServerError`.
///
/// ```
/// use convex_mgmt::deployment::DataSync;
/// use convex_mgmt::deployment::data_sync::{Selection, TableSelection};
///
/// let selection = Selection::none()
///     .table("users", TableSelection::all().without("passwordHash"))
///     .table("orders", TableSelection::only(["total"]));
/// let first = DataSync::new().selection(selection.clone());
/// let next = DataSync::from_cursor("what the page before gave").selection(selection);
/// assert!(first.check().is_ok() && next.check().is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct DataSync {
    /// Where the page begins; `None` begins a new sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Which documents, and what of them; all if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "serde-all", serde(deserialize_with = "selection::some"))]
    pub selection: Option<Selection>,
    #[serde(skip)]
    unchecked: bool,
}

impl DataSync {
    /// The first page of a new sync.
    pub fn new() -> Self {
        Self::default()
    }

    /// The page that begins at the cursor that the page before gave.
    pub fn from_cursor(cursor: impl Into<String>) -> Self {
        Self { cursor: Some(cursor.into()), ..Self::default() }
    }

    /// The page after `page`, with the same selection.
    ///
    /// ```
    /// use convex_mgmt::UnixNanos;
    /// use convex_mgmt::deployment::data_sync::Snapshot;
    /// use convex_mgmt::deployment::DataSync;
    /// use convex_mgmt::deployment::data_sync::{DataSyncPage, DataSyncStatus, Selection};
    ///
    /// let first = DataSync::new().selection(Selection::only(["users"]));
    /// let page = DataSyncPage::new(DataSyncStatus::Stale(Snapshot::new(UnixNanos(5))), "the-id-of-the-sync", "a-cursor");
    /// let next = first.after(&page);
    /// assert_eq!(next, DataSync::from_cursor("a-cursor").selection(Selection::only(["users"])));
    /// ```
    pub fn after(self, page: &DataSyncPage) -> Self {
        Self { cursor: Some(page.next_cursor.clone()), ..self }
    }

    /// Only these documents, and what of them.
    pub fn selection(mut self, selection: Selection) -> Self {
        self.selection = Some(selection);
        self
    }

    /// Leaves all checks to the server.
    pub fn unchecked(mut self) -> Self {
        self.unchecked = true;
        self
    }

    /// Checks what the server would refuse whatever the deployment.
    ///
    /// # Errors
    /// All problems, with the codes that the server would answer.
    pub fn check(&self) -> Result<(), Violations> {
        let empty = self.cursor.as_deref() == Some("");
        let cursor = empty.then(|| Violation::new("cursor", ErrorCode::InvalidDataSyncCursor, "may not be empty"));
        let selection = self.selection.iter().flat_map(Selection::problems);
        Violations::none_of(cursor.into_iter().chain(selection).collect())
    }
}

impl Operation for DataSync {
    type Api = DeploymentApi;
    type Output = DataSyncPage;
    const META: &'static OperationMeta =
        &OperationMeta::new::<DeploymentApi>("data_sync", Method::POST, "/data/sync", Idempotency::Safe)
            .credentials(CREDENTIALS)
            .permission("deployment:data:view")
            .paging(Paging::Body)
            .large_reply();

    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        if !self.unchecked {
            self.check()?;
        }
        request.json(self)
    }

    fn decode(body: &Bytes) -> Result<DataSyncPage, DecodeError> {
        page::decode(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::DeployKey;
    use crate::request::Endpoint;

    fn body(operation: &DataSync) -> Result<Bytes, BuildError> {
        let endpoint = Endpoint::new("https://h", &DeployKey::parse("n|01ab").unwrap()).unwrap();
        Ok(operation.to_request(&endpoint)?.into_body())
    }

    #[test]
    fn a_new_sync_sends_no_cursor_and_no_selection() {
        assert_eq!(body(&DataSync::new()).unwrap(), "{}");
        let next = DataSync::from_cursor("é\"").selection(Selection::all());
        assert_eq!(body(&next).unwrap(), r#"{"cursor":"é\"","selection":{"_other":"included"}}"#);
    }

    #[cfg(feature = "serde-all")]
    #[test]
    fn a_sync_is_read_back_with_its_selection_or_without_one() {
        let selection = Selection::none().table("t", TableSelection::all());
        for sync in [DataSync::new(), DataSync::from_cursor("c"), DataSync::new().selection(selection)] {
            let json = serde_json::to_string(&sync).unwrap();
            let read: DataSync = serde_json::from_str(&json).unwrap();
            assert_eq!((&read.cursor, &read.selection), (&sync.cursor, &sync.selection), "{json}");
            assert_eq!(body(&read).unwrap(), body(&sync).unwrap());
        }
        // The server refuses it, too.
        assert!(serde_json::from_str::<DataSync>(r#"{"selection":null}"#).is_err());
    }

    #[test]
    fn the_next_page_keeps_the_selection_and_what_is_not_checked() {
        let page = DataSyncPage::new(DataSyncStatus::Snapshotting, "s", "second");
        let bad = Selection::only(["bad-name"]);
        let next = DataSync::from_cursor("first").selection(bad).unchecked().after(&page);
        let expected = r#"{"cursor":"second","selection":{"_other":"excluded","":{"_other":"excluded","bad-name":{"_other":"included"}}}}"#;
        assert_eq!(body(&next).unwrap(), expected);
    }

    #[test]
    fn what_the_server_refuses_is_refused_before_unless_told_otherwise() {
        let bad = DataSync::from_cursor("").selection(Selection::all().table("bad-name", TableSelection::all()));
        let problems = bad.check().unwrap_err();
        let codes: Vec<_> = problems.iter().map(|problem| problem.code.clone()).collect();
        assert_eq!(codes, [ErrorCode::InvalidDataSyncCursor, ErrorCode::InvalidDataSyncSelection]);
        assert!(body(&bad).is_err());
        assert!(body(&bad.unchecked()).is_ok());
    }
}
