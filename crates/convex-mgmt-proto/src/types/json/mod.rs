//! The JSON reader of all response bodies: [`read`], its [`Dialect`]s and its [`Error`].
//!
//! It is a reader of our own and not a layer over serde_json, for these reasons:
//!
//! * One pass is enough, also for the path of an error. It reads a page of documents, checks each document and finds its `_id`.
//! * Only the spelling of a number distinguishes an integer from a float in a document.
//! * A feature such as `serde_json/arbitrary_precision` must not change the result. Any crate of the user's tree may enable it
//!   for all crates.
//!
//! Except for the wrappers of documents, it behaves as serde_json does with the same type. Plain JSON also has no lists for structs.

mod dialect;
mod error;
mod number;
mod reader;
mod scan;
mod unescape;
mod walk;

use serde::de::Deserialize;

pub(crate) use self::dialect::{BYTES, Dialect, Export, FLOAT, INTEGER, Plain, SECRET, VALUE};
pub(crate) use self::error::{Error, ErrorKind, Location, Segment};
pub(crate) use self::reader::Reader;
pub(crate) use self::scan::Passed;
pub(crate) use self::unescape::unescape;
pub(crate) use self::walk::{plain, special_in};

/// Reads a text into a type.
///
/// # Errors
/// An [`Error`] with its offset in the text.
pub(crate) fn read<'de, D: Dialect, T: Deserialize<'de>>(text: &'de str) -> Result<T, Error> {
    read_with(text, |reader: &mut Reader<'de, D>| T::deserialize(reader))
}

/// Reads a text with a function that reads one value.
///
/// # Errors
/// An [`Error`] with its offset in the text.
#[inline]
pub(crate) fn read_with<'de, D: Dialect, T>(
    text: &'de str,
    value: impl FnOnce(&mut Reader<'de, D>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut reader = Reader::new(text);
    match value(&mut reader) {
        Ok(value) => reader.end().map(|()| value),
        Err(error) => Err(reader.outermost(error)),
    }
}

/// Reads the value at the start of a text with a function. Returns its end, too: an offset in bytes.
///
/// # Errors
/// An [`Error`] with its offset in the text.
#[cfg(feature = "webhook")]
pub(crate) fn read_first<'de, D: Dialect, T>(
    text: &'de str,
    value: impl FnOnce(&mut Reader<'de, D>) -> Result<T, Error>,
) -> Result<(T, usize), Error> {
    let mut reader = Reader::new(text);
    match value(&mut reader) {
        Ok(value) => Ok((value, reader.offset())),
        Err(error) => Err(reader.outermost(error)),
    }
}

#[cfg(test)]
mod tests;
