//! The target `pages`: any bytes as a page of a data sync, and pages that are generated from choices.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hint::black_box;

use bytes::Bytes;
use convex_mgmt_proto::deployment::DataSync;
use convex_mgmt_proto::deployment::data_sync::{
    Change, DataSyncPage, DataSyncStatus, DataSyncValue, Document, TablePath, TypedDataSync, TypedDocument, Value,
};
use convex_mgmt_proto::{Operation, UnixNanos};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value as Json;

use crate::inputs::Choices;

/// Decodes a page. If the first byte is `m`, the page is generated from the other bytes; otherwise they are the body.
///
/// * Documents are slices of the body, in its order.
/// * The page contains what another reader of JSON finds, or what it was generated from.
/// * Its changes are the truncates and then the values, each once and in order.
/// * It is read into a type in one pass as document by document.
///
/// # Panics
/// If one of these properties does not hold.
pub fn pages(data: &[u8]) {
    let mut choices = Choices::new(data);
    if choices.byte() == b'm' {
        check_generated(&mut choices);
    } else {
        let body = Bytes::copy_from_slice(choices.rest());
        if let Ok(page) = DataSync::decode(&body) {
            is_in_order(&body, &page);
            are_read_alike(&body, &page);
            if let Ok(json) = serde_json::from_slice(&body) {
                check_values(&page, &json);
            }
        }
    }
}

/// Decodes a page, and walks its changes. Generated pages are left out, because they are never large.
pub fn read(data: &[u8]) {
    if let Some((kind, body)) = data.split_first()
        && *kind != b'm'
        && let Ok(page) = DataSync::decode(&Bytes::copy_from_slice(body))
    {
        page.changes().for_each(|change| _ = black_box(change));
        black_box(page);
    }
}

fn is_in_order(body: &Bytes, page: &DataSyncPage) {
    let mut end = body.as_ptr();
    for value in &page.values {
        let range = value.document.as_bytes().as_ptr_range();
        assert!(end <= range.start && range.end <= body.as_ptr_range().end, "a document is not a later slice");
        end = range.end;
        assert_eq!(value.document.clone().into_owned(), value.document);
        let again = Document::parse(value.document.as_bytes().clone()).expect("a document");
        assert_eq!((&again, again.id()), (&value.document, value.document.id()));
    }
    let mut changes = page.changes();
    for table in &page.truncates {
        assert_eq!(changes.next(), Some(Change::Truncate(table)));
    }
    for value in &page.values {
        let expected = if value.deleted { Change::Delete(value) } else { Change::Upsert(value) };
        assert_eq!(changes.next(), Some(expected));
    }
    assert_eq!(changes.next(), None);
    assert_eq!(page.is_up_to_date(), matches!(page.status, DataSyncStatus::UpToDate(_)));
    assert_eq!(page.should_wait(), !matches!(page.status, DataSyncStatus::Snapshotting | DataSyncStatus::Stale(_)));
}

/// A type that hides the errors of a document.
#[derive(Debug, PartialEq)]
struct Lenient(Option<BTreeMap<String, f64>>);

impl<'de> Deserialize<'de> for Lenient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(BTreeMap::deserialize(deserializer).ok()))
    }
}

/// Reads all documents of a page in one pass and one by one, into several types.
fn are_read_alike(body: &Bytes, page: &DataSyncPage) {
    fn alike<T: DeserializeOwned + Debug + PartialEq>(body: &Bytes, page: &DataSyncPage) {
        let document = |value: &DataSyncValue| match value.deleted {
            true => Ok(TypedDocument::Deleted(value.document.id().to_owned())),
            false => value.document.read::<T>().map(TypedDocument::Written),
        };
        let one_by_one: Result<Vec<_>, _> = page.values.iter().map(document).collect();
        let typed = TypedDataSync::<T>::decode(body);
        assert_eq!(typed.is_ok(), one_by_one.is_ok(), "{typed:?} {one_by_one:?}");
        let (Ok(typed), Ok(one_by_one)) = (typed, one_by_one) else { return };
        assert!(typed.values.iter().map(|value| &value.document).eq(&one_by_one));
        assert!(
            page.values
                .iter()
                .map(|value| (&value.table, value.ts))
                .eq(typed.values.iter().map(|value| (&value.table, value.ts)))
        );
        assert_eq!((&typed.truncates, &typed.status), (&page.truncates, &page.status));
        assert_eq!((typed.sync_id, typed.next_cursor), (page.sync_id.clone(), page.next_cursor.clone()));
    }
    alike::<BTreeMap<String, Value>>(body, page);
    alike::<BTreeMap<String, Json>>(body, page);
    alike::<Lenient>(body, page);
}

