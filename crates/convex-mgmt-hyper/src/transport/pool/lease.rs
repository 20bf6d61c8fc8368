//! [`Lease`]: the right to send one request over a connection; and [`Unshared`], a new connection that calls can share soon.

use std::sync::{Arc, Mutex, PoisonError};

use http::{Request, Response};
#[cfg(feature = "http2")]
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use tokio::time::Instant;

use super::connection::Connection;
use super::hosts::{Idle, Shared};
use super::key::Key;
use super::reaper;
use super::store::{PoolSettings, Store};
use super::task;
use super::turn::Turn;
use crate::progress::Progress;
use crate::transport::body::FullBody;

/// The connections of a transport.
pub(in crate::transport) type Pool = Store<Lease>;

/// The right to send one request over a connection. When it is dropped, the connection returns to the pool, if it can be used
/// again.
pub(in crate::transport) struct Lease {
    pool: Arc<Pool>,
    key: Key,
    id: u64,
    connection: Option<Connection>,
    /// `true` if the connection was opened for an earlier call.
    pub(in crate::transport) reused: bool,
    /// The new connection that other calls can share later.
    unshared: Option<Unshared>,
    /// The progress of the attempt. If its time runs out before the response is complete, a shared connection is not used
    /// again: it may be dead.
    carries: Option<Arc<Progress>>,
}

impl Lease {
    /// Creates the lease of a connection from the pool. The caller counts it.
    pub(super) fn reusing(pool: &Arc<Pool>, key: &Key, id: u64, connection: Connection) -> Self {
        Self {
            pool: Arc::clone(pool),
            key: key.clone(),
            id,
            connection: Some(connection),
            reused: true,
            unshared: None,
            carries: None,
        }
    }

    /// Creates the lease of a new connection, for the call that opened it, and counts it.
    pub(super) fn opened(pool: &Arc<Pool>, key: &Key, id: u64, connection: Connection) -> Self {
        pool.hosts().change(key, |host| {
            host.leased += 1;
            host.http1 = !connection.is_http2();
        });
        let unshared = connection.share().map(|connection| Unshared::new(pool, key, id, connection));
        let mut lease = Self::reusing(pool, key, id, connection);
        (lease.reused, lease.unshared) = (false, unshared);
        lease
    }

    /// Keeps the turn until other calls can use the connection. For a connection that cannot be shared, the turn ends here.
    pub(super) fn keep(&mut self, turn: Turn<Self>) -> Option<Unshared> {
        if let Some(unshared) = &self.unshared {
            unshared.keep(turn);
        }
        self.unshared.clone()
    }

    /// Lets other calls use a new connection.
    fn publish(&mut self) {
        if let Some(unshared) = self.unshared.take() {
            unshared.publish();
        }
    }

    /// Takes the connection out of a lease that was not delivered. Such a lease does not lock the pool when it is dropped.
    fn into_connection(mut self) -> Option<Connection> {
        self.connection.take()
    }

    pub(in crate::transport) fn is_http2(&self) -> bool {
        self.connection.as_ref().is_some_and(Connection::is_http2)
    }

