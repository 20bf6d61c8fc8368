//! [`Run`]: the result of a load.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use convex_mgmt_fake::{AuditEntry, Fault, RecordedRequest};

use super::config::{Load, Protocol};
use super::faults::{delivers_response, faults};
use super::final_state::FinalState;
use super::report::{Log, Report};

/// The result of a load.
#[derive(Clone, Debug)]
pub struct Run {
    pub(super) load: Load,
    pub(super) log: Log,
    pub(super) audit: Vec<AuditEntry>,
    pub(super) requests: Vec<RecordedRequest>,
    pub(super) final_state: FinalState,
    pub(super) opened: usize,
    pub(super) elapsed: Duration,
}

impl Run {
    /// The settings.
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// The numbers of writes that were reported as applied, as not applied, and as unknown.
    pub fn reports(&self) -> [usize; 3] {
        [Report::Applied, Report::NotApplied, Report::Unknown]
            .map(|report| self.log.writes.iter().filter(|write| write.report == report).count())
    }

    /// The number of connections that were opened.
    pub fn opened(&self) -> usize {
        self.opened
    }

    /// The number of requests that met each of the [`faults`].
    pub fn met(&self) -> Vec<(Fault, usize)> {
        let count =
            |fault: &Fault| self.requests.iter().filter(|request| request.fault.as_ref() == Some(fault)).count();
        faults().into_iter().map(|fault| (fault.clone(), count(&fault))).collect()
    }

    /// The maximum number of connections that the client may open. Over HTTP/1.1 the client opens a connection when none is
    /// idle, and then takes the first free one. So each connection in use may have a spare.
    pub fn may_open(&self) -> usize {
        let too_long = |fault: &Fault| matches!(fault, Fault::Delay { .. }) && !delivers_response(fault);
        let resets = |fault: &Fault| matches!(fault, Fault::Reset | Fault::LostResponse);
        let count = |breaks: &dyn Fn(&Fault) -> bool| -> usize {
            self.met().iter().filter(|(fault, _)| breaks(fault)).map(|(_, met)| met).sum()
        };
        let (timed_out, broken) = (count(&too_long), count(&|fault| too_long(fault) || resets(fault)));
        match self.load.protocol {
            Protocol::Http1 => 2 * (self.load.connections + broken),
            // The client leaves a connection after an attempt timeout. Each waiting request may then open another one.
            Protocol::Http2 => 1 + self.load.connections * timed_out,
            Protocol::Http2Broken => self.load.connections * (1 + broken),
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { load, log, opened, elapsed, .. } = self;
        let [applied, not_applied, unknown] = self.reports();
        let met: usize = self.met().iter().map(|(_, count)| count).sum();
        let (reads, failed) = (log.reads, log.failed_reads);
        let calls = log.writes.len() + reads + failed;
        writeln!(
            f,
            "{:?}: {calls} calls in {:.1} s, {:.0} a second",
            load.protocol,
            elapsed.as_secs_f64(),
            calls as f64 / elapsed.as_secs_f64()
        )?;
        writeln!(f, "  requests {}, {met} with a fault; connections opened {opened}", self.requests.len())?;
        writeln!(f, "  writes: applied {applied}, not applied {not_applied}, unknown {unknown}")?;
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for write in &log.writes {
            *kinds.entry(write.operation).or_default() += 1;
        }
        for (operation, count) in kinds {
            writeln!(f, "    {count} {operation}")?;
        }
        writeln!(
            f,
            "  reads: succeeded {reads}, failed {failed}; audit log entries {}, read {}",
            self.audit.len(),
            log.events.len()
        )
    }
}
