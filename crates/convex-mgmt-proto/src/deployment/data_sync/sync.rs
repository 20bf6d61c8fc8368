//! [`DataSync`]: reading one page of a data sync.

use serde::Serialize;

use super::page::{self, DataSyncPage};
use super::selection::Selection;
use crate::error::ErrorCode;
use crate::error::{Violation, Violations};

deployment_operation! {
    /// Reads the next page of a data sync, or the first page of a new one.
    ///
    /// A sync has no end. After each page, apply the changes in the order of [`DataSyncPage::changes`] and store
    /// [`DataSyncPage::next_cursor`], both in one transaction. Then continue from that cursor: at once, unless
    /// [`DataSyncPage::should_wait`] is `true`. The selection is not part of the cursor: send the same selection each time. A table
    /// that a later selection adds is synced from its beginning. A table that a later selection drops gets no more changes.
    ///
    /// A page is as large as its documents, often tens of MB: [`OperationMeta::large_response`](crate::OperationMeta::large_response).
    /// It may be empty.
    ///
    /// With a cursor, repeating the call returns the same page or a newer one. Without a cursor, it starts one more sync, which costs
    /// one entry in the audit log. A cursor is valid for at least 3 days: start again without one after
    /// [`DataSyncCursorExpired`](crate::ErrorCode::DataSyncCursorExpired). A server that has just started may return 500
    /// [`InternalServerError`](crate::ErrorCode::InternalServerError).
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::DataSync;
    /// use convex_mgmt::deployment::data_sync::{Selection, TableSelection};
    ///
    /// let selection = Selection::none()
    ///     .table("users", TableSelection::all().without("passwordHash"))
    ///     .table("orders", TableSelection::only(["total"]));
    /// let first = DataSync::new().selection(selection.clone());
    /// let next = DataSync::from_cursor("the-cursor-of-the-previous-page").selection(selection);
    /// assert!(first.check().is_ok() && next.check().is_ok());
    /// ```
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    #[cfg_attr(feature = "serde-all", derive(serde::Deserialize), serde(default))]
    pub struct DataSync {
        /// The cursor of the page. `None` starts a new sync.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cursor: Option<String>,
        /// The documents to sync, and their fields. `None` is everything.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "serde-all", serde(deserialize_with = "super::selection::some"))]
        pub selection: Option<Selection>,
    }

    id: "data_sync",
    request: POST "/data/sync",
    body: |it| it,
    response: custom(DataSyncPage, page::decode),
    paging: Body,
    idempotency: Safe,
    permission: "deployment:data:view",
    flags: [large_response],
    codes: [
        InvalidDataSyncCursor, DataSyncCursorExpired, InvalidDataSyncSelection, StreamingExportNotEnabled,
        SystemIdentityRequired
    ],
    check: |it| {
        let empty = it.cursor.as_deref() == Some("");
        let cursor = empty.then(|| Violation::new("cursor", ErrorCode::InvalidDataSyncCursor, "must not be empty"));
        let selection = it.selection.iter().flat_map(Selection::violations);
        Violations::err_if_any(cursor.into_iter().chain(selection).collect())
    },
}

impl DataSync {
    /// Reads the first page of a new sync.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the page at `cursor`, which the previous page returned.
    pub fn from_cursor(cursor: impl Into<String>) -> Self {
        Self { cursor: Some(cursor.into()), ..Self::default() }
    }

    /// Reads the page after `page`, with the same selection.
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
        self.at_cursor(page.next_cursor.clone())
    }

    /// Returns the request for the page at a cursor, with the same selection.
    pub(super) fn at_cursor(self, cursor: String) -> Self {
        Self { cursor: Some(cursor), ..self }
    }

    /// Sets the documents to sync, and their fields.
    pub fn selection(mut self, selection: Selection) -> Self {
        self.selection = Some(selection);
        self
    }
}

#[cfg(feature = "samples")]
mod samples {
    //! Sample requests and responses.

    use serde_json::{Value, json};

    use super::*;
    use crate::deployment::data_sync::selection::{ComponentSelection, TableSelection};
    use crate::operation::sample::Sample;

    /// Selections that use every form at each of the three levels.
    fn selections() -> Vec<Selection> {
        let tables = || {
            [
                TableSelection::all(),
                TableSelection::none(),
                TableSelection::only(["a", "b"]),
                TableSelection::all().without("a"),
            ]
        };
        let mut all = vec![Selection::all(), Selection::none()];
        for component in [ComponentSelection::all(), ComponentSelection::none()] {
            all.push(Selection::all().component("", component.clone()));
            all.push(Selection::none().component("a/b", component.clone()));
            for table in tables() {
                all.push(Selection::none().component("a", component.clone().table("users", table)));
            }
        }
        all.extend(tables().map(|table| Selection::all().table("users", table)));
        all
    }

