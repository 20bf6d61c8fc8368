//! [`Dialect`]: plain JSON, or the export encoding of documents with its names.

/// The name of the wrapper for floats without a JSON number.
pub(crate) const FLOAT: &str = "$float";
/// The name of the wrapper for bytes.
pub(crate) const BYTES: &str = "$bytes";

/// The name of the newtype that reads a Convex value. It gets bytes as bytes; other types get a list of `u8`.
pub(crate) const VALUE: &str = "$convex_mgmt::Value";

/// The name of the newtype that reads a secret, in both dialects. A text with escapes is not decoded in a buffer that nobody wipes.
pub(crate) const SECRET: &str = "$convex_mgmt::Secret";

/// The `expected` text of the error for an integer of more than 64 bits.
pub(crate) const INTEGER: &str = "a 64-bit integer";

/// The encoding of a text. Each type is compiled for the dialects that read it, without the code for the others.
pub(crate) trait Dialect {
    /// `true` for the export encoding:
    ///
    /// * objects with the only field `$float` or `$bytes` are floats and bytes
    /// * an integer of more than 64 bits is not rounded to a float
    /// * the newtype [`VALUE`] is special
    /// * a struct may also be a list of its fields
    const IS_EXPORT: bool;
}

/// JSON of the API.
pub(crate) enum Plain {}

impl Dialect for Plain {
    const IS_EXPORT: bool = false;
}

/// Documents and pages of data sync. Source: convex-backend `crates/value/src/export.rs`.
pub(crate) enum Export {}

impl Dialect for Export {
    const IS_EXPORT: bool = true;
}
