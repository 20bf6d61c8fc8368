//! The export encoding of documents and pages, and its errors.

use serde::Deserialize;

pub(super) use crate::json::{BYTES, DOCUMENT, Error, FLOAT, INTEGER, VALUE};
use crate::json::{Export, unescape as append_unescaped};
use crate::response::{DecodeError, decode};

/// Reads a text into a type.
///
/// # Errors
/// A [`DecodeError`] with the position of the error.
pub(super) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, DecodeError> {
    decode::read::<Export, T>(text)
}

/// Reads a text that is an object into a type.
///
/// # Errors
/// A [`DecodeError`] with the position of the error.
pub(super) fn read_object<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, DecodeError> {
    decode::read_whole::<Export, T>(text, '{', "an object")
}

/// Decodes the content of a string, without its quotes.
pub(super) fn unescape(content: &str) -> Option<String> {
    let mut text = String::with_capacity(content.len());
    append_unescaped(content, &mut text).map(|()| text)
}
