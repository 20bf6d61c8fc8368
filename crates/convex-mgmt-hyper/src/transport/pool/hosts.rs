//! [`Hosts`]: the connections of a pool by host, as plain data under the pool's lock.
//!
//! The caller drops what is taken out after it releases the lock: closing a connection may run code that takes the lock.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::connection::{Connection, Unopened};
use super::key::Key;
use crate::timer::LONGEST_WAIT;

/// The message to a call that waits for a connection: a lease, or the reason why opening one failed. A call that receives nothing
/// searches again.
pub(super) type Grant<L> = Result<L, Arc<Unopened>>;

/// The connections to one host from one runtime. `L` is the lease of a connection.
pub(super) struct Host<L> {
    /// Unused HTTP/1.1 connections, the most recently used at the back.
    pub(super) idle: VecDeque<Idle>,
    /// The HTTP/2 connection that all calls share.
    pub(super) shared: Option<Shared>,
    /// Calls that wait for a connection.
    pub(super) waiting: VecDeque<oneshot::Sender<Grant<L>>>,
    /// `true` while one call opens a connection on behalf of all, because it may be one that all share.
    pub(super) opening: bool,
    /// `true` once the host is known to speak HTTP/1.1, so that each call opens its own.
    pub(super) http1: bool,
    /// The number of leases.
    pub(super) leased: usize,
    /// Connections with a lower id are not used again.
    pub(super) first_usable: u64,
}

pub(super) struct Idle {
    pub(super) id: u64,
    pub(super) since: Instant,
    pub(super) connection: Connection,
}

pub(super) struct Shared {
    pub(super) id: u64,
    /// The number of calls that use it.
    pub(super) used: usize,
    /// The time of its last use.
    pub(super) since: Instant,
    pub(super) connection: Connection,
}

impl Shared {
    pub(super) fn is_idle(&self) -> bool {
        self.used == 0
    }
}

impl<L> Default for Host<L> {
    fn default() -> Self {
        Self {
            idle: VecDeque::new(),
            shared: None,
            waiting: VecDeque::new(),
            opening: false,
            http1: false,
            leased: 0,
            first_usable: 0,
        }
    }
}

impl<L> Host<L> {
    fn idle(&self) -> usize {
        self.idle.len() + usize::from(self.shared.as_ref().is_some_and(Shared::is_idle))
    }

    fn is_empty(&self) -> bool {
        self.leased == 0 && !self.opening && self.idle.is_empty() && self.shared.is_none() && self.waiting.is_empty()
    }

    /// Changes the host, and updates `total`, the number of idle connections of all hosts. Returns `true` if the host is now empty.
    fn counting<R>(&mut self, total: &mut usize, change: impl FnOnce(&mut Self) -> R) -> (R, bool) {
        let before = self.idle();
        let result = change(self);
        *total = (*total + self.idle()).saturating_sub(before);
        (result, self.is_empty())
    }

    /// Returns the times at which the idle connections were used.
    fn idle_since(&self) -> impl Iterator<Item = Instant> {
        let shared = self.shared.iter().filter(|shared| shared.is_idle()).map(|shared| shared.since);
        self.idle.iter().map(|idle| idle.since).chain(shared)
    }

    /// Returns the time at which the least recently used idle connection was used.
    fn oldest(&self) -> Option<Instant> {
        let shared = self.shared.as_ref().filter(|shared| shared.is_idle()).map(|shared| shared.since);
        self.idle.front().map(|idle| idle.since).into_iter().chain(shared).min()
    }

    /// Takes out the least recently used idle connection.
    fn take_oldest(&mut self) -> Option<Connection> {
        let oldest = self.oldest()?;
        if self.idle.front().is_some_and(|idle| idle.since == oldest) {
            return self.idle.pop_front().map(|idle| idle.connection);
        }
        self.shared.take().map(|shared| shared.connection)
    }

    /// Takes out the connections that have been idle since `time` or longer.
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

    /// Takes out all connections. `next` is the id of the next new connection, and those before it are not used again.
    pub(super) fn retire(&mut self, next: u64) -> Vec<Connection> {
        self.first_usable = next;
        let idle = self.idle.drain(..).map(|idle| idle.connection);
        idle.chain(self.shared.take().map(|shared| shared.connection)).collect()
    }
}

type Map<L> = HashMap<Key, Host<L>>;

// These are calls: each generic change of a host would contain a copy of the map's code.

#[inline(never)]
fn find<'a, L>(map: &'a mut Map<L>, key: &Key) -> Option<&'a mut Host<L>> {
    map.get_mut(key)
}

#[inline(never)]
fn add<'a, L>(map: &'a mut Map<L>, key: &Key) -> &'a mut Host<L> {
    map.entry(key.clone()).or_default()
}

