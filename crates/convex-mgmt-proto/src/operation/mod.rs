//! Operations: their trait, the macro that declares them, the list of all, their samples, and pages.

pub(crate) mod declare;
mod destructive;
pub mod guard;
mod interface;
pub(crate) mod paging;
pub(crate) mod registry;
#[cfg(feature = "samples")]
pub(crate) mod sample;

pub use self::interface::{Operation, Unchecked};
pub use self::paging::{Page, Paged, Pager, PagingError};
