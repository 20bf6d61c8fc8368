//! [`Shared`]: the state that all requests share, behind locks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::deployment::Deployment;
use super::faults::Faults;
use super::requests::RecordedRequest;

/// The state that all requests share. A clone is the same state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    deployment: Mutex<Deployment>,
    faults: Mutex<Faults>,
    requests: Mutex<Vec<RecordedRequest>>,
    commits: tokio::sync::Mutex<BTreeMap<&'static str, u64>>,
}

impl Shared {
    pub(crate) fn new(deployment: Deployment) -> Self {
        Self(Arc::new(Inner { deployment: Mutex::new(deployment), ..Inner::default() }))
    }

    /// A handle that does not keep the state alive.
    pub(crate) fn downgrade(&self) -> WeakShared {
        WeakShared(Arc::downgrade(&self.0))
    }

    pub(crate) fn deployment(&self) -> MutexGuard<'_, Deployment> {
        lock(&self.0.deployment)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.0.faults)
    }

    pub(crate) fn requests(&self) -> MutexGuard<'_, Vec<RecordedRequest>> {
        lock(&self.0.requests)
    }

    /// The number of commits to each kind of data. It is counted while writes take time, and only then.
    pub(crate) async fn commits(&self) -> tokio::sync::MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.0.commits.lock().await
    }
}

/// A handle that does not keep the state alive.
#[derive(Clone, Debug)]
pub(crate) struct WeakShared(Weak<Inner>);

impl WeakShared {
    pub(crate) fn upgrade(&self) -> Option<Shared> {
        self.0.upgrade().map(Shared)
    }
}

/// Ignores poisoning: a test that panics while it holds the lock must not fail the other tests.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
