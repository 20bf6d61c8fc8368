//! [`Store`]: the hosts of a pool under one lock, and the means to open a connection.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1;

use super::hosts::Hosts;
use super::key::Key;
use crate::connect::Connector;

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

/// The data of a pool. `L` is the lease of a connection. It returns its connection to the store, so its module is above this one.
///
/// Nothing is spawned and no connection is dropped while the lock is held: both may run code that takes it.
pub(in crate::transport) struct Store<L> {
    pub(super) connector: Connector,
    pub(super) settings: PoolSettings,
    hosts: Mutex<Hosts<L>>,
}

impl<L> Store<L> {
    pub(in crate::transport) fn new(connector: Connector, settings: PoolSettings) -> Self {
        Self { connector, settings, hosts: Mutex::default() }
    }

    /// Takes the lock.
    pub(super) fn hosts(&self) -> MutexGuard<'_, Hosts<L>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns `true` if calls to this host may share a connection, because HTTP/2 may be negotiated.
    #[cfg(feature = "http2")]
    pub(super) fn may_share(&self, key: &Key) -> bool {
        self.settings.http2.is_some() && self.connector.may_be_http2(&key.scheme)
    }

    #[cfg(not(feature = "http2"))]
    pub(super) fn may_share(&self, _key: &Key) -> bool {
        false
    }

    /// Removes one connection of a host, if it is in the pool.
    pub(super) fn remove(&self, key: &Key, id: u64) {
        let removed = self.hosts().change_known(key, |host| host.take(id));
        drop(removed);
    }

    /// Removes all connections of a host, unless that happened already after the connection `id` was opened.
    pub(super) fn retire(&self, key: &Key, id: u64) {
        let mut hosts = self.hosts();
        let next = hosts.next_id();
        let removed = hosts.change_known(key, |host| {
            let known = id >= host.first_usable || host.shared.as_ref().is_some_and(|shared| shared.id == id);
            if known { host.retire(next) } else { Vec::new() }
        });
        drop(hosts);
        drop(removed);
    }
}
