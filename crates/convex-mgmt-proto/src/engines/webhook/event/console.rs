//! [`ConsoleLog`] and [`Verification`]: the events that carry a message.

use std::fmt;

use serde::Deserialize;

use super::Hidden;
use super::function::Function;
use crate::types::open::open_enum;

open_enum! {
    /// The level of a line of console output.
    pub enum LogLevel {
        /// `console.debug`.
        Debug = "DEBUG",
        /// `console.info`.
        Info = "INFO",
        /// `console.log`.
        Log = "LOG",
        /// `console.warn`.
        Warn = "WARN",
        /// `console.error`.
        Error = "ERROR",
    }
}

/// The test event after a stream is created or updated. Topic `verification`.
///
/// The server sends it to every stream, whatever the stream's topics. A 4xx response makes the stream fail.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Verification {
    /// A fixed text.
    pub message: String,
}

/// A line of console output. Topic `console`.
///
/// The timestamp of its event is the time of the line. `Debug` shows the length of the message only.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ConsoleLog {
    /// The function that wrote the line.
    pub function: Function,
    /// The level.
    pub log_level: LogLevel,
    /// The text of the line.
    pub message: String,
    /// `true` if the server cut the message.
    pub is_truncated: bool,
    /// The code of a line that the server itself wrote, such as a warning about a limit.
    pub system_code: Option<String>,
}

impl fmt::Debug for ConsoleLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, log_level, message, is_truncated, system_code } = self;
        f.debug_struct("ConsoleLog")
            .field("function", function)
            .field("log_level", log_level)
            .field("message", &Hidden(message))
            .field("is_truncated", is_truncated)
            .field("system_code", system_code)
            .finish()
    }
}
