//! The task that closes the expired connections of a runtime.

use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::hosts::Hosts;
use super::store::Store;

/// Returns the task for a runtime, if it has none yet and connections expire. The caller spawns it after it releases the lock,
/// because a runtime that is shutting down drops the task at once.
pub(super) fn task<L>(
    store: &Arc<Store<L>>,
    hosts: &mut Hosts<L>,
    runtime: Id,
) -> Option<(Handle, impl Future<Output = ()> + use<L>)> {
    let timeout = store.settings.idle_timeout?;
    if hosts.reapers.iter().any(|(of, _)| *of == runtime) {
        return None;
    }
    // A lease may be dropped on another runtime, or after its runtime has ended.
    let handle = Handle::try_current().ok().filter(|handle| handle.id() == runtime)?;
    let (alive, pool_dropped) = oneshot::channel();
    hosts.reapers.push((runtime, alive));
    Some((handle, reap(Registration { store: Arc::downgrade(store), runtime }, timeout, pool_dropped)))
}

/// The entry of a task in [`Hosts::reapers`]. It is removed when the task ends, or is dropped with its runtime.
struct Registration<L> {
    store: Weak<Store<L>>,
    runtime: Id,
}

impl<L> Drop for Registration<L> {
    fn drop(&mut self) {
        if let Some(store) = self.store.upgrade() {
            store.hosts().reapers.retain(|(of, _)| *of != self.runtime);
        }
    }
}

async fn reap<L>(
    mut registration: Registration<L>,
    timeout: Duration,
    mut pool_dropped: oneshot::Receiver<Infallible>,
) {
    let mut wait = timeout;
    while tokio::time::timeout(wait, &mut pool_dropped).await.is_err() {
        let Some(store) = registration.store.upgrade() else { return };
        let mut hosts = store.hosts();
        let (expired, next) = hosts.take_expired(registration.runtime, timeout);
        // Under the same lock, so that no connection is added in between and relies on a task that is about to end.
        let Some(next) = next else {
            hosts.reapers.retain(|(of, _)| *of != registration.runtime);
            drop(hosts);
            registration.store = Weak::new();
            return drop(expired);
        };
        drop(hosts);
        drop(expired);
        wait = next.saturating_duration_since(Instant::now());
    }
}
