//! What a deployment holds, and the state that all requests share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::auth::{Caller, Keys};
use crate::canonical_urls::CanonicalUrls;
use crate::deployment_state::StopState;
use crate::error::Refusal;
use crate::fake::Recorded;
use crate::faults::Faults;
use crate::knobs::Knobs;
use crate::plan::Plan;
use crate::usage::Usage;

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

impl App {
    /// Refuses a state of the variables in which the auth config does not evaluate.
    pub(crate) fn evaluate_auth_config(&self, variables: &BTreeMap<String, String>) -> Result<(), Refusal> {
        match self.auth_config.iter().find(|name| !variables.contains_key(*name)) {
            Some(name) => {
                let message = format!("the auth config reads {name}");
                Err(Refusal::bad_request("AuthConfigMissingEnvironmentVariable", message))
            }
            None => Ok(()),
        }
    }
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
    pub(crate) canonical_urls: CanonicalUrls,
    pub(crate) stop_state: StopState,
    pub(crate) usage: Usage,
    pub(crate) audit: Vec<AuditEntry>,
}

impl Deployment {
    /// Writes into the audit log what a caller did.
    pub(crate) fn record(&mut self, caller: &Caller, action: &'static str, metadata: Value) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let create_time = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let Caller { actor, client_ip, user_agent, .. } = caller.clone();
        self.audit.push(AuditEntry { create_time, actor, action, metadata, client_ip, user_agent });
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
}

impl Shared {
    pub(crate) fn new(deployment: Deployment) -> Self {
        Self(Arc::new(Inner { deployment: Mutex::new(deployment), ..Inner::default() }))
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
}

/// A test that failed while it held the lock must not fail the others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
