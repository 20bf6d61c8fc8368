//! [`TypedDataSync`]: reads the documents of a page straight into a type.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::entries::{self, PageParts};
use super::status::DataSyncStatus;
use super::sync::DataSync;
use super::table::{TablePath, Tables};
use crate::error::{BuildError, Violations};
use crate::metadata::{DeploymentApi, OperationMeta};
use crate::operation::Operation;
use crate::request::RequestEncoder;
use crate::response::DecodeError;
use crate::types::UnixNanos;

/// Reads one page of a data sync, and its documents into `T` in the same pass. [`DataSync::typed`] creates it.
///
/// It is for callers who drive a sync by hand and use each document once. The page does not keep the response body. The engine and the
/// drivers take pages of [`DataSync`]. The request, its permission and its errors are those of [`DataSync`].
///
/// All selected tables have documents of type `T`, so select one table, or use an enum. The encodings are those of
/// [`Document::read`](super::Document::read). Only `T` decides which fields a document must have, including `_id`.
///
/// A document that does not fit `T` fails the call. The error has its place, such as `values[3].value.age`. Nothing is lost: the cursor
/// is still that of the page before, and [`TypedDataSync::untyped`] reads the same page without a type.
///
/// ```
/// use convex_mgmt::Operation;
/// use convex_mgmt::deployment::DataSync;
/// use convex_mgmt::deployment::data_sync::{Selection, TypedDataSync, TypedDocument};
///
/// #[derive(Debug, PartialEq, serde::Deserialize)]
/// struct User { name: String }
///
/// let body = br#"{"status":{"type":"snapshotting"},"truncates":[],"values":[
///     {"component":"","table":"users","ts":1,"deleted":false,"value":{"_id":"k1","name":"Ada"}},
///     {"component":"","table":"users","ts":2,"deleted":true,"value":{"_id":"k2"}}],
///     "syncId":"s","pagination":{"hasMore":true,"nextCursor":"c"}}"#;
/// let first = DataSync::new().selection(Selection::only(["users"])).typed::<User>();
/// let page = TypedDataSync::<User>::decode(&body[..].into())?;
/// assert_eq!(page.values[0].document, TypedDocument::Written(User { name: "Ada".to_owned() }));
/// assert_eq!(page.values[1].document, TypedDocument::Deleted("k2".to_owned()));
/// let next = first.after(&page);
/// assert_eq!(next, DataSync::from_cursor("c").selection(Selection::only(["users"])).typed());
/// # Ok::<(), convex_mgmt::DecodeError>(())
/// ```
pub struct TypedDataSync<T> {
    sync: DataSync,
    documents: PhantomData<fn() -> T>,
}

/// One page of a data sync, with documents of type `T`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TypedPage<T> {
    /// The state of a copy after this page.
    pub status: DataSyncStatus,
    /// Tables to empty before applying the values.
    pub truncates: Vec<TablePath>,
    /// Documents in the order to apply them. A document may occur several times.
    pub values: Vec<TypedValue<T>>,
    /// The id of the sync, the same on all its pages.
    pub sync_id: String,
    /// The cursor of the next page. A next page always exists.
    pub next_cursor: String,
}

/// A document of type `T` that was written, or the deletion of one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypedValue<T> {
    /// The table of the document.
    pub table: TablePath,
    /// The time of the commit, in nanoseconds.
    pub ts: UnixNanos,
    /// The document.
    pub document: TypedDocument<T>,
}

/// A document of type `T`, or the `_id` of a document that was deleted.
///
/// The enum is exhaustive on purpose: a consumer must not skip a new kind of change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypedDocument<T> {
    /// Store this document. It replaces a document with the same `_id`.
    Written(T),
    /// Delete the document with this `_id`, if it exists.
    Deleted(String),
}

impl DataSync {
    /// Reads the documents of the page into `T`, in the same pass as the page. See [`TypedDataSync`].
    pub fn typed<T: DeserializeOwned>(self) -> TypedDataSync<T> {
        TypedDataSync { sync: self, documents: PhantomData }
    }
}

impl<T> TypedDataSync<T> {
    /// Returns the request for the page after this one, with the same selection.
    pub fn after(self, page: &TypedPage<T>) -> Self {
        Self { sync: self.sync.at_cursor(page.next_cursor.clone()), ..self }
    }