    impl Sample for DataSync {
        // The client ignores `hasMore`, because a sync has no end.
        const FREE: &'static [&'static str] = &["/hasMore"];

        fn requests() -> Vec<Self> {
            let mut all = vec![Self::new(), Self::from_cursor("ab").selection(Selection::all())];
            all.extend(selections().into_iter().map(|selection| Self::new().selection(selection)));
            all
        }

        fn invalid() -> Vec<(Self, &'static str)> {
            let bad = Selection::all().table("bad-name", TableSelection::all());
            vec![(Self::from_cursor(""), "cursor"), (Self::new().selection(bad), "selection")]
        }

        #[cfg(feature = "serde-all")]
        fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
            Some(serde_json::from_str(body))
        }

        fn responses() -> Vec<Value> {
            let page = |status: Value| {
                json!({
                    "status": status, "truncates": [{"component": "", "table": "t"}], "syncId": "s",
                    "pagination": {"hasMore": true, "nextCursor": "c"},
                    "values": [{"component": "", "table": "t", "ts": 5, "deleted": false, "value": {"_id": "x"}}]
                })
            };
            vec![
                page(json!({ "type": "snapshotting" })),
                page(json!({ "type": "stale", "snapshotTs": 5 })),
                page(json!({ "type": "upToDate", "snapshotTs": 5 })),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::DeployKey;
    use crate::deployment::data_sync::DataSyncStatus;
    use crate::deployment::data_sync::TableSelection;
    use crate::error::BuildError;
    use crate::metadata::DeploymentApi;
    use crate::operation::Operation;
    use crate::request::Endpoint;
    use bytes::Bytes;

    fn body(operation: &impl Operation<Api = DeploymentApi>) -> Result<Bytes, BuildError> {
        let endpoint = Endpoint::new("https://h", &DeployKey::parse("n|01ab").unwrap()).unwrap();
        Ok(operation.to_request(&endpoint)?.into_body())
    }

    #[test]
    fn a_new_sync_sends_neither_cursor_nor_selection() {
        assert_eq!(body(&DataSync::new()).unwrap(), "{}");
        let next = DataSync::from_cursor("é\"").selection(Selection::all());
        assert_eq!(body(&next).unwrap(), r#"{"cursor":"é\"","selection":{"_other":"included"}}"#);
    }

    #[cfg(feature = "serde-all")]
    #[test]
    fn reads_its_own_json_with_and_without_a_selection() {
        let selection = Selection::none().table("t", TableSelection::all());
        for sync in [DataSync::new(), DataSync::from_cursor("c"), DataSync::new().selection(selection)] {
            let json = serde_json::to_string(&sync).unwrap();
            let read: DataSync = serde_json::from_str(&json).unwrap();
            assert_eq!((&read.cursor, &read.selection), (&sync.cursor, &sync.selection), "{json}");
            assert_eq!(body(&read).unwrap(), body(&sync).unwrap());
        }
        // The server rejects `null` too.
        assert!(serde_json::from_str::<DataSync>(r#"{"selection":null}"#).is_err());
    }

    #[test]
    fn the_next_page_keeps_the_selection() {
        let page = DataSyncPage::new(DataSyncStatus::Snapshotting, "s", "second");
        let bad = Selection::only(["bad-name"]);
        let next = DataSync::from_cursor("first").selection(bad).after(&page).unchecked();
        let expected = r#"{"cursor":"second","selection":{"_other":"excluded","":{"_other":"excluded","bad-name":{"_other":"included"}}}}"#;
        assert_eq!(body(&next).unwrap(), expected);
    }

    #[test]
    fn rejects_requests_that_the_server_would_reject_unless_unchecked() {
        let bad = DataSync::from_cursor("").selection(Selection::all().table("bad-name", TableSelection::all()));
        let violations = bad.check().unwrap_err();
        let codes: Vec<_> = violations.iter().filter_map(|violation| violation.code.clone()).collect();
        assert_eq!(codes, [ErrorCode::InvalidDataSyncCursor, ErrorCode::InvalidDataSyncSelection]);
        assert!(body(&bad).is_err());
        assert!(body(&bad.unchecked()).is_ok());
    }
}
