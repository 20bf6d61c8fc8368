//! [`DataSyncPage`]: one page of a data sync. Its documents are slices of the response body.

use bytes::Bytes;

use super::document::Document;
use super::entries::{self, PageParts};
use super::status::DataSyncStatus;
use super::table::{TablePath, Tables};
use crate::response::DecodeError;
use crate::types::UnixNanos;

/// A document that was written or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataSyncValue {
    /// The table of the document.
    pub table: TablePath,
    /// The time of the commit, in nanoseconds.
    pub ts: UnixNanos,
    /// `true` if the document was deleted. It then has only its `_id`.
    pub deleted: bool,
    /// The document, with the fields that the selection includes.
    pub document: Document,
}

impl DataSyncValue {
    /// Creates the value for a document that was written.
    pub fn upsert(table: TablePath, ts: UnixNanos, document: Document) -> Self {
        Self { table, ts, deleted: false, document }
    }

    /// Creates the value for a document that was deleted.
    pub fn delete(table: TablePath, ts: UnixNanos, id: &str) -> Self {
        Self { table, ts, deleted: true, document: Document::of_id(id) }
    }
}

/// One change of a page, to be applied to a copy.
///
/// The enum is exhaustive on purpose: a consumer must not skip a new kind of change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change<'a> {
    /// Delete all documents of this table.
    Truncate(&'a TablePath),
    /// Store this document. It replaces a document with the same `_id`.
    Upsert(&'a DataSyncValue),
    /// Delete the document with this `_id`, if it exists.
    Delete(&'a DataSyncValue),
}

/// One page of a data sync.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DataSyncPage {
    /// The state of a copy after this page.
    pub status: DataSyncStatus,
    /// Tables to empty before applying the values.
    pub truncates: Vec<TablePath>,
    /// Documents in the order to apply them. A document may occur several times.
    pub values: Vec<DataSyncValue>,
    /// The id of the sync, the same on all its pages.
    pub sync_id: String,
    /// The cursor of the next page. A next page always exists.
    pub next_cursor: String,
}

impl DataSyncPage {
    /// Creates a page without truncates and values, which are public fields.
    pub fn new(status: DataSyncStatus, sync_id: impl Into<String>, next_cursor: impl Into<String>) -> Self {
        Self {
            status,
            truncates: Vec::new(),
            values: Vec::new(),
            sync_id: sync_id.into(),
            next_cursor: next_cursor.into(),
        }
    }

    /// Returns the changes in the order to apply them: truncates, then values. Store [`DataSyncPage::next_cursor`] in the same
    /// transaction.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        let values = self.values.iter();
        let values = values.map(|value| if value.deleted { Change::Delete(value) } else { Change::Upsert(value) });
        self.truncates.iter().map(Change::Truncate).chain(values)
    }

    /// Returns `true` if a copy is complete and consistent after this page ([`DataSyncStatus::is_up_to_date`]).
    pub fn is_up_to_date(&self) -> bool {
        self.status.is_up_to_date()
    }

    /// Returns `true` if the caller should wait before reading the next page ([`DataSyncStatus::should_wait`]).
    pub fn should_wait(&self) -> bool {
        self.status.should_wait()
    }
}

pub(super) fn decode(body: &Bytes) -> Result<DataSyncPage, DecodeError> {
    let mut tables = Tables::default();
    let read = entries::page(body, &mut |reader, head| {
        let table = tables.path(&head.component, &head.table);
        let document = Document::slice(body, reader.document()?);
        Ok(DataSyncValue { table, ts: head.ts, deleted: head.deleted, document })
    })?;
    let PageParts { status, truncates, values, sync_id, next_cursor } = read;
    Ok(DataSyncPage { status, truncates, values, sync_id, next_cursor })
}

#[cfg(feature = "serde-all")]
mod write {
    //! Serializing a page as the server does.

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
            let (component, table) = (self.table.component(), self.table.table());
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
    use crate::deployment::data_sync::Snapshot;
    use crate::response::DecodeErrorKind;

