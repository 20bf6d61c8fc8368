//! Operations: their trait, the macro that declares them, the list of all, their samples, pages, and checks that topics share.

pub(crate) mod declare;
pub(crate) mod destructive;
pub(crate) mod environment;
pub(crate) mod expiry;
pub mod guard;
mod interface;
pub(crate) mod paging;
pub(crate) mod registry;
#[cfg(feature = "samples")]
pub(crate) mod sample;

pub use self::interface::{Operation, Unchecked};
pub use self::paging::{Page, Paged, Pager, PagingError};
