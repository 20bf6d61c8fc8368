//! [`chain`]: an error and its sources.

use std::error::Error as StdError;
use std::io;
use std::iter::successors;

/// Returns an error and its sources, from the outside in. It includes the error that an `io::Error` wraps, which
/// `io::Error::source` skips.
pub(crate) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> + use<'a> {
    successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    })
}
