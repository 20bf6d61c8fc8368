//! The error of a command.

/// An error for a person to read.
pub(crate) type Failure = Box<dyn std::error::Error>;
