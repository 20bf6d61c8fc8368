//! Commands about the list of operations: its page in the docs, and the check that a new operation touches three places.

pub(crate) mod new_operation;
pub(crate) mod page;