#[inline(never)]
fn remove<L>(map: &mut Map<L>, key: &Key) {
    map.remove(key);
}

/// The hosts of a pool.
pub(super) struct Hosts<L> {
    map: Map<L>,
    /// The number of idle connections to all hosts together.
    idle: usize,
    /// Idle connections to close first if there are too many: some of the least recently used ones, the oldest at the back. Those
    /// that were used since then are skipped.
    oldest: Vec<(Instant, Key)>,
    next_id: u64,
    /// Ends the tasks that close expired connections when the pool is dropped. One for each runtime with such a task.
    pub(super) reapers: Vec<(runtime::Id, oneshot::Sender<Infallible>)>,
}

impl<L> Default for Hosts<L> {
    fn default() -> Self {
        Self { map: HashMap::new(), idle: 0, oldest: Vec::new(), next_id: 0, reapers: Vec::new() }
    }
}

impl<L> Hosts<L> {
    /// Returns an id that no connection has yet.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Returns the id for a new connection.
    pub(super) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// Changes a host. All changes are made here, so that the count is right and no empty host remains.
    pub(super) fn change<R>(&mut self, key: &Key, change: impl FnOnce(&mut Host<L>) -> R) -> R {
        let host = match find(&mut self.map, key) {
            Some(host) => host,
            None => add(&mut self.map, key),
        };
        let (result, is_empty) = host.counting(&mut self.idle, change);
        if is_empty {
            remove(&mut self.map, key);
        }
        result
    }

    /// Changes a host, if the pool knows it.
    pub(super) fn change_known<R>(&mut self, key: &Key, change: impl FnOnce(&mut Host<L>) -> R) -> Option<R> {
        let (result, is_empty) = find(&mut self.map, key)?.counting(&mut self.idle, change);
        if is_empty {
            remove(&mut self.map, key);
        }
        Some(result)
    }

    /// Takes out the least recently used connections, until `limit` or fewer are idle.
    pub(super) fn take_above(&mut self, limit: usize) -> Vec<Connection> {
        let mut out = Vec::new();
        while self.idle > limit {
            if self.oldest.is_empty() {
                self.find_oldest();
            }
            let Some((since, key)) = self.oldest.pop() else { break };
            if self.map.get(&key).and_then(Host::oldest) == Some(since) {
                out.extend(self.change(&key, Host::take_oldest));
            }
        }
        out
    }

    /// Finds the least recently used eighth of all idle connections. So one search serves many evictions.
    fn find_oldest(&mut self) {
        let times = |(key, host)| Host::idle_since(host).map(move |since| (since, key));
        let mut idle: Vec<(Instant, &Key)> = self.map.iter().flat_map(times).collect();
        idle.sort_unstable_by_key(|(since, _)| *since);
        idle.truncate(idle.len().div_ceil(8));
        self.oldest = idle.into_iter().rev().map(|(since, key)| (since, key.clone())).collect();
    }

    /// Takes out the connections of a runtime that have been idle for `timeout`. Returns them, and the time when the next one
    /// expires.
    pub(super) fn take_expired(
        &mut self,
        runtime: runtime::Id,
        timeout: Duration,
    ) -> (Vec<Connection>, Option<Instant>) {
        let mut out = Vec::new();
        if let Some(time) = Instant::now().checked_sub(timeout) {
            let here = |(key, host): (&Key, &Host<L>)| {
                let expired = key.runtime == runtime && host.oldest().is_some_and(|oldest| oldest <= time);
                expired.then(|| key.clone())
            };
            for key in self.map.iter().filter_map(here).collect::<Vec<_>>() {
                self.change(&key, |host| host.take_idle_since(time, &mut out));
            }
        }
        let rest = self.map.iter().filter(|(key, _)| key.runtime == runtime).filter_map(|(_, host)| host.oldest());
        // A time that is out of range is replaced by a distant one.
        let next =
            rest.min().map(|oldest| oldest.checked_add(timeout).unwrap_or_else(|| Instant::now() + LONGEST_WAIT));
        (out, next)
    }
}

#[cfg(test)]
impl<L> Hosts<L> {
    pub(super) fn hosts(&self) -> usize {
        self.map.len()
    }

    pub(super) fn leased(&self) -> usize {
        self.map.values().map(|host| host.leased).sum()
    }

    /// Counts the idle connections.
    pub(super) fn kept(&self) -> usize {
        self.map.values().map(Host::idle).sum()
    }

    /// Sets the time of the last use of each idle connection.
    pub(super) fn set_time(&mut self, time: Instant) {
        self.map.values_mut().flat_map(|host| &mut host.idle).for_each(|idle| idle.since = time);
    }

    /// Returns the count that the pool maintains.
    pub(super) fn counted(&self) -> usize {
        self.idle
    }
}
