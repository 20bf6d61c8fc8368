//! Progress for people: one line that is rewritten on a terminal, plain lines elsewhere.

use std::io::Write;
use std::time::{Duration, Instant};

use convex_mgmt::UnixMillis;
use convex_mgmt::deployment::data_sync::DataSyncStatus;
use convex_mgmt::sync::{Progress, SyncEvent};

use crate::worker::WorkerEvent;

/// The shortest time between two plain lines of the same status.
const PLAIN_PAUSE: Duration = Duration::from_secs(5);
/// The shortest time between two versions of the line on a terminal.
const TERMINAL_PAUSE: Duration = Duration::from_millis(100);
/// Moves to the start of the line and deletes it.
const CLEAR: &str = "\r\x1b[K";

/// Writes progress to an output. A closed output is ignored: the mirror continues.
#[derive(Debug)]
pub struct Display<W> {
    output: W,
    is_terminal: bool,
    /// The time, status and count of the last line of progress.
    last: Option<(Instant, &'static str, u64)>,
    /// `true` if the terminal shows a line without an end.
    is_open: bool,
    /// The number of deployments of a worker.
    listed: Option<usize>,
}

impl<W: Write> Display<W> {
    /// Creates a display.
    pub fn new(output: W, is_terminal: bool) -> Self {
        Self { output, is_terminal, last: None, is_open: false, listed: None }
    }

    /// Writes a line that stays.
    pub fn line(&mut self, text: &str) {
        let clear = if std::mem::take(&mut self.is_open) { CLEAR } else { "" };
        let _ = writeln!(self.output, "{clear}{text}");
        let _ = self.output.flush();
    }

    /// Shows an event.
    pub fn event(&mut self, event: &SyncEvent<'_>, now: UnixMillis) {
        match event {
            SyncEvent::Started { checkpoint, generation } => match checkpoint {
                Some(checkpoint) if checkpoint.generation() == *generation => {
                    let pages = count(checkpoint.pages(), "page");
                    self.line(&format!("continues generation {generation} after {pages}"));
                }
                Some(_) => self.line(&format!("begins a new copy, generation {generation}")),
                None => self.line("begins a copy"),
            },
            SyncEvent::Committed { progress, .. } => self.progress(progress, now),
            SyncEvent::Retrying { error, pause } => {
                self.line(&format!("warning: {error}; next call in {:.0} s", pause.as_secs_f64()));
            }
            SyncEvent::Expiring { age } => {
                let hours = age.as_secs() / 3600;
                self.line(&format!("warning: the cursor is {hours} hours old and expires after 72 hours or more"));
            }
            SyncEvent::Restarted { generation } => {
                self.line(&format!("warning: the cursor has expired; begins a new copy, generation {generation}"));
            }
            _ => {}
        }
    }

    fn progress(&mut self, progress: &Progress, now: UnixMillis) {
        let status = status(progress);
        let count = progress.written + progress.deleted + progress.truncates;
        let pause = if self.is_terminal { TERMINAL_PAUSE } else { PLAIN_PAUSE };
        if let Some((at, shown, shown_count)) = self.last
            && shown == status
            && (count == shown_count || at.elapsed() < pause)
        {
            return;
        }
        self.last = Some((Instant::now(), status, count));
        let text = describe(progress, now);
        if self.is_terminal {
            let _ = write!(self.output, "{CLEAR}{text}");
            let _ = self.output.flush();
            self.is_open = true;
        } else {
            self.line(&text);
        }
    }

    /// Writes a line about a worker. Turns without news have none.
    pub fn worker(&mut self, event: &WorkerEvent<'_>, now: UnixMillis) {
        match event {
            WorkerEvent::Listed { deployments } => {
                let text = format!("mirrors {deployments} deployments");
                if self.listed.replace(*deployments) != Some(*deployments) {
                    self.line(&text);
                }
            }
            WorkerEvent::NotListed { error } => self.line(&format!("warning: {error}")),
            WorkerEvent::Synced { deployment, progress } => {
                let is_new = progress.written + progress.deleted + progress.truncates > 0;
                if is_new || !progress.is_up_to_date() {
                    self.line(&format!("{deployment}: {}", describe(progress, now)));
                }
            }
            WorkerEvent::Failed { deployment, error } => self.line(&format!("warning: {deployment}: {error}")),
            WorkerEvent::Disconnected { error } => self.line(&format!("warning: {error}")),
        }
    }

