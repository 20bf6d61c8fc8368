//! The shared parts of the handlers: callers, pages, fields of bodies.

mod caller;
mod fields;
mod page;

pub(crate) use caller::{Bearer, Caller, OP, OT, P, T};
pub(crate) use fields::{check_expiry, nullable};
pub(crate) use page::{PageArgs, page};
