//! [`Turn`]: the right of one call to open a connection for all calls that wait.

use std::sync::Arc;

use super::connection::Unopened;
use super::key::Key;
use super::store::Store;

/// The turn of a call to open a connection on behalf of all. When it is dropped, the other calls search again.
pub(super) struct Turn<L> {
    pub(super) store: Arc<Store<L>>,
    pub(super) key: Key,
}

impl<L> Turn<L> {
    pub(super) fn new(store: &Arc<Store<L>>, key: &Key) -> Self {
        Self { store: Arc::clone(store), key: key.clone() }
    }

    /// Fails all calls that wait, with the same reason.
    pub(super) fn fail(&self, reason: &Arc<Unopened>) {
        let waiting = self.store.hosts().change_known(&self.key, |host| std::mem::take(&mut host.waiting));
        for waiting in waiting.into_iter().flatten() {
            drop(waiting.send(Err(Arc::clone(reason))));
        }
    }
}

impl<L> Drop for Turn<L> {
    fn drop(&mut self) {
        let waiting = self.store.hosts().change_known(&self.key, |host| {
            host.opening = false;
            std::mem::take(&mut host.waiting)
        });
        drop(waiting);
    }
}
