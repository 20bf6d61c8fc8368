//! [`DataSyncPage`]: one page of a data sync, with its documents as slices of the reply.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;

use super::document::{Document, Passed};
use super::export;
use crate::response::{DecodeError, decode};
use crate::types::Printable;
use crate::types::UnixNanos;
use crate::types::open::open_union;

/// A table, by its component and its name. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TablePath {
    /// The path of the component, such as `shop/cart`; empty for the app itself.
    #[serde(deserialize_with = "shared")]
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "text"))]
    pub component: Arc<str>,
    /// The name of the table.
    #[serde(deserialize_with = "shared")]
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "text"))]
    pub table: Arc<str>,
}

impl TablePath {
    /// A table of a component; of the app itself, if the path is empty.
    pub fn new(component: impl Into<Arc<str>>, table: impl Into<Arc<str>>) -> Self {
        Self { component: component.into(), table: table.into() }
    }
}

impl fmt::Display for TablePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.component.is_empty() {
            write!(f, "{}:", Printable(&self.component))?;
        }
        Printable(&self.table).fmt(f)
    }
}

fn shared<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    crate::types::open::text(deserializer, |text| text.into())
}

#[cfg(feature = "serde-all")]
fn text<S: serde::Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// The point in time up to which a sync has given changes.
///
/// Only with [`DataSyncStatus::UpToDate`] is a copy certain to be consistent at this point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Snapshot {
    /// The time of the last commit that it has, in nanoseconds.
    pub snapshot_ts: UnixNanos,
}

impl Snapshot {
    /// As of then.
    pub fn new(snapshot_ts: UnixNanos) -> Self {
        Self { snapshot_ts }
    }
}

open_union! {
    /// How what a sync has given so far relates to the deployment's data.
    pub enum DataSyncStatus by "type" {
        /// The sync still walks through the tables: a copy is not consistent yet. Go on at once.
        Snapshotting = "snapshotting",
        /// There are newer changes. Go on at once. A copy may not be consistent: this page may empty a table whose new
        /// documents come with the next one.
        Stale(Snapshot) = "stale",
        /// A copy is consistent and complete. Wait a while.
        UpToDate(Snapshot) = "upToDate",
    }
}

impl DataSyncStatus {
    /// The point in time up to which the sync has given changes, once it has walked through the tables. The copy is certain to
    /// be consistent at this point only with [`DataSyncStatus::UpToDate`].
    pub fn snapshot_ts(&self) -> Option<UnixNanos> {
        match self {
            Self::Stale(snapshot) | Self::UpToDate(snapshot) => Some(snapshot.snapshot_ts),
            Self::Snapshotting | Self::_Unknown(_) => None,
        }
    }
}

/// A document that was written or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataSyncValue {
    /// Its table.
    pub table: TablePath,
    /// When it was committed, in nanoseconds.
    pub ts: UnixNanos,
    /// Whether it was deleted. Then the document has its `_id` and nothing else.
    pub deleted: bool,
    /// The document, as far as it was selected.
    pub document: Document,
}

impl DataSyncValue {
    /// A document that was written.
    pub fn upsert(table: TablePath, ts: UnixNanos, document: Document) -> Self {
        Self { table, ts, deleted: false, document }
    }

    /// A document that was deleted: its `_id`.
    pub fn delete(table: TablePath, ts: UnixNanos, id: &str) -> Self {
        Self { table, ts, deleted: true, document: Document::of_id(id) }
    }
}

