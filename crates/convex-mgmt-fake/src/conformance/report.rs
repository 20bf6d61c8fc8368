//! [`Report`] and [`ConformanceError`]: the results of a run.

use std::fmt;
use std::io;

use super::check::Check;

/// The result of a run in which no check failed. `Display` lists the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub(super) passed: Vec<Check>,
    pub(super) skipped: Vec<Check>,
}

impl Report {
    /// Returns the checks that passed, in the order of the run.
    pub fn passed(&self) -> &[Check] {
        &self.passed
    }

    /// Returns the checks that need a socket, if the client uses [`Target::fake`](super::Target::fake). Empty otherwise.
    pub fn skipped(&self) -> &[Check] {
        &self.skipped
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "passed: {}", names(&self.passed))?;
        if self.skipped.is_empty() { Ok(()) } else { write!(f, "; skipped: {}", names(&self.skipped)) }
    }
}

fn names(checks: &[Check]) -> String {
    checks.iter().map(|check| check.as_str()).collect::<Vec<_>>().join(", ")
}

/// A check that failed. `Display` has the expectation, the finding and the advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCheck {
    pub(super) check: Check,
    pub(super) expected: String,
    pub(super) found: String,
}

impl FailedCheck {
    /// Returns the check.
    pub fn check(&self) -> Check {
        self.check
    }

    /// Returns the expected behaviour.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// Returns what the client or the server observed instead.
    pub fn found(&self) -> &str {
        &self.found
    }
}

impl fmt::Display for FailedCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, expected, found } = self;
        write!(f, "{check}: expected {expected}, found {found}; usual remedy: {}", check.advice())
    }
}

/// The error of a conformance run: checks failed, or the run could not start its server.
///
/// `Display` has a line for each failed check. `Debug` has the same text, so that `unwrap` in a test shows it.
pub struct ConformanceError(Cause);

enum Cause {
    Server(io::Error),
    Checks { failed: Vec<FailedCheck>, report: Report },
}

impl ConformanceError {
    pub(super) fn server(error: io::Error) -> Self {
        Self(Cause::Server(error))
    }

    pub(super) fn checks(failed: Vec<FailedCheck>, report: Report) -> Self {
        Self(Cause::Checks { failed, report })
    }

    /// Returns the checks that failed. Empty if the server could not be started.
    pub fn failed(&self) -> &[FailedCheck] {
        match &self.0 {
            Cause::Server(_) => &[],
            Cause::Checks { failed, .. } => failed,
        }
    }

    /// Returns the checks that passed or were skipped. `None` if the server could not be started.
    pub fn report(&self) -> Option<&Report> {
        match &self.0 {
            Cause::Server(_) => None,
            Cause::Checks { report, .. } => Some(report),
        }
    }
}

impl fmt::Display for ConformanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Server(_) => {
                f.write_str("cannot start the conformance run: check that a loopback port can be bound")
            }
            Cause::Checks { failed, report } => {
                let all = failed.len() + report.passed.len();
                write!(f, "the transport fails {} of {all} checks:", failed.len())?;
                failed.iter().try_for_each(|failed| write!(f, "\n  {failed}"))
            }
        }
    }
}

impl fmt::Debug for ConformanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Server(error) => write!(f, "{self}: {error}"),
            Cause::Checks { .. } => write!(f, "{self}"),
        }
    }
}

impl std::error::Error for ConformanceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Cause::Server(error) => Some(error),
            Cause::Checks { .. } => None,
        }
    }
}
