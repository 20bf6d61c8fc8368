//! Errors before a request is sent, and the error codes of the server.

mod build;
mod code;

pub use self::build::{BuildError, Violation, Violations};
pub use self::code::ErrorCode;
