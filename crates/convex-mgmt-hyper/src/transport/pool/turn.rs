//! [`Turn`] and [`Unshared`]: one call opens a connection that all waiting calls share.

use std::sync::{Arc, Mutex, PoisonError};

use super::Pool;
use super::connection::{Connection, Unopened};
use super::key::Key;

/// A new connection that calls can share, before it is in the pool. The pool receives it once the request of the call that opened
/// it is in the connection's queue. Otherwise other requests might overtake that one, and a connection that accepts few requests
/// would have no room for it.
#[derive(Clone)]
pub(super) struct Unshared(Arc<Mutex<Option<Unpublished>>>);

struct Unpublished {
    pool: Arc<Pool>,
    key: Key,
    id: u64,
    connection: Connection,
    /// The turn in which it was opened. It ends when other calls can use the connection.
    turn: Option<Turn>,
}

impl Unshared {
    pub(super) fn new(pool: &Arc<Pool>, key: &Key, id: u64, connection: Connection) -> Self {
        let unpublished = Unpublished { pool: Arc::clone(pool), key: key.clone(), id, connection, turn: None };
        Self(Arc::new(Mutex::new(Some(unpublished))))
    }

    /// Keeps the turn until other calls can use the connection.
    pub(super) fn keep(&self, turn: Turn) {
        if let Some(unpublished) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            unpublished.turn = Some(turn);
        }
    }

    /// Lets other calls use the connection, if they cannot use it yet.
    pub(super) fn publish(&self) {
        let unpublished = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Unpublished { pool, key, id, connection, turn }) = unpublished {
            pool.publish(&key, id, connection);
            drop(turn);
        }
    }
}

/// The turn of a call to open a connection on behalf of all. When it is dropped, the other calls look again.
pub(super) struct Turn {
    pub(super) pool: Arc<Pool>,
    pub(super) key: Key,
}

impl Turn {
    pub(super) fn new(pool: &Arc<Pool>, key: &Key) -> Self {
        Self { pool: Arc::clone(pool), key: key.clone() }
    }

    pub(super) fn failed(&self, why: &Arc<Unopened>) {
        let waiting = self.pool.hosts().change_known(&self.key, |host| std::mem::take(&mut host.waiting));
        for waiting in waiting.into_iter().flatten() {
            drop(waiting.send(Err(Arc::clone(why))));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let waiting = self.pool.hosts().change_known(&self.key, |host| {
            host.opening = false;
            std::mem::take(&mut host.waiting)
        });
        drop(waiting);
    }
}
