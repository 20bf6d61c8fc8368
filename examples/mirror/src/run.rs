//! One mirror from start to end: the driver, its display, and its exit status.

use std::cell::RefCell;
use std::io::Write;
use std::time::SystemTime;

use convex_mgmt::sync::{CheckpointError, Pace, Progress, Sink, SyncDriver, SyncError, SyncFailure, SyncOptions};
use convex_mgmt::{ErrorCode, UnixMillis};

use crate::display::Display;
use crate::options::Options;
use crate::source::Source;

/// The end of a mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Stopped by a signal, or up to date.
    Done = 0,
    /// The deployment or the database failed.
    Failed = 1,
    /// Invalid arguments.
    Usage = 2,
    /// Another program mirrors to the same database.
    Conflict = 3,
    /// The database needs a decision by an option.
    Decision = 4,
    /// Stopped by a signal before the copy was up to date, with `--once`.
    Incomplete = 5,
    /// Stopped by a second signal.
    Interrupted = 130,
}

/// The end of a mirror, with the text of its failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The exit status.
    pub exit: Exit,
    /// The failure, and the option that helps.
    pub error: Option<String>,
}

impl End {
    /// Creates an end with a failure.
    pub fn failed(exit: Exit, error: impl ToString) -> Self {
        Self { exit, error: Some(error.to_string()) }
    }
}

/// Returns the options of the sync.
fn sync_options(source: &Source, options: &Options, has_checkpoint: bool) -> SyncOptions {
    let mut sync = SyncOptions::new(source.client.endpoint())
        .selection(options.selection.clone())
        .on_selection_change(options.on_selection_change)
        .pace(Pace::new(options.poll));
    if let Some(rows) = options.rows_without_checkpoint {
        sync = sync.rows_without_checkpoint(rows);
    }
    if let Some(identity) = source.identity {
        sync = sync.deployment(identity);
    }
    // The deployment in memory is a new one in each run.
    if options.restart || (source.identity.is_some() && has_checkpoint) {
        sync = sync.restart();
    }
    sync
}

/// Mirrors `source` to `sink` until the copy is up to date, with `--once`, or until `until` completes.
pub async fn run<K: Sink, W: Write>(
    source: &Source,
    mut sink: K,
    options: &Options,
    display: &mut Display<W>,
    until: impl Future<Output = ()>,
) -> End {
    let has_checkpoint = match sink.state().await {
        Ok(state) => state.checkpoint.is_some(),
        Err(error) => {
            let error: Box<dyn std::error::Error + Send + Sync> = error.into();
            return End::failed(Exit::Failed, error);
        }
    };
    let shared = RefCell::new(display);
    let mut driver = SyncDriver::new(source.client.clone(), sink)
        .options(sync_options(source, options, has_checkpoint))
        .totals()
        .on_event(|event| shared.borrow_mut().event(&event, now()));
    let result = if options.once { driver.run_until_up_to_date_or(until).await } else { driver.run(until).await };
    let progress: Progress = driver.progress().clone();
    drop(driver);
    let display = shared.into_inner();
    let (exit, end) = match &result {
        Ok(_) if !options.once => (Exit::Done, "stopped"),
        Ok(_) if progress.is_up_to_date() => (Exit::Done, "finished"),
        Ok(_) => (Exit::Incomplete, "stopped before the copy was up to date"),
        Err(failure) => (exit_of(failure), "failed"),
    };
    if result.is_ok() || progress.pages > 0 {
        display.summary(&progress, now(), end);
    }
    let error = result.err().map(|failure| match hint(&failure) {
        Some(hint) => format!("{failure}\n{hint}"),
        None => failure.to_string(),
    });
    End { exit, error }
}

/// Returns the exit status of a failure.
fn exit_of(failure: &SyncFailure) -> Exit {
    match failure {
        _ if failure.conflict().is_some() => Exit::Conflict,
        SyncFailure::Start(SyncError::InvalidSelection(_)) => Exit::Usage,
        SyncFailure::Start(_) | SyncFailure::Page(SyncError::OtherSync) => Exit::Decision,
        SyncFailure::Call(error) if error.code() == Some(&ErrorCode::InvalidDataSyncCursor) => Exit::Decision,
        _ => Exit::Failed,
    }
}

/// Returns what to do about a failure, in terms of the program's options.
fn hint(failure: &SyncFailure) -> Option<&'static str> {
    if failure.conflict().is_some() {
        return Some("end the other program; this one can start again at any time");
    }
    match failure {
        SyncFailure::Start(error) => match error {
            SyncError::RowsWithoutCheckpoint => Some("use --rows-without-checkpoint keep or delete"),
            SyncError::SelectionChanged(_) => Some("use --on-selection-change restart or continue"),
            SyncError::OtherDeployment { .. } => {
                Some("use --database with another file, or --schema, for this deployment")
            }
            SyncError::NewerRows { .. } => Some("use --restart"),
            SyncError::Checkpoint(CheckpointError::NewerVersion { .. }) => Some("update the program"),
            SyncError::Checkpoint(_) => Some("use --rows-without-checkpoint keep or delete"),
            SyncError::InvalidSelection(_) => Some("check --tables and --exclude"),
            _ => None,
        },
        SyncFailure::Page(SyncError::OtherSync) => Some("use --restart"),
        SyncFailure::Call(error) if error.code() == Some(&ErrorCode::InvalidDataSyncCursor) => Some("use --restart"),
        _ => None,
    }
}

/// Returns the time by the clock of this machine.
pub fn now() -> UnixMillis {
    UnixMillis::from_system_time(SystemTime::now()).unwrap_or_default()
}
