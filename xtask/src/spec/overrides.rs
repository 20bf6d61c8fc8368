//! [`Override`]: a difference between the real server and its document, with this library's reaction.
//!
//! A sample has to need each row about a body, and a check has to show each behavior. Rows that only a server can show are notes.

mod deployment;
mod ids;
mod management;
mod nulls;
mod pages;

use std::fmt;

pub(crate) use deployment::DEPLOYMENT;
pub(crate) use management::MANAGEMENT;
use serde_json::Value;

use super::samples::{Kind, Sample};

/// One difference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Override {
    /// The operations, or `*` for all.
    pub(crate) operations: &'static [&'static str],
    pub(crate) what: What,
    /// The behavior of the server.
    pub(crate) facts: &'static str,
    /// The source of that fact.
    pub(crate) source: &'static str,
}

/// The subject of a difference.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    Body(Side, Instead),
    /// The library's behavior, with a check that shows it.
    Behaviour(fn() -> bool),
    /// A fact that no check can show.
    Noted,
}

/// The body of a request or of a response.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Side {
    Request,
    Response,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Response => "response",
        })
    }
}

/// The treatment of a body, in place of the document's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instead {
    /// Samples of this kind at this place are rejected. In the place, `*` matches any text.
    Rejected(Kind, &'static str),
    /// Samples of this kind at this place are accepted, although they are invalid.
    Accepted(Kind, &'static str),
    /// A body that this changes is rejected, or has a value without a name here. The changed body is accepted.
    Repaired(fn(&mut Value)),
    /// The body is read back with this change.
    ReadsAs(fn(&mut Value)),
}

impl Override {
    /// Returns the treatment of a body of an operation, if this row is about it.
    pub(crate) fn of(&self, id: &str, side: Side) -> Option<Instead> {
        match self.what {
            What::Body(mine, instead) if mine == side && self.operations.iter().any(|one| [id, "*"].contains(one)) => {
                Some(instead)
            }
            _ => None,
        }
    }
}

impl Instead {
    /// Returns `true` if samples like this one are rejected.
    pub(crate) fn rejects(&self, sample: &Sample) -> bool {
        matches!(self, Self::Rejected(kind, place) if *kind == sample.kind && matches(place, &sample.place))
    }

    /// Returns `true` if samples like this one are accepted.
    pub(crate) fn accepts(&self, sample: &Sample) -> bool {
        matches!(self, Self::Accepted(kind, place) if *kind == sample.kind && matches(place, &sample.place))
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.filter_map(|at| text.get(at..)).any(|text| matches(rest, text))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_in_a_place_matches_any_text() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a.*", "a.b[0]<é>.c", true),
            ("*.c", "a.b.c", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
