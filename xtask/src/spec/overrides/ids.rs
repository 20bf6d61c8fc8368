//! The ids of 64 bits, which are read from text, too.

use super::{Instead, Override, Side, What};
use crate::spec::samples::Kind;

/// Accepts an id as text at a place in the responses of some operations.
pub(super) const fn id_as_text(operations: &'static [&'static str], place: &'static str) -> Override {
    Override {
        operations,
        what: What::Body(Side::Response, Instead::Accepted(Kind::WrongType, place)),
        facts: "an id of 64 bits is read from text, too: parsers of other languages lose its digits as a number",
        source: "inferred",
    }
}

/// Accepts an id as text at a place in the requests of some operations.
pub(super) const fn id_as_text_in_request(operations: &'static [&'static str], place: &'static str) -> Override {
    Override {
        operations,
        what: What::Body(Side::Request, Instead::Accepted(Kind::WrongType, place)),
        facts: "an id of 64 bits is read from text, too, and written as a number",
        source: "inferred",
    }
}
