//! [`Deployment`]: the name, keys, settings, clock and audit log of a deployment, and the state of its topics.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::audit::{AuditEntry, Origin};
use super::clock::{Clock, millis};
use super::keys::{AccessTokens, Keys};
use super::knobs::{Knobs, Settings};
use super::plan::Plan;
use super::topics::TopicStates;

/// One deployment.
#[derive(Debug, Default)]
pub(crate) struct Deployment {
    pub(crate) name: String,
    pub(crate) keys: Keys,
    /// The control plane that checks other tokens. `None` rejects them.
    pub(crate) access_tokens: Option<Arc<dyn AccessTokens>>,
    /// The deployment URL. `None` for the default of a self-hosted deployment.
    pub(crate) url: Option<String>,
    /// Until this time, every request gets an empty 404.
    pub(crate) routable_from: Duration,
    pub(crate) knobs: Knobs,
    /// `None` for a self-hosted deployment.
    pub(crate) plan: Option<Plan>,
    pub(crate) topics: TopicStates,
    pub(crate) audit: Vec<AuditEntry>,
    /// Run after each entry of the audit log. Topics register here, because this module does not know them.
    pub(crate) on_record: Vec<fn(&mut Deployment, &AuditEntry)>,
    /// Run after a test has advanced the clock.
    pub(crate) on_clock_advance: Vec<fn(&mut Deployment, Duration)>,
    /// A control plane and its deployments have one clock.
    pub(crate) clock: Clock,
}

impl Deployment {
    pub(crate) fn new(name: String) -> Self {
        Self { name, ..Self::default() }
    }

    /// The time of the deployment's clock, since the Unix epoch.
    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Advances the deployment's clock.
    pub(crate) fn advance_clock(&mut self, time: Duration) {
        self.clock.advance(time);
        self.clock_advanced(time);
    }

    /// Runs what depends on the clock, after it was advanced.
    pub(crate) fn clock_advanced(&mut self, time: Duration) {
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

impl Settings for Deployment {
    fn knobs(&self) -> &Knobs {
        &self.knobs
    }

    fn is_routable(&self) -> bool {
        self.now() >= self.routable_from
    }
}
