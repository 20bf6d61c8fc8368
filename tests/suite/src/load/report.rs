//! What the workers of a load write down: the client's reports, and what may be there by them.

use std::collections::BTreeMap;
use std::time::Duration;

use convex_mgmt::{Error, ErrorKind};

/// What the client says of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    Applied,
    NotApplied,
    Unknown,
}

impl Report {
    pub(super) fn of<T>(result: &Result<T, Error>) -> Self {
        match result.as_ref().map_err(Error::kind) {
            // A success whose body cannot be read is one.
            Ok(_) | Err(ErrorKind::Decode) => Self::Applied,
            Err(ErrorKind::OutcomeUnknown) => Self::Unknown,
            Err(_) => Self::NotApplied,
        }
    }
}

/// A write that was called for.
#[derive(Debug)]
pub(super) struct Write {
    /// Its path and body, which no other write has.
    pub(super) request: String,
    /// What the audit log calls it; none if that has an id that nobody told.
    pub(super) entry: Option<String>,
    /// Whether a second execution would do something else.
    pub(super) once: bool,
    pub(super) report: Report,
    /// How long the call took, if it failed.
    pub(super) failed_after: Option<Duration>,
}

/// A place of the deployment that only one worker writes to.
#[derive(Debug)]
pub(super) struct Cell {
    /// What may be there by the client's reports.
    possible: Vec<Option<String>>,
}

impl Default for Cell {
    fn default() -> Self {
        Self { possible: vec![None] }
    }
}

impl Cell {
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

    /// Takes what a read gives. False if it cannot be.
    pub(super) fn saw(&mut self, value: Option<&str>) -> bool {
        let may_be = self.may_hold(value);
        self.possible = vec![value.map(str::to_owned)];
        may_be
    }
}

/// All that the workers wrote down.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) writes: Vec<Write>,
    pub(super) cells: BTreeMap<String, Cell>,
    pub(super) reads: usize,
    pub(super) failed_reads: usize,
    pub(super) problems: Vec<String>,
}

impl Log {
    pub(super) fn merge(&mut self, other: Self) {
        self.writes.extend(other.writes);
        self.cells.extend(other.cells);
        self.reads += other.reads;
        self.failed_reads += other.failed_reads;
        self.problems.extend(other.problems);
    }

    pub(super) fn wrote(&mut self, place: &str, value: Option<String>, report: Report) {
        self.cells.entry(place.to_owned()).or_default().wrote(value, report);
    }

    pub(super) fn saw(&mut self, place: &str, value: Option<&str>) {
        if !self.cells.entry(place.to_owned()).or_default().saw(value) {
            self.problems.push(format!("{place} was read as {value:?}, against the reports"));
        }
    }
}
