//! [`Deployment`]: the name, keys, settings, clock and audit log of a deployment, and the state of its topics.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::audit::{AuditEntry, Origin};
use super::keys::Keys;
use super::knobs::Knobs;
use super::plan::Plan;
use super::topics::TopicStates;

/// One deployment.
#[derive(Debug, Default)]
pub(crate) struct Deployment {
    pub(crate) name: String,
    pub(crate) keys: Keys,
    pub(crate) knobs: Knobs,
    /// `None` for a self-hosted deployment.
    pub(crate) plan: Option<Plan>,
    pub(crate) topics: TopicStates,
    pub(crate) audit: Vec<AuditEntry>,
    /// Run after each entry of the audit log. Topics register here, because this module does not know them.
    pub(crate) on_record: Vec<fn(&mut Deployment, &AuditEntry)>,
    /// Run after a test has advanced the clock.
    pub(crate) on_clock_advance: Vec<fn(&mut Deployment, Duration)>,
    /// The difference between the deployment's clock and the system's.
    clock_offset: Duration,
}

impl Deployment {
    pub(crate) fn new(name: String) -> Self {
        Self { name, ..Self::default() }
    }

    /// The time of the deployment's clock, since the Unix epoch.
    pub(crate) fn now(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now + self.clock_offset
    }

    /// Advances the deployment's clock.
    pub(crate) fn advance_clock(&mut self, time: Duration) {
        self.clock_offset += time;
        for hook in self.on_clock_advance.clone() {
            hook(self, time);
        }
    }

    /// Adds an entry to the audit log.
    pub(crate) fn record(&mut self, origin: &Origin, action: &'static str, metadata: Value) {
        let Origin { actor, client_ip, user_agent } = origin.clone();
        let entry = AuditEntry { create_time: millis(self.now()), actor, action, metadata, client_ip, user_agent };
        self.audit.push(entry.clone());
        for hook in self.on_record.clone() {
            hook(self, &entry);
        }
    }
}

/// A duration in milliseconds.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
