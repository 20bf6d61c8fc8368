//! The checks of the published crates: their public API, their dependencies, and what they cost a user.

pub(crate) mod api;
pub(crate) mod bench;
pub(crate) mod cost;
pub(crate) mod deps;
mod fake;
pub(crate) mod tree;
