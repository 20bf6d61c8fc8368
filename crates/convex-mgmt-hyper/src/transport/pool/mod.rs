//! [`Pool`]: the connections of a transport, kept for each runtime and host, and bounded in all.
//!
//! `hosts.rs` is what is kept, `lease.rs` the use of a connection, `open.rs` a new one.

mod hosts;
mod lease;
mod open;
#[cfg(test)]
mod tests;

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

use self::hosts::{Grant, Hosts, Idle, Key, Shared};
use self::lease::Connection;
pub(super) use self::lease::Lease;
use self::open::Turn;
pub(super) use self::open::Unopened;
use super::progress::Progress;
use crate::connect::Connector;

/// What a pool does with its connections.
#[derive(Clone, Debug)]
pub(crate) struct PoolSettings {
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) max_idle_per_host: usize,
    /// The same for all hosts together.
    pub(crate) max_idle: usize,
    pub(crate) http1: http1::Builder,
    #[cfg(feature = "http2")]
    pub(crate) http2: Option<hyper::client::conn::http2::Builder<hyper_util::rt::TokioExecutor>>,
}

/// The connections.
pub(super) struct Pool {
    connector: Connector,
    settings: PoolSettings,
    hosts: Mutex<Hosts>,
}

/// What a call finds that needs a connection.
enum Place {
    /// A connection that it can use.
    Free(Lease),
    /// None, and the turn to open one on behalf of all calls.
    Open(Turn),
    /// None. It is told here of one, and opens one itself meanwhile unless another call does so for all.
    Wait { receiver: oneshot::Receiver<Grant>, opens: bool },
}

impl Pool {
    pub(super) fn new(connector: Connector, settings: PoolSettings) -> Self {
        Self { connector, settings, hosts: Mutex::default() }
    }

    /// A connection to the host of this URL: one that is free, or the first to be free or opened.
    ///
    /// Over HTTP/1.1 each call that finds none opens one. Where HTTP/2 may be agreed on, one call opens it for all.
    pub(super) async fn lease(self: &Arc<Self>, uri: &Uri) -> Result<Lease, Arc<Unopened>> {
        let (Some(scheme), Some(authority), Ok(runtime)) = (uri.scheme(), uri.authority(), Handle::try_current())
        else {
            return Err(Arc::new(Unopened::Connect("no host, or no runtime".into())));
        };
        let key = Key { runtime: runtime.id(), scheme: scheme.clone(), authority: authority.clone() };
        loop {
            // In boxes, because it is large and seldom needed.
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

    /// Takes note of a new connection, with a lease for whoever opened it.
    fn opened(self: &Arc<Self>, key: &Key, id: u64, connection: Connection) -> Lease {
        let is_http2 = connection.is_http2();
        self.hosts().change(key, |host| {
            host.leased += 1;
            host.http1 = !is_http2;
        });
        Lease::first(self, key, id, connection)
    }

    /// Takes a new connection in that all calls can share, with the call that opened it as its first user. Calls that wait get
    /// it, too.
    fn publish(self: &Arc<Self>, key: &Key, id: u64, connection: Connection) {
        let mut hosts = self.hosts();
        let out = hosts.change(key, |host| {
            let unneeded = host.shared.as_ref().is_some_and(|shared| shared.connection.is_ready());
            // One that has ended already took itself out before it came in.
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
                    // Nobody waits there any more.
                    Err(Ok(unwanted)) => drop(unwanted.undo()),
                    Err(Err(_)) => {}
                }
            }
            // One that was there before is closed.
            host.shared.replace(shared).map(|before| before.connection)
        });
        drop(hosts);
        drop(out);
    }

    /// Takes a connection back, for a call that waits or for later ones.
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

    /// Keeps no connection of the host for later requests, unless they were left already when this one was opened.
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

    /// What closes the connections of a runtime that nobody asks for any more, if nothing does so yet. It is spawned without the
    /// lock: a runtime that is ending drops it there and then.
    fn reaper(
        self: &Arc<Self>,
        hosts: &mut Hosts,
        runtime: runtime::Id,
    ) -> Option<(Handle, impl Future<Output = ()> + use<>)> {
        let timeout = self.settings.idle_timeout?;
        if hosts.reapers.contains_key(&runtime) {
            return None;
        }
        // A lease may be dropped elsewhere, or when its runtime has ended.
        let handle = Handle::try_current().ok().filter(|handle| handle.id() == runtime)?;
        let (alive, gone) = oneshot::channel();
        hosts.reapers.insert(runtime, alive);
        Some((handle, reap(Reaper { pool: Arc::downgrade(self), runtime }, timeout, gone)))
    }

    fn hosts(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// The same connection for one more call, if calls can share it.
    fn share(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            #[cfg(feature = "http2")]
            Self::Http2(connection) => Some(Self::Http2(connection.clone())),
        }
    }
}

/// A call that waits for a connection.
struct Waiting<'a> {
    pool: &'a Arc<Pool>,
    key: &'a Key,
    receiver: oneshot::Receiver<Grant>,
}

impl Waiting<'_> {
    /// What the call is granted; `None` if it has to look again.
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
                // Another call's connection was free before this one was open, which then is for later calls.
                tokio::spawn(opening);
                granted
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.receiver.close();
        // A connection that was granted at this moment goes back when the receiver is dropped, after this.
        self.pool.hosts().change_known(self.key, |host| host.waiting.retain(|waiting| !waiting.is_closed()));
    }
}

/// What closes the idle connections of a runtime in time.
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
        // Under the same lock, so that no connection can come in between and find a reaper that is about to end.
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