/// Compares a page with its body as another reader of JSON finds it.
fn check_values(page: &DataSyncPage, body: &Json) {
    let table = |json: &Json| {
        TablePath::new(json["component"].as_str().expect("a text"), json["table"].as_str().expect("a text"))
    };
    let list = |name: &str| body[name].as_array().cloned().unwrap_or_default();
    assert_eq!(page.truncates, list("truncates").iter().map(table).collect::<Vec<_>>());
    assert_eq!(page.values.len(), list("values").len());
    for (value, json) in page.values.iter().zip(&list("values")) {
        assert_eq!(value.table, table(json));
        assert_eq!((Some(value.ts.0), Some(value.deleted)), (json["ts"].as_i64(), json["deleted"].as_bool()));
        assert_eq!(Some(value.document.id()), json["value"]["_id"].as_str());
        if !value.document.as_str().contains('$') && !value.document.as_str().contains("\\u") {
            assert_eq!(value.document.read::<Json>().unwrap_or_else(|_| json["value"].clone()), json["value"]);
        }
    }
    assert_eq!(Some(page.sync_id.as_str()), body["syncId"].as_str());
    assert_eq!(Some(page.next_cursor.as_str()), body["pagination"]["nextCursor"].as_str());
}

/// The white space in a generated page.
const SPACES: &[&str] = &["", " ", "\n\t ", "\r\n"];
/// The names of components and tables, each with its spelling in JSON.
const NAMES: &[(&str, &str)] = &[
    ("", ""),
    ("a", "a"),
    ("a", "\\u0061"),
    ("shop/cart", "shop\\/cart"),
    ("\u{1f600}", "\\ud83d\\uDE00"),
    ("é\"", "é\\\""),
];
/// The documents of generated pages.
const DOCUMENTS: &[&str] = &[
    r#"{"_id":"x"}"#,
    r#"{"\u005fid":"\u0078"}"#,
    r#"{"_id":"y","f":{"$float":"AAAAAAAA8H8="},"values":[{"value":{}}]}"#,
    "{ \"\\u0000\" : [1,1.0,-0.0,9223372036854775807] , \"_id\" : \"\" }",
    r#"{"a":"}","b":"\"}","c":{"d":[[[{"_id":1}]]]},"_id":"z"}"#,
];

/// Generates a page from choices, and compares it with what is decoded.
fn check_generated(choices: &mut Choices<'_>) {
    let space = choices.one_of(SPACES);
    let table = |choices: &mut Choices<'_>| {
        let ((component, spelt_component), (table, spelt_table)) = (choices.one_of(NAMES), choices.one_of(NAMES));
        let fields = format!(r#""component":{space}"{spelt_component}","table":"{spelt_table}""#);
        (TablePath::new(component, table), fields)
    };
    let tables: Vec<_> = (0..choices.below(4)).map(|_| table(choices)).collect();
    let truncates: Vec<_> = tables.iter().map(|(_, fields)| format!("{{{fields}}}{space}")).collect();

    let mut expected = Vec::new();
    let mut values = Vec::new();
    for _ in 0..choices.below(6) {
        let (path, fields) = table(choices);
        let (ts, deleted, document) = (choices.number() as i64, choices.below(2) == 1, choices.one_of(DOCUMENTS));
        values.push(format!(
            r#"{space}{{{fields},"ts":{ts}{space},"deleted":{deleted},"value":{space}{document}{space}}}"#
        ));
        expected.push((path, UnixNanos(ts), deleted, document));
    }

    let since = choices.number() as i64;
    let (status, consistent) = match choices.below(4) {
        0 => (r#"{"type":"snapshotting"}"#.to_owned(), false),
        1 => (format!(r#"{{"type":"stale","snapshotTs":{since}}}"#), true),
        2 => (format!(r#"{{"snapshotTs":{since},{space}"type":"upToDate"}}"#), true),
        _ => (format!(r#"{{"since":{since},"type":"asleep"}}"#), false),
    };
    let more = choices.below(2) == 1;
    let mut fields = vec![
        format!(r#""status":{space}{status}"#),
        format!(r#""truncates":[{space}{}]"#, truncates.join(",")),
        format!(r#""values":[{}]"#, values.join(",")),
    ];
    fields.rotate_left(choices.below(3));
    let (sync_id, cursor) = (choices.line(), choices.line());
    let spelt = |text: &str| serde_json::to_string(text).expect("text can be written");
    fields.push(format!(r#""syncId":{}"#, spelt(&sync_id)));
    fields.push(format!(r#""new":[{{}}],"pagination":{{"hasMore":{more},"nextCursor":{}}}"#, spelt(&cursor)));
    let body = Bytes::from(format!("{space}{{{space}{}}}{space}", fields.join(",")));

    let page = DataSync::decode(&body).unwrap_or_else(|error| panic!("{error}: {body:?}"));
    is_in_order(&body, &page);
    are_read_alike(&body, &page);
    assert_eq!(page.status.snapshot_ts(), consistent.then_some(UnixNanos(since)));
    assert!(page.truncates.iter().eq(tables.iter().map(|(path, _)| path)), "{:?}", page.truncates);
    let found = page.values.iter().map(|value| (value.table.clone(), value.ts, value.deleted, value.document.as_str()));
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert_eq!((page.sync_id, page.next_cursor), (sync_id, cursor));
}
