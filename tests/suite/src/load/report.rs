//! The records of the workers of a load: the client's reports, and the values that are possible according to them.

use std::collections::BTreeMap;
use std::time::Duration;

use convex_mgmt::{Error, ErrorKind};

/// The outcome of a write, as reported by the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    Applied,
    NotApplied,
    Unknown,
}

impl Report {
    pub(super) fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Applied,
            // An undecodable success was applied.
            Err(error) if error.is_applied() => Self::Applied,
            Err(error) if error.kind() == ErrorKind::OutcomeUnknown => Self::Unknown,
            Err(_) => Self::NotApplied,
        }
    }
}

/// The purpose of a write.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// The place that it writes to. No other worker writes there.
    pub(super) place: String,
    /// The value in the place after the write.
    pub(super) value: Option<String>,
    /// The change, in the format of `effect` in `check.rs`.
    pub(super) entry: String,
    /// Whether the write leaves no entry in the audit log if it changes nothing.
    pub(super) quiet: bool,
}

impl Change {
    pub(super) fn new(place: &str, value: Option<String>, entry: impl Into<String>) -> Self {
        Self { place: place.to_owned(), value, entry: entry.into(), quiet: false }
    }

    pub(super) fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }
}

/// A write that a worker made.
#[derive(Clone, Debug)]
pub(super) struct Write {
    /// The call's own `User-Agent`. Its requests and its entries in the audit log have it.
    pub(super) agent: String,
    /// The id of the operation.
    pub(super) operation: &'static str,
    pub(super) change: Change,
    /// Whether the operation is not idempotent.
    pub(super) once: bool,
    pub(super) report: Report,
    /// The duration of the call.
    pub(super) took: Duration,
}

/// The possible values in a place that only one worker writes to.
#[derive(Clone, Debug)]
pub(super) struct PossibleValues {
    /// The values that are possible according to the client's reports.
    possible: Vec<Option<String>>,
}

impl Default for PossibleValues {
    fn default() -> Self {
        Self { possible: vec![None] }
    }
}

impl PossibleValues {
    pub(super) fn wrote(&mut self, value: Option<String>, report: Report) {
        match report {
            Report::Applied => self.possible = vec![value],
            Report::Unknown => self.possible.push(value),
            Report::NotApplied => {}
        }
    }

    pub(super) fn may_hold(&self, value: Option<&str>) -> bool {
        self.possible.iter().any(|possible| possible.as_deref() == value)
    }

    /// Records a value that was read. Returns `false` if it was not possible.
    pub(super) fn saw(&mut self, value: Option<&str>) -> bool {
        let may_be = self.may_hold(value);
        self.possible = vec![value.map(str::to_owned)];
        may_be
    }
}

/// An entry of the audit log, as read: time, action, user agent, metadata.
pub(super) type Event = (i64, String, Option<String>, String);

/// Everything that the workers recorded.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) writes: Vec<Write>,
    pub(super) places: BTreeMap<String, PossibleValues>,
    /// The audit log as it was read, from its beginning.
    pub(super) events: Vec<Event>,
    pub(super) reads: usize,
    pub(super) failed_reads: usize,
    pub(super) problems: Vec<String>,
}

impl Log {
    pub(super) fn merge(&mut self, other: Self) {
        self.writes.extend(other.writes);
        self.places.extend(other.places);
        self.events.extend(other.events);
        self.reads += other.reads;
        self.failed_reads += other.failed_reads;
        self.problems.extend(other.problems);
    }

    pub(super) fn wrote(&mut self, place: &str, value: Option<String>, report: Report) {
        self.places.entry(place.to_owned()).or_default().wrote(value, report);
    }

    /// Records the value that was read after a write with an unknown outcome.
    pub(super) fn found(&mut self, place: &str, value: Option<String>) {
        self.wrote(place, value, Report::Applied);
    }

    /// Sets the value of the last write, which has an id that only its response or a read shows.
    pub(super) fn set_last_value(&mut self, value: &str) {
        let last = self.writes.last_mut().expect("the write");
        last.change.value.get_or_insert_with(|| value.to_owned());
    }

    pub(super) fn saw(&mut self, place: &str, value: Option<&str>) {
        if !self.places.entry(place.to_owned()).or_default().saw(value) {
            self.problems.push(format!("{place} was read as {value:?}, which the reports exclude"));
        }
    }
}
