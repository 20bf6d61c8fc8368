//! What a deployment holds, and the state that all requests share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::auth::{Caller, Keys};
use crate::canonical_urls;
use crate::data_sync;
use crate::deployment_state::Stops;
use crate::fake::Recorded;
use crate::faults::Faults;
use crate::knobs::Knobs;
use crate::log_streams;
use crate::plan::Plan;
use crate::usage;

/// One entry of the deployment's audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// When it was made, in milliseconds since the epoch.
    pub create_time: u64,
    /// Who did it, as the API tells it.
    pub actor: Value,
    /// What was done, such as `create_environment_variable`.
    pub action: &'static str,
    /// To what, as the API tells it.
    pub metadata: Value,
    /// The address of who did it.
    pub client_ip: Option<String>,
    /// The `User-Agent` of who did it.
    pub user_agent: Option<String>,
}

/// What the app that is deployed demands of environment variables.
#[derive(Debug, Default)]
pub(crate) struct App {
    /// Variables that it declares as required.
    pub(crate) required: BTreeSet<String>,
    /// Variables of which it takes certain values only.
    pub(crate) accepted: BTreeMap<String, BTreeSet<String>>,
    /// Variables that its auth config reads.
    pub(crate) auth_config: BTreeSet<String>,
}

/// One deployment.
#[derive(Debug, Default)]
pub(crate) struct Deployment {
    pub(crate) name: String,
    pub(crate) keys: Keys,
    pub(crate) app: App,
    pub(crate) knobs: Knobs,
    /// None for a self-hosted one.
    pub(crate) plan: Option<Plan>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) canonical_urls: canonical_urls::State,
    pub(crate) stops: Stops,
    pub(crate) usage: usage::State,
    pub(crate) log_streams: log_streams::State,
    pub(crate) data: data_sync::State,
    pub(crate) audit: Vec<AuditEntry>,
    /// By how much the deployment's clock is ahead.
    pub(crate) clock_ahead: Duration,
}

impl Deployment {
    /// The deployment's clock, since the epoch.
    pub(crate) fn now(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now + self.clock_ahead
    }

    /// Writes into the audit log what a caller did.
    pub(crate) fn record(&mut self, caller: &Caller, action: &'static str, metadata: Value) {
        let create_time = millis(self.now());
        let Caller { actor, client_ip, user_agent, .. } = caller.clone();
        self.emit_audit(create_time, action, &metadata);
        self.audit.push(AuditEntry { create_time, actor, action, metadata, client_ip, user_agent });
        self.data.touch(self.now());
    }
}

/// The state that all requests share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    deployment: Mutex<Deployment>,
    faults: Mutex<Faults>,
    requests: Mutex<Vec<Recorded>>,
    commits: tokio::sync::Mutex<BTreeMap<&'static str, u64>>,
}

impl Shared {
    pub(crate) fn new(deployment: Deployment) -> Self {
        Self(Arc::new(Inner { deployment: Mutex::new(deployment), ..Inner::default() }))
    }

    /// A handle that does not keep it.
    pub(crate) fn downgrade(&self) -> WeakShared {
        WeakShared(Arc::downgrade(&self.0))
    }

    pub(crate) fn deployment(&self) -> MutexGuard<'_, Deployment> {
        lock(&self.0.deployment)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.0.faults)
    }

    pub(crate) fn requests(&self) -> MutexGuard<'_, Vec<Recorded>> {
        lock(&self.0.requests)
    }

    /// The number of commits by the data that they wrote, for [`Contention`](crate::contention::Contention).
    pub(crate) async fn commits(&self) -> tokio::sync::MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.0.commits.lock().await
    }
}

/// A handle to the state that does not keep it.
#[derive(Clone, Debug)]
pub(crate) struct WeakShared(Weak<Inner>);

impl WeakShared {
    pub(crate) fn upgrade(&self) -> Option<Shared> {
        self.0.upgrade().map(Shared)
    }
}

/// A time in milliseconds.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A test that failed while it held the lock must not fail the others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
