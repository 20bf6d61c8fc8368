//! Commands about the list of operations: the generated pages of the docs, and the check that a new operation touches three places.

mod codes;
mod credentials;
pub(crate) mod docs;
mod entries;
pub(crate) mod new_operation;
mod page;
