//! [`Shared`]: the state that all requests share, behind locks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::deployment::Deployment;
use super::faults::Faults;
use super::requests::Requests;

/// The state that all requests to a server share. A clone is the same state.
pub(crate) struct Shared<T = Deployment>(Arc<Inner<T>>);

struct Inner<T> {
    state: Mutex<T>,
    faults: Mutex<Faults>,
    requests: Mutex<Requests>,
    commits: tokio::sync::Mutex<BTreeMap<&'static str, u64>>,
}

impl<T> Shared<T> {
    pub(crate) fn new(state: T) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::new(state),
            faults: Mutex::default(),
            requests: Mutex::default(),
            commits: tokio::sync::Mutex::default(),
        }))
    }

    /// A handle that does not keep the state alive.
    pub(crate) fn downgrade(&self) -> WeakShared<T> {
        WeakShared(Arc::downgrade(&self.0))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, T> {
        lock(&self.0.state)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.0.faults)
    }

    pub(crate) fn requests(&self) -> MutexGuard<'_, Requests> {
        lock(&self.0.requests)
    }

    /// The number of commits to each kind of data. It is counted while writes take time, and only then.
    pub(crate) async fn commits(&self) -> tokio::sync::MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.0.commits.lock().await
    }
}

impl Shared<Deployment> {
    pub(crate) fn deployment(&self) -> MutexGuard<'_, Deployment> {
        self.state()
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// A handle that does not keep the state alive.
pub(crate) struct WeakShared<T = Deployment>(Weak<Inner<T>>);

impl<T> WeakShared<T> {
    pub(crate) fn upgrade(&self) -> Option<Shared<T>> {
        self.0.upgrade().map(Shared)
    }
}

impl<T> Clone for WeakShared<T> {
    fn clone(&self) -> Self {
        Self(Weak::clone(&self.0))
    }
}

impl<T> fmt::Debug for WeakShared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakShared").finish_non_exhaustive()
    }
}

/// Ignores poisoning: a test that panics while it holds the lock must not fail the other tests.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
