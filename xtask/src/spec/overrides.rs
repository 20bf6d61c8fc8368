//! The table of where the facts override the documents: what the real server does otherwise, and what we do about it.
//!
//! Every row has to be needed: one about a body by a sample, one about behaviour by a check that shows ours. What cannot be
//! shown without a server is there to be known.

mod deployment;

use std::fmt;

pub(crate) use deployment::DEPLOYMENT;
use serde_json::Value;

use super::samples::{Kind, Sample};

/// One difference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Override {
    /// The operations, or `*` for all.
    pub(crate) operations: &'static [&'static str],
    pub(crate) what: What,
    /// What the server does.
    pub(crate) facts: &'static str,
    /// Where that is known from.
    pub(crate) source: &'static str,
}

/// What differs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    Body(Side, Instead),
    /// What we do, shown.
    Behaviour(fn() -> bool),
    /// Nothing of ours can show it.
    Noted,
}

/// Which body of an operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    Request,
    Reply,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Reply => "reply",
        })
    }
}

/// What happens to a body instead of what the document says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instead {
    /// Samples of this kind at this place are refused. In the place, `*` stands for any text.
    Refused(Kind, &'static str),
    /// Samples of this kind at this place are taken, though they are broken.
    Taken(Kind, &'static str),
    /// Where this changes a body, the body is refused as it is, or has something in it that has no name here. Changed it is
    /// to be taken.
    Mended(fn(&mut Value)),
    /// What comes back is the body changed like this.
    Reads(fn(&mut Value)),
}

impl Override {
    /// What it says of a body of an operation.
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
    /// Whether samples like this one are refused.
    pub(crate) fn refuses(&self, sample: &Sample) -> bool {
        matches!(self, Self::Refused(kind, place) if *kind == sample.kind && matches(place, &sample.place))
    }

    /// Whether samples like this one are taken.
    pub(crate) fn takes(&self, sample: &Sample) -> bool {
        matches!(self, Self::Taken(kind, place) if *kind == sample.kind && matches(place, &sample.place))
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
    fn a_place_is_matched_with_stars() {
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
