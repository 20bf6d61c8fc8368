//! [`Attempts`]: the retry history of a call.

/// The retry history of a response, stored in its extensions when more than one attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempts {
    /// The number of attempts, including the last one.
    pub count: u32,
    /// `true` if an attempt before the last one may have taken effect on the server.
    pub maybe_applied: bool,
}

impl Attempts {
    /// The history of a call without an attempt.
    pub(crate) const NONE: Self = Self { count: 0, maybe_applied: false };

    /// The history of a call with one attempt.
    pub(crate) const ONE: Self = Self { count: 1, maybe_applied: false };

    pub(crate) const fn new(count: u32, maybe_applied: bool) -> Self {
        Self { count, maybe_applied }
    }
}
