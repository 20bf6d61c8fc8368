//! The shared parts of all handlers: callers, arguments, errors, write conflicts, pauses and pagination.

mod caller;
mod client_version;
mod contention;
mod error;
mod extract;
mod pagination;
mod sleep;

pub(crate) use caller::{Caller, origin};
pub(crate) use client_version::{ClientSupport, check_client, client_name};
pub(crate) use contention::Contention;
pub(crate) use error::{ApiError, error_response};
pub(crate) use extract::{JsonBody, OptionalJsonBody, PathArg, QueryArgs};
pub(crate) use pagination::Pagination;
pub(crate) use sleep::sleep;
#[cfg(feature = "conformance")]
pub(crate) use sleep::sleep_on_a_thread;
