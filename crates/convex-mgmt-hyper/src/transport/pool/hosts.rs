//! [`Hosts`]: what a pool keeps for each host, as plain data under the pool's lock.
//!
//! What is taken out is handed to the caller, who drops it after the lock: closing a connection may run code that wants it.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::uri::{Authority, Scheme};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Connection, Lease, Unopened};
use crate::transport::timer::MOST;

/// Whose connections these are. A connection belongs to the runtime that drives it: another one could wait for it for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) runtime: runtime::Id,
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
}

impl Key {
    pub(super) fn uri(&self) -> Result<Uri, http::Error> {
        Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query("/").build()
    }
}

/// What is told to a call that waits for a connection. If nothing is, it has to look again.
pub(super) type Grant = Result<Lease, Arc<Unopened>>;

/// The connections to one host from one runtime.
#[derive(Default)]
pub(super) struct Host {
    /// HTTP/1.1 connections that nothing uses, the one that was used last at the back.
    pub(super) idle: VecDeque<Idle>,
    /// The HTTP/2 connection that all calls share.
    pub(super) shared: Option<Shared>,
    /// Calls that wait for a connection.
    pub(super) waiting: VecDeque<oneshot::Sender<Grant>>,
    /// `true` while one call opens a connection on behalf of all, because it may be one that all share.
    pub(super) opening: bool,
    /// `true` once the host is known to speak HTTP/1.1, so that each call opens its own.
    pub(super) http1: bool,
    /// How many leases there are.
    pub(super) leased: usize,
    /// Connections with a lower id are not used again.
    pub(super) left: u64,
}

pub(super) struct Idle {
    pub(super) id: u64,
    pub(super) since: Instant,
    pub(super) connection: Connection,
}

pub(super) struct Shared {
    pub(super) id: u64,
    /// How many calls use it.
    pub(super) used: usize,
    /// When it was used last.
    pub(super) since: Instant,
    pub(super) connection: Connection,
}

impl Shared {
    pub(super) fn is_idle(&self) -> bool {
        self.used == 0
    }
}

impl Host {
    fn idle(&self) -> usize {
        self.idle.len() + usize::from(self.shared.as_ref().is_some_and(Shared::is_idle))
    }

    fn is_empty(&self) -> bool {
        self.leased == 0 && !self.opening && self.idle.is_empty() && self.shared.is_none() && self.waiting.is_empty()
    }

    /// The idle connection that was used least recently, by the time of that.
    fn oldest(&self) -> Option<Instant> {
        let shared = self.shared.as_ref().filter(|shared| shared.is_idle()).map(|shared| shared.since);
        self.idle.front().map(|idle| idle.since).into_iter().chain(shared).min()
    }

    /// Takes out the idle connection that was used least recently.
    fn take_oldest(&mut self) -> Option<Connection> {
        let oldest = self.oldest()?;
        if self.idle.front().is_some_and(|idle| idle.since == oldest) {
            return self.idle.pop_front().map(|idle| idle.connection);
        }
        self.shared.take().map(|shared| shared.connection)
    }

    /// Takes out the connections that have been idle since that time or longer.
    fn take_idle_since(&mut self, time: Instant, out: &mut Vec<Connection>) {
        while self.oldest().is_some_and(|oldest| oldest <= time) {
            out.extend(self.take_oldest());
        }
    }

    /// Takes out the connection with this id, if it is here.
    pub(super) fn take(&mut self, id: u64) -> Option<Connection> {
        if self.shared.as_ref().is_some_and(|shared| shared.id == id) {
            return self.shared.take().map(|shared| shared.connection);
        }
        let place = self.idle.iter().position(|idle| idle.id == id)?;
        self.idle.remove(place).map(|idle| idle.connection)
    }

    /// Takes out all connections. `next` is an id that no connection has yet.
    pub(super) fn leave(&mut self, next: u64) -> Vec<Connection> {
        self.left = next;
        let idle = self.idle.drain(..).map(|idle| idle.connection);
        idle.chain(self.shared.take().map(|shared| shared.connection)).collect()
    }
}

/// All hosts of a pool.
#[derive(Default)]
pub(super) struct Hosts {
    map: HashMap<Key, Host>,
    /// How many connections are idle, all hosts together.
    idle: usize,
    next_id: u64,
    /// Tells the task that closes what was idle for too long that the pool is gone: one for each runtime that has such a task.
    pub(super) reapers: HashMap<runtime::Id, oneshot::Sender<Infallible>>,
}

impl Hosts {
    /// An id that no connection has yet.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id
    }

    /// An id for a new connection.
    pub(super) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// Changes a host. All changes go through here, so that the count is right and no empty host stays.
    pub(super) fn change<R>(&mut self, key: &Key, change: impl FnOnce(&mut Host) -> R) -> R {
        let host = match self.map.get_mut(key) {
            Some(host) => host,
            None => self.map.entry(key.clone()).or_default(),
        };
        let before = host.idle();
        let result = change(host);
        self.idle = (self.idle + host.idle()).saturating_sub(before);
        if host.is_empty() {
            self.map.remove(key);
        }
        result
    }

    /// The same for a host that may be gone.
    pub(super) fn change_known<R>(&mut self, key: &Key, change: impl FnOnce(&mut Host) -> R) -> Option<R> {
        self.map.contains_key(key).then(|| self.change(key, change))
    }

    /// Takes out the connections that were used least recently, until no more than this are idle.
    pub(super) fn take_above(&mut self, limit: usize) -> Vec<Connection> {
        let mut out = Vec::new();
        while self.idle > limit {
            let oldest =
                self.map.iter().filter_map(|(key, host)| Some((host.oldest()?, key))).min_by_key(|(time, _)| *time);
            let Some(key) = oldest.map(|(_, key)| key.clone()) else { break };
            out.extend(self.change(&key, Host::take_oldest));
        }
        out
    }

    /// Takes out what has been idle on a runtime for so long, and says when the next ones will have been.
    pub(super) fn take_expired(
        &mut self,
        runtime: runtime::Id,
        timeout: Duration,
    ) -> (Vec<Connection>, Option<Instant>) {
        let mut out = Vec::new();
        if let Some(time) = Instant::now().checked_sub(timeout) {
            let here = |(key, host): (&Key, &Host)| {
                let expired = key.runtime == runtime && host.oldest().is_some_and(|oldest| oldest <= time);
                expired.then(|| key.clone())
            };
            for key in self.map.iter().filter_map(here).collect::<Vec<_>>() {
                self.change(&key, |host| host.take_idle_since(time, &mut out));
            }
        }
        let rest = self.map.iter().filter(|(key, _)| key.runtime == runtime).filter_map(|(_, host)| host.oldest());
        // A time that no clock reaches is as good as any that is far away.
        let next = rest.min().map(|oldest| oldest.checked_add(timeout).unwrap_or_else(|| Instant::now() + MOST));
        (out, next)
    }
}

#[cfg(test)]
impl Hosts {
    pub(super) fn hosts(&self) -> usize {
        self.map.len()
    }

    pub(super) fn leased(&self) -> usize {
        self.map.values().map(|host| host.leased).sum()
    }

    /// How many connections are idle, one by one.
    pub(super) fn kept(&self) -> usize {
        self.map.values().map(Host::idle).sum()
    }

    /// Makes this the time when each idle connection was used last.
    pub(super) fn set_time(&mut self, time: Instant) {
        self.map.values_mut().flat_map(|host| &mut host.idle).for_each(|idle| idle.since = time);
    }

    /// How many are idle as it was counted.
    pub(super) fn counted(&self) -> usize {
        self.idle
    }
}
