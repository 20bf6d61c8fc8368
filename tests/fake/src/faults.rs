//! [`Fault`]: what goes wrong on demand, and the queue of what is due.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Deserialize;

/// Something that goes wrong with one request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "fault", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Fault {
    /// The request is not carried out. It is answered with this status, and with an error body if there is a code.
    Answer {
        /// The status.
        status: u16,
        /// The code of the error body; none means an empty body.
        #[serde(default)]
        code: Option<String>,
        /// A `Retry-After`, in seconds.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// The request is carried out, but the body of the answer is missing.
    EmptyBody,
    /// The request is carried out after this time, or not at all if the server's timeout passes first.
    Delay {
        /// The time in milliseconds.
        milliseconds: u64,
    },
    /// The request is not carried out: the connection is reset.
    Reset,
    /// The request is carried out, and the connection is reset instead of an answer.
    LostAnswer,
}

impl Fault {
    /// The request is not carried out, but answered with this status and an empty body.
    pub fn status(status: u16) -> Self {
        Self::Answer { status, code: None, retry_after: None }
    }

    /// The request is not carried out, but answered with this status and code.
    pub fn code(status: u16, code: impl Into<String>) -> Self {
        Self::Answer { status, code: Some(code.into()), retry_after: None }
    }

    /// The request is carried out after this time.
    pub fn delay(time: Duration) -> Self {
        Self::Delay { milliseconds: u64::try_from(time.as_millis()).unwrap_or(u64::MAX) }
    }
}

/// What is due: each request takes the first fault that is meant for its path.
#[derive(Debug, Default)]
pub(crate) struct Faults(VecDeque<(Option<String>, Fault)>);

impl Faults {
    /// Puts a fault at the end. `path` is the end of the paths that it is meant for, or none for all.
    pub(crate) fn push(&mut self, path: Option<String>, fault: Fault) {
        self.0.push_back((path, fault));
    }

    pub(crate) fn take(&mut self, path: &str) -> Option<Fault> {
        let at = self.0.iter().position(|(meant, _)| meant.as_ref().is_none_or(|end| path.ends_with(end.as_str())))?;
        self.0.remove(at).map(|(_, fault)| fault)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The body with which faults are ordered over HTTP.
#[derive(Debug, Deserialize)]
pub(crate) struct Order {
    #[serde(flatten)]
    pub(crate) fault: Fault,
    #[serde(default)]
    pub(crate) path: Option<String>,
    #[serde(default = "once")]
    pub(crate) times: u32,
}

fn once() -> u32 {
    1
}
