//! What a deployment holds, and the state that all requests share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::auth::Keys;
use crate::fake::Recorded;
use crate::faults::Faults;

/// One entry of the deployment's audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// What was done, such as `create_environment_variable`.
    pub action: &'static str,
    /// To what: the name of a variable.
    pub subject: String,
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
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) audit: Vec<AuditEntry>,
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
