//! The shared parts of the handlers: callers, pages, fields of bodies, slugs.

mod caller;
mod fields;
mod page;
mod slug;

pub(crate) use caller::{Bearer, Caller, OP, OT, P, T};
pub(crate) use fields::{check_expiry, nullable};
pub(crate) use page::{PageArgs, page};
pub(crate) use slug::new_slug;
