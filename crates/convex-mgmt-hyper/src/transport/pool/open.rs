//! Opening a connection for a pool.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tower::BoxError;

use super::hosts::Key;
use super::{Connection, Lease, Pool};
use crate::connect::Opened;

/// Why there is no connection. Nothing was sent.
#[derive(Debug)]
pub(in crate::transport) enum Unopened {
    /// It could not be opened.
    Connect(BoxError),
    /// It was opened, and broke before it could be used.
    Broken(BoxError),
}

impl Unopened {
    pub(in crate::transport) fn reason(&self) -> &BoxError {
        match self {
            Self::Connect(reason) | Self::Broken(reason) => reason,
        }
    }

    fn broken(error: hyper::Error) -> Self {
        Self::Broken(error.into())
    }
}

/// Opens a connection, with a lease of it for the caller.
pub(super) async fn open(pool: Arc<Pool>, key: Key) -> Result<Lease, Arc<Unopened>> {
    connect(&pool, &key).await.map_err(Arc::new)
}

/// The time in which the call that opened a connection for all has to send its request before others send theirs.
const FIRST: Duration = Duration::from_millis(100);

/// Opens a connection on behalf of all calls that wait for one.
///
/// A task opens it, because the caller may hold the future of its call and not poll it: the other calls must not wait for that.
/// The task ends with the future.
pub(super) async fn open_for_all(turn: Turn) -> Result<Lease, Arc<Unopened>> {
    let (sender, receiver) = oneshot::channel();
    let mut task = JoinSet::new();
    task.spawn(async move {
        match open(Arc::clone(&turn.pool), turn.key.clone()).await {
            Ok(mut lease) => {
                let unshared = lease.keep(turn);
                drop(sender.send(Ok(lease)));
                if let Some(unshared) = unshared {
                    tokio::time::sleep(FIRST).await;
                    unshared.publish();
                }
            }
            Err(why) => {
                turn.failed(&why);
                drop(turn);
                drop(sender.send(Err(why)));
            }
        }
    });
    receiver.await.unwrap_or_else(|_| Err(Arc::new(Unopened::Broken("the task that opened it has ended".into()))))
}

/// A new connection that calls can share, which the pool does not have yet: it gets it once the request of the call that opened it
/// is in the connection's queue. Otherwise others might overtake that, and a connection that takes few requests would have none
/// left for it.
#[derive(Clone)]
pub(super) struct Unshared(Arc<Mutex<Option<Unpublished>>>);

struct Unpublished {
    pool: Arc<Pool>,
    key: Key,
    id: u64,
    connection: Connection,
    /// The turn in which it was opened, which ends when others can use it.
    turn: Option<Turn>,
}

impl Unshared {
    pub(super) fn new(pool: &Arc<Pool>, key: &Key, id: u64, connection: Connection) -> Self {
        let unpublished = Unpublished { pool: Arc::clone(pool), key: key.clone(), id, connection, turn: None };
        Self(Arc::new(Mutex::new(Some(unpublished))))
    }

    /// Keeps the turn until others can use the connection.
    pub(super) fn keep(&self, turn: Turn) {
        if let Some(unpublished) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            unpublished.turn = Some(turn);
        }
    }

    /// Lets other calls use the connection, unless they can already.
    pub(super) fn publish(&self) {
        let unpublished = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Unpublished { pool, key, id, connection, turn }) = unpublished {
            pool.publish(&key, id, connection);
            drop(turn);
        }
    }
}

/// The turn of a call to open a connection on behalf of all. Dropped, it lets the others look again.
pub(super) struct Turn {
    pool: Arc<Pool>,
    key: Key,
}

impl Turn {
    pub(super) fn new(pool: &Arc<Pool>, key: &Key) -> Self {
        Self { pool: Arc::clone(pool), key: key.clone() }
    }

    fn failed(&self, why: &Arc<Unopened>) {
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

async fn connect(pool: &Arc<Pool>, key: &Key) -> Result<Lease, Unopened> {
    let target = key.uri().map_err(|error| Unopened::Connect(error.into()))?;
    let Opened { io, is_http2 } = pool.connector.open(target).await.map_err(Unopened::Connect)?;
    let id = pool.hosts().new_id();
    let gone = Gone { pool: Arc::downgrade(pool), key: key.clone(), id };
    // Not used in a build without HTTP/2.
    let _ = is_http2;
    #[cfg(feature = "http2")]
    if is_http2 && let Some(builder) = &pool.settings.http2 {
        let (connection, driver) = builder.handshake(io).await.map_err(Unopened::broken)?;
        tokio::spawn(async move {
            drop(driver.await);
            drop(gone);
        });
        return Ok(pool.opened(key, id, Connection::Http2(connection)));
    }
    let (mut connection, driver) = pool.settings.http1.handshake(io).await.map_err(Unopened::broken)?;
    let (failing, failure) = oneshot::channel();
    tokio::spawn(async move {
        if let Err(error) = driver.with_upgrades().await {
            drop(failing.send(error));
        }
        drop(gone);
    });
    match connection.ready().await {
        Ok(()) => Ok(pool.opened(key, id, Connection::Http1(connection))),
        // The driver knows why.
        Err(closed) => Err(Unopened::broken(failure.await.unwrap_or(closed))),
    }
}

/// Takes a connection out of the pool when its driver ends: the connection broke, or its runtime has ended.
struct Gone {
    pool: Weak<Pool>,
    key: Key,
    id: u64,
}

impl Drop for Gone {
    fn drop(&mut self) {
        let Some(pool) = self.pool.upgrade() else { return };
        let out = pool.hosts().change_known(&self.key, |host| host.take(self.id));
        drop(out);
    }
}