    /// Sends the request of an attempt and waits for the head of the response.
    pub(in crate::transport) async fn send(
        &mut self,
        mut request: Request<FullBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<FullBody>>> {
        match &mut self.connection {
            // An attempt whose time has run out sends nothing. Its owner drops this future.
            Some(Connection::Http1(connection)) if request.body_mut().begin() => {
                self.key.address(&mut request);
                connection.try_send_request(request).await
            }
            #[cfg(feature = "http2")]
            Some(Connection::Http2(connection)) => {
                self.carries = Some(Arc::clone(request.body().progress()));
                if !request.method().is_safe() {
                    request.body_mut().end_late();
                }
                // A request without a body ends with its head.
                if request.body().is_end_stream() && !request.body_mut().begin() {
                    std::future::pending::<()>().await;
                }
                let head = connection.try_send_request(request);
                self.publish();
                head.await
            }
            // A lease has its connection until it is dropped.
            _ => std::future::pending().await,
        }
    }

    /// Removes the host's connections from the pool, for all later calls. Requests in flight keep theirs.
    pub(in crate::transport) fn retire(&self) {
        self.pool.retire(&self.key, self.id);
    }

    /// Marks the response as complete. The connection returns to the pool as soon as it can take another request.
    pub(in crate::transport) fn finish(mut self) {
        self.carries = None;
        let Some(connection) = &self.connection else { return };
        // Usually the connection's task has seen the end together with the head.
        if connection.is_http2() || connection.is_ready() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            task::spawn(&runtime, async move {
                if let Some(connection) = &mut self.connection {
                    drop(connection.ready().await);
                }
            });
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.publish();
        if self.carries.as_ref().is_some_and(|progress| progress.is_expired()) {
            self.retire();
        }
        if let Some(connection) = self.connection.take() {
            return_connection(&self.pool, &self.key, self.id, connection);
        }
    }
}

/// Takes the connection of a lease back, for a waiting call or for later ones.
fn return_connection(pool: &Arc<Pool>, key: &Key, id: u64, connection: Connection) {
    let PoolSettings { max_idle_per_host, max_idle, .. } = pool.settings;
    let mut out = Vec::new();
    let mut hosts = pool.hosts();
    hosts.change_known(key, |host| {
        host.leased = host.leased.saturating_sub(1);
        if connection.is_http2() {
            if let Some(shared) = host.shared.as_mut().filter(|shared| shared.id == id) {
                shared.used = shared.used.saturating_sub(1);
                shared.since = Instant::now();
                if shared.is_idle() && max_idle_per_host == 0 {
                    out.extend(host.take(id));
                }
            }
            return out.push(connection);
        }
        if id < host.first_usable || !connection.is_ready() {
            return out.push(connection);
        }
        let mut connection = Some(connection);
        while let Some(free) = connection.take() {
            let Some(waiting) = host.waiting.pop_front() else {
                host.idle.push_back(Idle { id, since: Instant::now(), connection: free });
                break;
            };
            match waiting.send(Ok(Lease::reusing(pool, key, id, free))) {
                Ok(()) => host.leased += 1,
                // The call no longer waits.
                Err(Ok(undelivered)) => connection = undelivered.into_connection(),
                Err(Err(_)) => {}
            }
        }
        if host.idle.len() > max_idle_per_host {
            out.extend(host.idle.pop_front().map(|idle| idle.connection));
        }
    });
    out.extend(hosts.take_above(max_idle));
    let reaper = reaper::task(pool, &mut hosts, key.runtime);
    drop(hosts);
    drop(out);
    if let Some((runtime, task)) = reaper {
        task::spawn(&runtime, task);
    }
}

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
    turn: Option<Turn<Lease>>,
}

impl Unshared {
    fn new(pool: &Arc<Pool>, key: &Key, id: u64, connection: Connection) -> Self {
        let unpublished = Unpublished { pool: Arc::clone(pool), key: key.clone(), id, connection, turn: None };
        Self(Arc::new(Mutex::new(Some(unpublished))))
    }

    /// Keeps the turn until other calls can use the connection.
    fn keep(&self, turn: Turn<Lease>) {
        if let Some(unpublished) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            unpublished.turn = Some(turn);
        }
    }

    /// Adds the connection to the pool, if that has not happened yet. Waiting calls receive it.
    pub(super) fn publish(&self) {
        let unpublished = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Unpublished { pool, key, id, connection, turn }) = unpublished {
            publish(&pool, &key, id, connection);
            drop(turn);
        }
    }
}

/// Adds a new connection that all calls can share. The call that opened it is its first user, and waiting calls receive it.
fn publish(pool: &Arc<Pool>, key: &Key, id: u64, connection: Connection) {
    let mut hosts = pool.hosts();
    let out = hosts.change(key, |host| {
        let unneeded = host.shared.as_ref().is_some_and(|shared| shared.connection.is_ready());
        // A connection that has ended was removed before it was added.
        if unneeded || id < host.first_usable || !connection.is_ready() {
            return Some(connection);
        }
        let mut shared = Shared { id, used: 1, since: Instant::now(), connection };
        for waiting in host.waiting.drain(..) {
            let Some(connection) = shared.connection.share() else { break };
            match waiting.send(Ok(Lease::reusing(pool, key, id, connection))) {
                Ok(()) => {
                    shared.used += 1;
                    host.leased += 1;
                }
                // The call no longer waits.
                Err(Ok(undelivered)) => drop(undelivered.into_connection()),
                Err(Err(_)) => {}
            }
        }
        // The previous connection is closed.
        host.shared.replace(shared).map(|before| before.connection)
    });
    drop(hosts);
    drop(out);
}
