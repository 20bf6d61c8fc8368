//! [`chain`]: an error and its sources.

use std::error::Error as StdError;
use std::io;
use std::iter::successors;

/// Walks an error and its sources, from the outside in. An `io::Error` leaves the error it wraps out of its `source()`; here it
/// is included.
pub(crate) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> + use<'a> {
    successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    })
}
