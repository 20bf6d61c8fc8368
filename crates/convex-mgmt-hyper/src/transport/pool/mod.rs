//! [`Pool`]: the connections of a transport, by runtime and host.
//!
//! `hosts.rs` holds idle connections, `lease.rs` uses one, and `open.rs` opens one; `turn.rs` lets one call open it for all.

mod connection;
mod hosts;
mod key;
mod lease;
mod open;
#[cfg(test)]
mod tests;
mod turn;

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use http::Uri;
use hyper::client::conn::http1;
use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use tokio::time::Instant;

use self::connection::Connection;
pub(super) use self::connection::Unopened;
use self::hosts::{Hosts, Idle, Shared};
use self::key::Key;
pub(super) use self::lease::Lease;
use self::turn::Turn;
use crate::connect::Connector;

/// The message to a call that waits for a connection. A call that receives nothing looks again.
type Grant = Result<Lease, Arc<Unopened>>;

/// The settings of a pool.
#[derive(Clone, Debug)]
pub(crate) struct PoolSettings {
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) max_idle_per_host: usize,
    /// The limit for all hosts together.
    pub(crate) max_idle: usize,
    pub(crate) http1: http1::Builder,
    #[cfg(feature = "http2")]
    pub(crate) http2: Option<hyper::client::conn::http2::Builder<hyper_util::rt::TokioExecutor>>,
}

/// The connections of a transport.
pub(super) struct Pool {
    connector: Connector,
    settings: PoolSettings,
    hosts: Mutex<Hosts<Grant>>,
}

/// The result of the search for a connection.
enum Place {
    /// A free connection.
    Free(Lease),
    /// No connection, and the turn to open one on behalf of all calls.
    Open(Turn),
    /// No connection. The call receives one here. Meanwhile it opens one itself, unless another call does so for all.
    Wait { receiver: oneshot::Receiver<Grant>, opens: bool },
}

impl Pool {
    pub(super) fn new(connector: Connector, settings: PoolSettings) -> Self {
        Self { connector, settings, hosts: Mutex::default() }
    }

    /// Returns a connection to the host of this URL: one that is free, or the first to be free or opened.
    ///
    /// Over HTTP/1.1 each call without a free connection opens one. Where HTTP/2 may be negotiated, one call opens it for all.
    pub(super) async fn lease(self: &Arc<Self>, uri: &Uri) -> Result<Lease, Arc<Unopened>> {
        let (Some(scheme), Some(authority), Ok(runtime)) = (uri.scheme(), uri.authority(), Handle::try_current())
        else {
            return Err(Arc::new(Unopened::Connect("the URL has no host, or there is no tokio runtime".into())));
        };
        let key = Key { runtime: runtime.id(), scheme: scheme.clone(), authority: authority.clone() };
        loop {
            // Boxed, because these futures are large and seldom needed.
            let granted = match self.place(&key) {
                Place::Free(lease) => return Ok(lease),
                Place::Open(turn) => return Box::pin(open::open_for_all(turn)).await,
                Place::Wait { receiver, opens } => {
                    Box::pin(Waiting { pool: self, key: &key, receiver }.granted(opens)).await
                }
            };
            if let Some(granted) = granted {
                return granted;
            }
        }
    }

    fn place(self: &Arc<Self>, key: &Key) -> Place {
        let timeout = self.settings.idle_timeout;
        let expired = |since: Instant| timeout.is_some_and(|timeout| since.elapsed() >= timeout);
        let may_share = self.may_share(key);
        let mut out = Vec::new();
        let mut hosts = self.hosts();
        let place = hosts.change(key, |host| {
            if let Some(shared) = &mut host.shared {
                let unused = shared.is_idle() && expired(shared.since);
                if let Some(connection) = shared.connection.share().filter(|one| one.is_ready() && !unused) {
                    shared.used += 1;
                    host.leased += 1;
                    return Place::Free(Lease::new(self, key, shared.id, connection, true));
                }
                out.extend(host.shared.take().map(|shared| shared.connection));
            }
            while let Some(idle) = host.idle.pop_back() {
                if idle.connection.is_ready() && !expired(idle.since) {
                    host.leased += 1;
                    return Place::Free(Lease::new(self, key, idle.id, idle.connection, true));
                }
                out.push(idle.connection);
            }
            let opens = !may_share || host.http1;
            if !opens && !host.opening {
                host.opening = true;
                return Place::Open(Turn::new(self, key));
            }
            let (sender, receiver) = oneshot::channel();
            host.waiting.push_back(sender);
            Place::Wait { receiver, opens }
        });
        drop(hosts);
        drop(out);
        place
    }

    #[cfg(feature = "http2")]
    fn may_share(&self, key: &Key) -> bool {
        self.settings.http2.is_some() && self.connector.may_be_http2(&key.scheme)
    }

    #[cfg(not(feature = "http2"))]
    fn may_share(&self, _key: &Key) -> bool {
        false
    }

    /// Registers a new connection and returns the lease for the call that opened it.
    fn opened(self: &Arc<Self>, key: &Key, id: u64, connection: Connection) -> Lease {
        let is_http2 = connection.is_http2();
        self.hosts().change(key, |host| {
            host.leased += 1;
            host.http1 = !is_http2;
        });
        Lease::first(self, key, id, connection)
    }

