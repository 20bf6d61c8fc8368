//! Reads a page and its entries. The caller reads the document of each entry.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::MapAccess;
use serde_json::value::RawValue;

use super::export::{self, Error, Reader, Segment};
use super::status::DataSyncStatus;
use super::table::TablePath;
use crate::response::DecodeError;
use crate::types::UnixNanos;

/// An entry of a page without its document.
pub(super) struct Head<'de> {
    pub(super) component: Cow<'de, str>,
    pub(super) table: Cow<'de, str>,
    pub(super) ts: UnixNanos,
    pub(super) deleted: bool,
}

/// The content of a page.
pub(super) struct PageParts<V> {
    pub(super) status: DataSyncStatus,
    pub(super) truncates: Vec<TablePath>,
    pub(super) values: Vec<V>,
    pub(super) sync_id: String,
    pub(super) next_cursor: String,
}

/// The pagination of a sync. A sync has no end, so `hasMore` is ignored and the cursor is required.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endless {
    next_cursor: String,
}

/// Reads a page.
///
/// # Errors
/// A [`DecodeError`] with the position of the error.
pub(super) fn page<'de, V>(
    body: &'de Bytes,
    value: &mut impl FnMut(&mut Reader<'de>, Head<'de>) -> Result<V, Error>,
) -> Result<PageParts<V>, DecodeError> {
    export::read_object(body, |reader| {
        reader.object(|fields| {
            let (mut status, mut truncates, mut values, mut sync_id, mut pagination) = (None, None, None, None, None);
            while let Some(name) = fields.next_key::<String>()? {
                match &*name {
                    "status" => set(&mut status, "status", || fields.next_value())?,
                    "truncates" => set(&mut truncates, "truncates", || fields.next_value())?,
                    "values" => set(&mut values, "values", || fields.value(|reader| entries(reader, value)))?,
                    "syncId" => set(&mut sync_id, "syncId", || fields.next_value())?,
                    "pagination" => set(&mut pagination, "pagination", || fields.next_value::<Endless>())?,
                    _ => fields.value(Reader::skip)?,
                }
            }
            Ok(PageParts {
                status: status.ok_or_else(|| missing("status"))?,
                truncates: truncates.ok_or_else(|| missing("truncates"))?,
                values: values.ok_or_else(|| missing("values"))?,
                sync_id: sync_id.ok_or_else(|| missing("syncId"))?,
                next_cursor: pagination.ok_or_else(|| missing("pagination"))?.next_cursor,
            })
        })
    })
}

/// Reads a field that an object has once.
fn set<T>(field: &mut Option<T>, name: &'static str, read: impl FnOnce() -> Result<T, Error>) -> Result<(), Error> {
    if field.is_some() {
        return Err(serde::de::Error::duplicate_field(name));
    }
    *field = Some(read()?);
    Ok(())
}

fn missing(name: &'static str) -> Error {
    serde::de::Error::missing_field(name)
}

fn entries<'de, V>(
    reader: &mut Reader<'de>,
    value: &mut impl FnMut(&mut Reader<'de>, Head<'de>) -> Result<V, Error>,
) -> Result<Vec<V>, Error> {
    let mut values = Vec::new();
    let (start, _) = reader.position();
    reader.elements(|reader| {
        if values.len() == values.capacity() {
            let (place, rest) = reader.position();
            grow(&mut values, place - start, rest);
        }
        values.push(entry(reader, value)?);
        Ok(())
    })?;
    // A page may be kept for long.
    if values.capacity() - values.len() > values.len() / 8 {
        values.shrink_to_fit();
    }
    Ok(values)
}

/// Makes room for the entries in the `rest` bytes of a page, as large as those in the `read` bytes are on average.
fn grow<V>(values: &mut Vec<V>, read: usize, rest: usize) {
    /// The number of entries after which their average size is first used.
    const FIRST: usize = 16;
    /// The maximum ratio of new entries to those that were read.
    const AHEAD: usize = 32;
    let expected = rest / (read / values.len().max(1)).max(1) + 1;
    values.reserve_exact(expected.clamp(values.len() / 2, AHEAD * values.len()).max(FIRST));
}

/// Reads one entry.
#[inline]
fn entry<'de, V>(
    reader: &mut Reader<'de>,
    value: &mut impl FnMut(&mut Reader<'de>, Head<'de>) -> Result<V, Error>,
) -> Result<V, Error> {
    let mut value = |reader: &mut Reader<'de>, head| {
        value(reader, head).map_err(|error| error.within(|| Segment::Field("value".to_owned())))
    };
    match reader.usual(head, &mut value)? {
        Some(value) => Ok(value),
        None => unusual(reader, &mut value),
    }
}

/// Reads an entry in the server's spelling up to its value.
#[inline]
fn head<'de>(reader: &mut Reader<'de>) -> Option<Head<'de>> {
    reader.pass(r#"{"component":"#)?;
    let component = reader.plain_string()?;
    reader.pass(r#","table":"#)?;
    let table = reader.plain_string()?;
    reader.pass(r#","ts":"#)?;
    let ts = reader.integer()?;
    reader.pass(r#","deleted":"#)?;
    let deleted = reader.pass("false").is_none();
    if deleted {
        reader.pass("true")?;
    }
    reader.pass(r#","value":"#)?;
    let head = Head { component: component.into(), table: table.into(), ts: UnixNanos(ts), deleted };
    reader.is_at_object().then_some(head)
}

/// Reads an entry in any spelling.
#[cold]
fn unusual<'de, V>(
    reader: &mut Reader<'de>,
    value: &mut impl FnMut(&mut Reader<'de>, Head<'de>) -> Result<V, Error>,
) -> Result<V, Error> {
    #[derive(Deserialize)]
    struct Entry<'a> {
        #[serde(borrow)]
        component: Cow<'a, str>,
        #[serde(borrow)]
        table: Cow<'a, str>,
        ts: UnixNanos,
        deleted: bool,
        #[serde(borrow)]
        value: &'a RawValue,
    }
    let entry = Entry::deserialize(&mut *reader)?;
    let Entry { component, table, ts, deleted, .. } = entry;
    reader.again(entry.value.get(), |reader| value(reader, Head { component, table, ts, deleted }))
}