    /// Returns the request for the same page without a type.
    pub fn untyped(self) -> DataSync {
        self.sync
    }
}

impl<T> TypedPage<T> {
    /// Returns `true` if a copy is complete and consistent after this page ([`DataSyncStatus::is_up_to_date`]).
    pub fn is_up_to_date(&self) -> bool {
        self.status.is_up_to_date()
    }

    /// Returns `true` if the caller should wait before reading the next page ([`DataSyncStatus::should_wait`]).
    pub fn should_wait(&self) -> bool {
        self.status.should_wait()
    }
}

impl<T> Clone for TypedDataSync<T> {
    fn clone(&self) -> Self {
        Self { sync: self.sync.clone(), documents: PhantomData }
    }
}

impl<T> PartialEq for TypedDataSync<T> {
    fn eq(&self, other: &Self) -> bool {
        self.sync == other.sync
    }
}

impl<T> fmt::Debug for TypedDataSync<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedDataSync").field(&self.sync).finish()
    }
}

impl<T: DeserializeOwned> Operation for TypedDataSync<T> {
    type Api = DeploymentApi;
    type Output = TypedPage<T>;
    const META: &'static OperationMeta = DataSync::META;

    fn check(&self) -> Result<(), Violations> {
        self.sync.check()
    }

    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        self.sync.encode(request)
    }

    fn decode(body: &Bytes) -> Result<TypedPage<T>, DecodeError> {
        let mut tables = Tables::default();
        let read = entries::page(body, &mut |reader, head| {
            let document = match head.deleted {
                true => TypedDocument::Deleted(reader.document()?.id.decoded()?),
                false => TypedDocument::Written(reader.object_of()?),
            };
            Ok(TypedValue { table: tables.path(&head.component, &head.table), ts: head.ts, document })
        })?;
        let PageParts { status, truncates, values, sync_id, next_cursor } = read;
        Ok(TypedPage { status, truncates, values, sync_id, next_cursor })
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde::Deserialize;
    use serde::de::IgnoredAny;

    use super::*;
    use crate::auth::DeployKey;
    use crate::deployment::data_sync::Document;
    use crate::request::Endpoint;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Row<'a> {
        _id: Cow<'a, str>,
        score: f64,
        #[serde(default)]
        bytes: Vec<u8>,
    }

    fn page(values: &str) -> Bytes {
        let body = format!(
            r#" {{"status":{{"type":"upToDate","snapshotTs":9}},"truncates":[{{"component":"","table":"a"}}],"values":[{values}],
            "syncId":"s","pagination":{{"hasMore":true,"nextCursor":"c"}}}}"#
        );
        Bytes::from(body)
    }

    #[test]
    fn reads_the_same_page_as_document_by_document() {
        let body = page(
            r#"{"component":"","table":"a","ts":1,"deleted":false,"value":{"_id":"x","score":{"$float":"AAAAAAAA8H8="},"more":[1]}},
            {"value":{"score":2,"bytes":{"$bytes":"ABCD"},"_id":"y\u0041"},"deleted":false,"ts":2,"table":"b","component":"c"},
            {"component":"","table":"a","ts":3,"deleted":true,"value":{"_id":"x\u0041"}}"#,
        );
        let typed = TypedDataSync::<Row<'static>>::decode(&body).unwrap();
        let raw = DataSync::decode(&body).unwrap();
        assert_eq!(typed.values.len(), raw.values.len());
        for (typed, raw) in typed.values.iter().zip(&raw.values) {
            assert_eq!((&typed.table, typed.ts), (&raw.table, raw.ts));
            match &typed.document {
                TypedDocument::Written(row) => assert_eq!((row, false), (&raw.document.read().unwrap(), raw.deleted)),
                TypedDocument::Deleted(id) => assert_eq!((id.as_str(), true), (raw.document.id(), raw.deleted)),
            }
        }
        assert_eq!((typed.status, typed.truncates), (raw.status, raw.truncates));
        assert_eq!((typed.sync_id, typed.next_cursor), (raw.sync_id, raw.next_cursor));
    }

    #[test]
    fn an_error_has_the_place_in_the_page() {
        let good = r#"{"component":"","table":"a","ts":1,"deleted":false,"value":{"_id":"x","score":1}}"#;
        for (bad, path) in [
            (
                r#"{"component":"","table":"a","ts":1,"deleted":false,"value":{"_id":"x","score":"1"}}"#,
                "values[1].value.score",
            ),
            (
                r#"{"value":{"_id":"x","score":"1"},"component":"","table":"a","ts":1,"deleted":false}"#,
                "values[1].value.score",
            ),
            (r#"{"component":"","table":"a","ts":1,"deleted":false,"value":{"score":1}}"#, "values[1].value"),
            (r#"{"component":"","table":"a","ts":1,"deleted":true,"value":{}}"#, "values[1].value"),
        ] {
            let error = TypedDataSync::<Row<'static>>::decode(&page(&format!("{good},{bad}"))).unwrap_err();
            assert_eq!(error.path, path, "{bad}");
        }
    }

    /// A type that hides the error of a document, and ends within it then.
    #[derive(Debug, PartialEq)]
    struct Lenient(Option<f64>);

    impl<'de> Deserialize<'de> for Lenient {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Ok(Self(Row::deserialize(deserializer).ok().map(|row| row.score)))
        }
    }

    #[test]
    fn a_document_whose_error_is_hidden_does_not_affect_the_rest_of_the_page() {
        let documents = [
            r#""score":1"#,
            r#""score":"1""#,
            r#""score":"1","more":{}"#,
            r#""bytes":[{}],"score":1"#,
            r#""more":[{}]"#,
        ]
        .map(|fields| format!(r#"{{"_id":"x",{fields}}}"#));
        let expected = [Some(1.0), None, None, None, None].map(Lenient);
        let alone: [Lenient; 5] =
            documents.each_ref().map(|document| Document::parse(document.clone()).unwrap().read().unwrap());
        assert_eq!(alone, expected);
        let usual =
            |document: &String| format!(r#"{{"component":"","table":"a","ts":1,"deleted":false,"value":{document}}}"#);
        let unusual =
            |document: &String| format!(r#"{{"value":{document},"component":"","table":"a","ts":1,"deleted":false}}"#);
        let expected = expected.map(TypedDocument::Written);
        for entries in [documents.each_ref().map(usual), documents.each_ref().map(unusual)] {
            // More than the maximum depth of a text.
            let typed = TypedDataSync::<Lenient>::decode(&page(&vec![entries.join(","); 100].join(","))).unwrap();
            let read: Vec<_> = typed.values.into_iter().map(|value| value.document).collect();
            assert_eq!(read.chunks(5).map(|five| five == expected).collect::<Vec<_>>(), [true; 100]);
        }
    }

    #[test]
    fn a_document_is_an_object_for_every_type() {
        for document in ["null", "[]", "1"] {
            let entry = format!(r#"{{"component":"","table":"a","ts":1,"deleted":false,"value":{document}}}"#);
            let error = TypedDataSync::<Option<IgnoredAny>>::decode(&page(&entry)).unwrap_err();
            assert_eq!((error.path.as_str(), error.expected.as_str()), ("values[0].value", "an object"), "{document}");
        }
    }

    #[test]
    fn reads_documents_as_deep_as_one_alone() {
        for depth in [126, 127] {
            let document = format!(r#"{{"_id":"x","a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
            let alone = Document::parse(document.clone()).unwrap().read::<serde_json::Value>().is_ok();
            assert_eq!(alone, depth == 126);
            for entry in [
                format!(r#"{{"component":"","table":"a","ts":1,"deleted":false,"value":{document}}}"#),
                format!(r#"{{"value":{document},"component":"","table":"a","ts":1,"deleted":false}}"#),
            ] {
                assert_eq!(TypedDataSync::<serde_json::Value>::decode(&page(&entry)).is_ok(), alone, "{entry}");
            }
        }
    }

    #[test]
    fn sends_the_same_request_and_checks_it() {
        let key = DeployKey::parse("happy-animal-123|01ab").unwrap();
        let endpoint = Endpoint::new("https://h", &key).unwrap();
        let sync = || DataSync::from_cursor("c");
        let typed = sync().typed::<Row<'static>>().to_request(&endpoint).unwrap();
        let raw = sync().to_request(&endpoint).unwrap();
        assert_eq!((typed.uri(), typed.body(), typed.headers()), (raw.uri(), raw.body(), raw.headers()));
        assert!(DataSync::from_cursor("").typed::<Row<'static>>().to_request(&endpoint).is_err());
        assert_eq!(sync().typed::<Row<'static>>().untyped(), sync());
    }
}
