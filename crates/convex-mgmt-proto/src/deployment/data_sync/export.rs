//! The export encoding of documents and pages, and its errors.

use bytes::Bytes;
use serde::Deserialize;

use crate::response::{DecodeError, decode};
use crate::types::json::{self, Export};
pub(super) use crate::types::json::{BYTES, Error, FLOAT, INTEGER, Passed, Segment, VALUE};

/// A reader of the encoding.
pub(super) type Reader<'de> = json::Reader<'de, Export>;

/// Reads a text into a type.
///
/// # Errors
/// A [`DecodeError`] with the position of the error.
pub(super) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, DecodeError> {
    decode::read::<Export, T>(text)
}

/// Reads a body that is an object with a function.
///
/// # Errors
/// A [`DecodeError`] with the position of the error.
pub(super) fn read_object<'de, T>(
    body: &'de Bytes,
    read: impl FnOnce(&mut Reader<'de>) -> Result<T, Error>,
) -> Result<T, DecodeError> {
    decode::read_body(body, '{', "an object", read)
}