    /// Writes the summary of a run.
    pub fn summary(&mut self, progress: &Progress, now: UnixMillis, end: &str) {
        let seconds = progress.elapsed(now).as_secs_f64();
        let (pages, truncates) = (count(progress.pages, "page"), count(progress.truncates, "truncate"));
        let text = describe(progress, now);
        self.line(&format!("{text}; {pages}, {truncates} in {seconds:.1} s; {end}"));
    }
}

fn status(progress: &Progress) -> &'static str {
    match &progress.status {
        None => "no page yet",
        Some(DataSyncStatus::Snapshotting) => "snapshotting",
        Some(DataSyncStatus::Stale(_)) => "stale",
        Some(DataSyncStatus::UpToDate(_)) => "up to date",
        Some(_) => "unknown status",
    }
}

/// Describes the progress of a run in one line.
fn describe(progress: &Progress, now: UnixMillis) -> String {
    let Progress { written, deleted, .. } = progress;
    let mut text = format!("{}: {written} documents written", status(progress));
    if *deleted > 0 {
        text += &format!(", {deleted} deleted");
    }
    text += &format!(", {}", size(progress.bytes));
    if let Some(fraction) = progress.fraction() {
        text += &format!(", {:.0} %", fraction * 100.0);
    }
    if !progress.is_up_to_date() {
        text += &format!(", {:.0}/s", progress.documents_per_second(now));
        if let Some(lag) = progress.lag(now) {
            text += &format!(", {} s behind", lag.as_secs());
        }
    }
    text
}

/// Returns a number with its unit, which gets an `s` unless the number is 1.
fn count(number: u64, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{bytes} B"),
        10_240..10_485_760 => format!("{} KiB", bytes >> 10),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use convex_mgmt::UnixNanos;
    use convex_mgmt::deployment::data_sync::Snapshot;

    const NOW: UnixMillis = UnixMillis(1_755_000_010_000);

    fn progress(status: DataSyncStatus, written: u64) -> Progress {
        let mut progress = Progress::new(UnixMillis(NOW.0 - 10_000));
        (progress.status, progress.written, progress.bytes) = (Some(status), written, written * 1000);
        progress
    }

    fn shown(is_terminal: bool, all: &[Progress]) -> String {
        let mut output = Vec::new();
        let mut display = Display::new(&mut output, is_terminal);
        all.iter().for_each(|progress| display.progress(progress, NOW));
        display.line("end");
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn writes_plain_lines_without_control_characters_and_only_if_something_changed() {
        let up_to_date = || DataSyncStatus::UpToDate(Snapshot::new(UnixNanos(1)));
        let all = [
            progress(DataSyncStatus::Snapshotting, 50),
            progress(DataSyncStatus::Snapshotting, 60),
            progress(up_to_date(), 70),
            progress(up_to_date(), 70),
        ];
        assert_eq!(
            shown(false, &all),
            "snapshotting: 50 documents written, 48 KiB, 5/s\nup to date: 70 documents written, 68 KiB\nend\n"
        );
    }

    #[test]
    fn rewrites_one_line_on_a_terminal() {
        let all = [
            progress(DataSyncStatus::Snapshotting, 5),
            progress(DataSyncStatus::Stale(Snapshot::new(UnixNanos(1))), 6),
        ];
        let text = shown(true, &all);
        let lines: Vec<_> = text.split("\r\x1b[K").collect();
        assert_eq!(lines.len(), 4, "{text:?}");
        assert_eq!((lines[1], lines[3]), ("snapshotting: 5 documents written, 5000 B, 0/s", "end\n"));
        assert!(!lines[..3].concat().contains('\n'));
    }

    #[test]
    fn a_closed_output_is_ignored() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
        }
        let mut display = Display::new(Closed, true);
        display.progress(&progress(DataSyncStatus::Snapshotting, 1), NOW);
        display.line("the mirror continues");
    }
}