/// What a consumer does for a page, one step after the other. There are these three, and a fourth would be a change that no
/// consumer may pass over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change<'a> {
    /// Drop everything that is stored of this table.
    Truncate(&'a TablePath),
    /// Store this document, in place of the one with its `_id`, if there is one.
    Upsert(&'a DataSyncValue),
    /// Drop the document with this `_id`, if there is one.
    Delete(&'a DataSyncValue),
}

/// One page of a data sync.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DataSyncPage {
    /// How what was given so far, this page included, relates to the deployment's data.
    pub status: DataSyncStatus,
    /// Tables of which everything is to be dropped, before the values.
    pub truncates: Vec<TablePath>,
    /// Documents in the order in which they are to be applied. One may be there several times.
    pub values: Vec<DataSyncValue>,
    /// The sync's id, the same on all its pages.
    pub sync_id: String,
    /// Where the next page begins. There always is one.
    pub next_cursor: String,
}

impl DataSyncPage {
    /// A page without truncates and values, which are public fields.
    pub fn new(status: DataSyncStatus, sync_id: impl Into<String>, next_cursor: impl Into<String>) -> Self {
        Self {
            status,
            truncates: Vec::new(),
            values: Vec::new(),
            sync_id: sync_id.into(),
            next_cursor: next_cursor.into(),
        }
    }

    /// What to do for this page, in order: truncates, then values. Keep [`DataSyncPage::next_cursor`] in the same
    /// transaction.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        let values = self.values.iter();
        let values = values.map(|value| if value.deleted { Change::Delete(value) } else { Change::Upsert(value) });
        self.truncates.iter().map(Change::Truncate).chain(values)
    }

    /// Whether everything is there.
    pub fn is_up_to_date(&self) -> bool {
        matches!(self.status, DataSyncStatus::UpToDate(_))
    }

    /// Whether to wait a while before asking for the next page.
    ///
    /// `true` if everything is there, and for a status that this version of the library does not know: going on at once
    /// might never end. `false` while there is more.
    pub fn should_wait(&self) -> bool {
        match self.status {
            DataSyncStatus::Snapshotting | DataSyncStatus::Stale(_) => false,
            DataSyncStatus::UpToDate(_) | DataSyncStatus::_Unknown(_) => true,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageReply<'a> {
    status: DataSyncStatus,
    truncates: Vec<TablePath>,
    #[serde(borrow)]
    values: Vec<Entry<'a>>,
    sync_id: String,
    pagination: Endless,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    component: Cow<'a, str>,
    #[serde(borrow)]
    table: Cow<'a, str>,
    ts: UnixNanos,
    deleted: bool,
    #[serde(borrow)]
    value: Passed<'a>,
}

/// A sync has no end, so whether there is more is not looked at, and there has to be a cursor.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endless {
    next_cursor: String,
}

pub(super) fn decode(body: &Bytes) -> Result<DataSyncPage, DecodeError> {
    let reply: PageReply<'_> = export::read_object(decode::utf8(body)?)?;
    let mut values: Vec<DataSyncValue> = Vec::with_capacity(reply.values.len());
    for entry in &reply.values {
        // Entries of one table follow each other, so its names are kept once.
        let same = values.last().map(|last| &last.table);
        let same = same.filter(|path| *path.component == *entry.component && *path.table == *entry.table);
        let table = same.cloned().unwrap_or_else(|| TablePath::new(&*entry.component, &*entry.table));
        let document = Document::slice(body, entry.value);
        values.push(DataSyncValue { table, ts: entry.ts, deleted: entry.deleted, document });
    }
    let PageReply { status, truncates, sync_id, pagination, .. } = reply;
    Ok(DataSyncPage { status, truncates, values, sync_id, next_cursor: pagination.next_cursor })
}

#[cfg(feature = "serde-all")]
mod write {
    //! Writing a page as the server does.

    use serde::{Serialize, Serializer};

    use super::*;
    use crate::operation::paging::Pagination;

    impl Serialize for DataSyncValue {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            #[derive(Serialize)]
            struct Fields<'a> {
                component: &'a str,
                table: &'a str,
                ts: UnixNanos,
                deleted: bool,
                value: &'a Document,
            }
            let TablePath { component, table } = &self.table;
            Fields { component, table, ts: self.ts, deleted: self.deleted, value: &self.document }.serialize(serializer)
        }
    }

    impl Serialize for DataSyncPage {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            #[derive(Serialize)]
            #[serde(rename_all = "camelCase")]
            struct Fields<'a> {
                status: &'a DataSyncStatus,
                truncates: &'a [TablePath],
                values: &'a [DataSyncValue],
                sync_id: &'a str,
                pagination: Pagination,
            }
            let Self { status, truncates, values, sync_id, next_cursor } = self;
            let pagination = Pagination::new(Some(next_cursor.clone()));
            Fields { status, truncates, values, sync_id, pagination }.serialize(serializer)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::DecodeErrorKind;

    const PAGE: &str = r#"{"status":{"type":"stale","snapshotTs":1755000000000000001},
        "truncates":[{"component":"","table":"a"},{"component":"shop/cart","table":"b"}],
        "values":[
            {"component":"","table":"a","ts":3,"deleted":false,"value": {"_id":"x","n":1.0} },
            {"component":"","table":"a","ts":4,"deleted":true,"value":{"_id":"x"}},
            {"component":"sh\u006fp","table":"b","ts":5,"deleted":false,"value":{"_id":"y"}}],
        "syncId":"s","pagination":{"hasMore":true,"nextCursor":"ab"}}"#;

    #[test]
    fn documents_are_slices_of_the_page_as_they_were_spelt() {
        let body = Bytes::from(PAGE);
        let page = decode(&body).unwrap();
        let document = &page.values[0].document;
        assert_eq!(document.as_str(), r#"{"_id":"x","n":1.0}"#);
        let inside = body.as_ptr_range().contains(&document.as_str().as_ptr());
        assert!(inside, "the document was copied");
        assert!(Arc::ptr_eq(&page.values[0].table.table, &page.values[1].table.table), "the name was copied");
        assert_eq!(page.values[2].table, TablePath::new("shop", "b"));
        assert_eq!((page.sync_id.as_str(), page.next_cursor.as_str()), ("s", "ab"));
        assert_eq!(page.status.snapshot_ts(), Some(UnixNanos(1_755_000_000_000_000_001)));
        assert!(!page.is_up_to_date());
    }

    #[test]
    fn neighbours_of_which_only_one_name_is_the_same_are_of_different_tables() {
        let tables = [("", "a"), ("", "b"), ("shop", "b"), ("shop", "b"), ("cart", "b"), ("cart", "a"), ("", "a")];
        let value = |(component, table): &(&str, &str)| {
            format!(r#"{{"component":"{component}","table":"{table}","ts":1,"deleted":false,"value":{{"_id":"x"}}}}"#)
        };
        let values = tables.iter().map(value).collect::<Vec<_>>().join(",");
        let body = format!(
            r#"{{"status":{{"type":"snapshotting"}},"truncates":[],"values":[{values}],"syncId":"s","pagination":{{"nextCursor":"c"}}}}"#
        );
        let page = decode(&Bytes::from(body)).unwrap();
        let read: Vec<_> = page.values.iter().map(|value| value.table.clone()).collect();
        assert_eq!(read, tables.map(|(component, table)| TablePath::new(component, table)));
    }

    #[test]
    fn a_sync_waits_unless_it_is_known_that_there_is_more() {
        for (status, waits, up_to_date) in [
            (r#"{"type":"snapshotting"}"#, false, false),
            (r#"{"type":"stale","snapshotTs":1}"#, false, false),
            (r#"{"type":"upToDate","snapshotTs":1}"#, true, true),
            (r#"{"type":"throttled","retryMs":1000}"#, true, false),
            (r#"{"snapshotTs":1,"type":"UpToDate"}"#, true, false),
        ] {
            let body = PAGE.replace(r#"{"type":"stale","snapshotTs":1755000000000000001}"#, status);
            let page = decode(&Bytes::from(body)).unwrap();
            assert_eq!((page.should_wait(), page.is_up_to_date()), (waits, up_to_date), "{status}");
        }
    }

    #[test]
    fn an_id_is_read_with_the_page_however_it_is_spelt_and_wherever_it_is() {
        for (document, id) in [
            (r#"{"_id":"y"}"#, "y"),
            (r#"{ "_id" : "" , "a":1}"#, ""),
            (r#"{"a":{"_id":"no"},"b":["_id"],"_id":"yes"}"#, "yes"),
            (r#"{"\u005f\u0069d":"\u0079\"\ud83d\ude00é"}"#, "y\"\u{1f600}é"),
        ] {
            let page = decode(&Bytes::from(PAGE.replace(r#"{"_id":"y"}"#, document))).unwrap();
            let read = &page.values[2].document;
            assert_eq!((read.as_str(), read.id()), (document, id));
            assert_eq!(read.clone().into_owned().id(), id);
        }
    }

    #[test]
    fn truncates_come_before_values_and_values_in_order() {
        let page = decode(&Bytes::from(PAGE)).unwrap();
        let steps: Vec<String> = page
            .changes()
            .map(|change| match change {
                Change::Truncate(table) => format!("truncate {table}"),
                Change::Upsert(value) => format!("upsert {} {}", value.table, value.document.id()),
                Change::Delete(value) => format!("delete {} {}", value.table, value.document.id()),
            })
            .collect();
        assert_eq!(steps, ["truncate a", "truncate shop/cart:b", "upsert a x", "delete a x", "upsert shop:b y"]);
    }

    #[test]
    fn pages_can_be_made_up() {
        let table = TablePath::new("", "a");
        let mut page = DataSyncPage::new(DataSyncStatus::UpToDate(Snapshot::new(UnixNanos(5))), "s", "ab");
        page.truncates.push(table.clone());
        page.values.push(DataSyncValue::delete(table, UnixNanos(4), "x\""));
        let body = r#"{"status":{"type":"upToDate","snapshotTs":5},"truncates":[{"component":"","table":"a"}],
            "values":[{"component":"","table":"a","ts":4,"deleted":true,"value":{"_id":"x\""}}],
            "syncId":"s","pagination":{"hasMore":true,"nextCursor":"ab"}}"#;
        assert_eq!(decode(&Bytes::from(body)).unwrap(), page);
    }

    #[test]
    fn a_bad_page_is_located() {
        for (good, bad, path, expected) in [
            (r#"{"_id":"y"}"#, "[1]", "values[2].value", "an object"),
            (r#"{"_id":"y"}"#, "null", "values[2].value", "an object"),
            (r#"{"_id":"y"}"#, "{}", "values[2].value", "the field `_id`"),
            (r#"{"_id":"y"}"#, r#"{"a":{"_id":"y"}}"#, "values[2].value", "the field `_id`"),
            (r#"{"_id":"y"}"#, r#"{"_id":7}"#, "values[2].value._id", "a string"),
            (r#"{"_id":"y"}"#, r#"{"a":1,"\u005fid":null}"#, "values[2].value._id", "a string"),
            (r#"{"_id":"y"}"#, r#"{"_id":"\ud800"}"#, "values[2].value._id", "a string"),
            (r#"{"_id":"y"}"#, r#"{"_id":"y","_id":"y"}"#, "values[2].value", "the field `_id` once"),
            (r#""ts":5"#, r#""ts":5.0"#, "values[2].ts", "i64"),
            (r#""snapshotTs""#, r#""syncedTs""#, "status", "the field `snapshotTs`"),
            (r#","nextCursor":"ab""#, "", "pagination", "the field `nextCursor`"),
            (r#""nextCursor":"ab""#, r#""nextCursor":null"#, "pagination.nextCursor", "a string"),
        ] {
            let error = decode(&Bytes::from(PAGE.replace(good, bad))).unwrap_err();
            assert_eq!((error.path.as_str(), error.expected.as_str()), (path, expected));
        }
        assert_eq!(decode(&Bytes::from(&PAGE[..PAGE.len() - 1])).unwrap_err().kind, DecodeErrorKind::Truncated);
    }
}