    /// Adds a new connection that all calls can share. The call that opened it is its first user, and waiting calls receive it.
    fn publish(self: &Arc<Self>, key: &Key, id: u64, connection: Connection) {
        let mut hosts = self.hosts();
        let out = hosts.change(key, |host| {
            let unneeded = host.shared.as_ref().is_some_and(|shared| shared.connection.is_ready());
            // A connection that has ended was taken out before it was added.
            if unneeded || id < host.left || !connection.is_ready() {
                return Some(connection);
            }
            let mut shared = Shared { id, used: 1, since: Instant::now(), connection };
            for waiting in host.waiting.drain(..) {
                let Some(connection) = shared.connection.share() else { break };
                match waiting.send(Ok(Lease::new(self, key, id, connection, true))) {
                    Ok(()) => {
                        shared.used += 1;
                        host.leased += 1;
                    }
                    // The call no longer waits.
                    Err(Ok(unwanted)) => drop(unwanted.undo()),
                    Err(Err(_)) => {}
                }
            }
            // The previous connection is closed.
            host.shared.replace(shared).map(|before| before.connection)
        });
        drop(hosts);
        drop(out);
    }

    /// Takes a connection back, for a waiting call or for later ones.
    fn give_back(self: &Arc<Self>, key: &Key, id: u64, connection: Connection) {
        let PoolSettings { max_idle_per_host, max_idle, .. } = self.settings;
        let mut out = Vec::new();
        let mut hosts = self.hosts();
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
            if id < host.left || !connection.is_ready() {
                return out.push(connection);
            }
            let mut connection = Some(connection);
            while let Some(free) = connection.take() {
                let Some(waiting) = host.waiting.pop_front() else {
                    host.idle.push_back(Idle { id, since: Instant::now(), connection: free });
                    break;
                };
                match waiting.send(Ok(Lease::new(self, key, id, free, true))) {
                    Ok(()) => host.leased += 1,
                    Err(Ok(lease)) => connection = lease.undo(),
                    Err(Err(_)) => {}
                }
            }
            if host.idle.len() > max_idle_per_host {
                out.extend(host.idle.pop_front().map(|idle| idle.connection));
            }
        });
        out.extend(hosts.take_above(max_idle));
        let reaper = self.reaper(&mut hosts, key.runtime);
        drop(hosts);
        drop(out);
        if let Some((runtime, reaping)) = reaper {
            runtime.spawn(reaping);
        }
    }

    /// Removes the host's connections, unless that happened already when the connection `id` was opened.
    fn leave(&self, key: &Key, id: u64) {
        let mut hosts = self.hosts();
        let next = hosts.next_id();
        let out = hosts.change_known(key, |host| {
            let known = id >= host.left || host.shared.as_ref().is_some_and(|shared| shared.id == id);
            if known { host.leave(next) } else { Vec::new() }
        });
        drop(hosts);
        drop(out);
    }

    /// Returns the task that closes expired connections of a runtime, if the runtime has none yet. It is spawned without the
    /// lock: a runtime that is ending drops it at once.
    fn reaper(
        self: &Arc<Self>,
        hosts: &mut Hosts<Grant>,
        runtime: runtime::Id,
    ) -> Option<(Handle, impl Future<Output = ()> + use<>)> {
        let timeout = self.settings.idle_timeout?;
        if hosts.reapers.contains_key(&runtime) {
            return None;
        }
        // A lease may be dropped on another runtime, or after its runtime has ended.
        let handle = Handle::try_current().ok().filter(|handle| handle.id() == runtime)?;
        let (alive, gone) = oneshot::channel();
        hosts.reapers.insert(runtime, alive);
        Some((handle, reap(Reaper { pool: Arc::downgrade(self), runtime }, timeout, gone)))
    }

    fn hosts(&self) -> MutexGuard<'_, Hosts<Grant>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that waits for a connection.
struct Waiting<'a> {
    pool: &'a Arc<Pool>,
    key: &'a Key,
    receiver: oneshot::Receiver<Grant>,
}

impl Waiting<'_> {
    /// Returns what the call is granted, or `None` if it has to look again.
    async fn granted(mut self, opens: bool) -> Option<Grant> {
        if !opens {
            return (&mut self.receiver).await.ok();
        }
        let mut opening = Box::pin(open::open(Arc::clone(self.pool), self.key.clone()));
        let granted = poll_fn(|cx| {
            if let Poll::Ready(granted) = Pin::new(&mut self.receiver).poll(cx) {
                return Poll::Ready(Err(granted.ok()));
            }
            opening.as_mut().poll(cx).map(Ok)
        });
        match granted.await {
            Ok(opened) => Some(opened),
            Err(granted) => {
                // Another connection was free first. The one that is being opened is for later calls.
                tokio::spawn(opening);
                granted
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.receiver.close();
        // A connection that is granted at this moment returns to the pool when the receiver is dropped, after this.
        self.pool.hosts().change_known(self.key, |host| host.waiting.retain(|waiting| !waiting.is_closed()));
    }
}

/// Closes the expired connections of a runtime.
struct Reaper {
    pool: Weak<Pool>,
    runtime: runtime::Id,
}

impl Drop for Reaper {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.hosts().reapers.remove(&self.runtime);
        }
    }
}

async fn reap(mut reaper: Reaper, timeout: Duration, mut gone: oneshot::Receiver<Infallible>) {
    let mut wait = timeout;
    while tokio::time::timeout(wait, &mut gone).await.is_err() {
        let Some(pool) = reaper.pool.upgrade() else { return };
        let mut hosts = pool.hosts();
        let (out, next) = hosts.take_expired(reaper.runtime, timeout);
        // Under the same lock, so that no connection is added in between and relies on a task that is about to end.
        let Some(next) = next else {
            hosts.reapers.remove(&reaper.runtime);
            drop(hosts);
            reaper.pool = Weak::new();
            return drop(out);
        };
        drop(hosts);
        drop(out);
        wait = next.saturating_duration_since(Instant::now());
    }
}