    const PAGE: &str = r#"{"status":{"type":"stale","snapshotTs":1755000000000000001},
        "truncates":[{"component":"","table":"a"},{"component":"shop/cart","table":"b"}],
        "values":[
            {"component":"","table":"a","ts":3,"deleted":false,"value": {"_id":"x","n":1.0} },
            {"component":"","table":"a","ts":4,"deleted":true,"value":{"_id":"x"}},
            {"component":"sh\u006fp","table":"b","ts":5,"deleted":false,"value":{"_id":"y"}}],
        "syncId":"s","pagination":{"hasMore":true,"nextCursor":"ab"}}"#;

    #[test]
    fn documents_are_slices_of_the_page_with_their_spelling() {
        let body = Bytes::from(PAGE);
        let page = decode(&body).unwrap();
        let document = &page.values[0].document;
        assert_eq!(document.as_str(), r#"{"_id":"x","n":1.0}"#);
        let inside = body.as_ptr_range().contains(&document.as_str().as_ptr());
        assert!(inside, "the document was copied");
        assert!(std::ptr::eq(page.values[0].table.table(), page.values[1].table.table()), "the name was copied");
        assert_eq!(page.values[2].table, TablePath::new("shop", "b"));
        assert_eq!((page.sync_id.as_str(), page.next_cursor.as_str()), ("s", "ab"));
        assert_eq!(page.status.snapshot_ts(), Some(UnixNanos(1_755_000_000_000_000_001)));
        assert!(!page.is_up_to_date());
    }

    #[test]
    fn distinguishes_tables_that_share_only_one_name() {
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
    fn reads_an_entry_in_every_order_and_spelling() {
        let usual = r#"{"component":"","table":"a","ts":1,"deleted":true,"value":{"_id":"x","n":[1,{}]}}"#;
        let read = |entry: &str| {
            let body = format!(
                r#"{{"status":{{"type":"snapshotting"}},"truncates":[],"values":[{entry},{usual}],"syncId":"s","pagination":{{"nextCursor":"c"}}}}"#
            );
            decode(&Bytes::from(body)).map(|page| page.values)
        };
        for entry in [
            usual,
            r#"{"component":"","table":"a","ts":1,"deleted":true,"value":{"_id":"x","n":[1,{}]} }"#,
            r#"{"component":"","table":"a","ts":1,"deleted":true,"value":{"_id":"x","n":[1,{}]},"new":{}}"#,
            r#"{"value":{"_id":"x","n":[1,{}]},"deleted":true,"ts":1,"table":"a","component":""}"#,
            r#"{ "component" : "" , "table":"\u0061","ts":1,"deleted":true,"value":{"_id":"x","n":[1,{}]}}"#,
        ] {
            let values = read(entry).unwrap();
            assert_eq!(values[0], values[1], "{entry}");
            assert_eq!((values[0].document.id(), values[0].deleted), ("x", true));
        }
        for (from, to, path, expected) in [
            (r#""_id":"x""#, r#""_id":7"#, "values[0].value._id", "a string"),
            (r#""_id":"x","#, "", "values[0].value", "the field `_id`"),
            (r#"{"_id":"x","n":[1,{}]}"#, "[]", "values[0].value", "an object"),
            (r#""n":["#, r#""_id":"y","n":["#, "values[0].value", "the field `_id` once"),
            (r#""ts":1"#, r#""ts":1.5"#, "values[0].ts", "i64"),
            (r#""ts":1,"#, r#""ts":1,"ts":1,"#, "values[0]", "the field `ts` once"),
            (r#","ts":1"#, "", "values[0]", "the field `ts`"),
        ] {
            let error = read(&usual.replace(from, to)).unwrap_err();
            assert_eq!((&*error.path, &*error.expected), (path, expected), "{from} {to}");
            let other = usual.replace(from, to).replace(r#"{"component":"","#, r#"{"new":1,"component":"","#);
            assert_eq!(read(&other).unwrap_err().path, path, "{other}");
        }
        for bad in
            [r#""n":[1,]"#, r#""n":01"#, r#""n":"\x""#, r#""n":{"a":1,}"#, r#""n":truE"#, r#""n":1."#, r#""n":-"#]
        {
            let error = read(&usual.replace(r#""n":[1,{}]"#, bad)).unwrap_err();
            assert_eq!(error.kind, DecodeErrorKind::Syntax, "{bad}");
        }
    }

    #[test]
    fn documents_of_alternating_tables_share_the_paths() {
        let value = |n: usize| {
            let table = ["a", "b", "c"][n % 3];
            format!(r#"{{"component":"","table":"{table}","ts":1,"deleted":false,"value":{{"_id":"x{n}"}}}}"#)
        };
        let values = (0..3000).map(value).collect::<Vec<_>>().join(",");
        let body = format!(
            r#"{{"status":{{"type":"snapshotting"}},"truncates":[],"values":[{values}],"syncId":"s","pagination":{{"nextCursor":"c"}}}}"#
        );
        let page = decode(&Bytes::from(body)).unwrap();
        assert_eq!(page.values.len(), 3000);
        assert!(page.values.capacity() <= 3400, "{} places", page.values.capacity());
        for (n, value) in page.values.iter().enumerate() {
            assert_eq!(value.document.id(), format!("x{n}"));
            assert!(std::ptr::eq(value.table.table(), page.values[n % 3].table.table()), "the name was copied");
        }
    }

    #[test]
    fn waits_unless_the_status_says_that_more_exists() {
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
    fn reads_the_id_in_every_spelling_and_position() {
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
    fn changes_are_truncates_and_then_values_in_order() {
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
    fn constructors_make_the_same_page_as_reading_it() {
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
    fn locates_errors_in_a_page() {
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
