//! [`open_enum!`] and [`open_union!`]: enums and tagged unions that keep values that are newer than this library.
//!
//! Both hide the variant of such values. A value without a variant may get one in a minor release. Code that matched the hidden
//! variant by its text would compile as before, and stop to match.

mod text_enum;
mod union;

pub(crate) use self::text_enum::{UnknownText, open_enum};
pub use self::union::UnknownObject;
pub(crate) use self::union::{OpenUnion, ignore, open_union, read_fields, union, variant};
