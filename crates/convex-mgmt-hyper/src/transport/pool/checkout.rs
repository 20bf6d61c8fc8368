//! Finds a connection for a call: a free one, or the first one to be free or opened.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use http::Uri;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::connection::Unopened;
use super::hosts::Grant;
use super::key::Key;
use super::lease::{Lease, Pool};
use super::open;
use super::task;
use super::turn::Turn;

/// The result of the search for a connection.
enum Place {
    /// A free connection.
    Free(Lease),
    /// No connection, and the turn to open one on behalf of all calls.
    Open(Turn<Lease>),
    /// No connection. The call receives one here. Meanwhile it opens one itself, unless another call does so for all.
    Wait { receiver: oneshot::Receiver<Grant<Lease>>, opens: bool },
}

impl Pool {
    /// Returns a connection to the host of this URL: one that is free, or the first to be free or opened.
    ///
    /// Over HTTP/1.1 each call without a free connection opens one. Where HTTP/2 may be negotiated, one call opens it for all.
    pub(in crate::transport) async fn lease(self: &Arc<Self>, uri: &Uri) -> Result<Lease, Arc<Unopened>> {
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
                    return Place::Free(Lease::reusing(self, key, shared.id, connection));
                }
                out.extend(host.shared.take().map(|shared| shared.connection));
            }
            while let Some(idle) = host.idle.pop_back() {
                if idle.connection.is_ready() && !expired(idle.since) {
                    host.leased += 1;
                    return Place::Free(Lease::reusing(self, key, idle.id, idle.connection));
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
}

/// A call that waits for a connection.
struct Waiting<'a> {
    pool: &'a Arc<Pool>,
    key: &'a Key,
    receiver: oneshot::Receiver<Grant<Lease>>,
}

impl Waiting<'_> {
    /// Returns the connection or the failure that the call receives. `None` if it has to search again.
    async fn granted(mut self, opens: bool) -> Option<Grant<Lease>> {
        if !opens {
            return (&mut self.receiver).await.ok();
        }
        let mut opening = open::open(Arc::clone(self.pool), self.key.clone());
        let granted = poll_fn(|cx| {
            if let Poll::Ready(granted) = Pin::new(&mut self.receiver).poll(cx) {
                return Poll::Ready(Err(granted.ok()));
            }
            opening.as_mut().poll(cx).map(Ok)
        });
        match granted.await {
            Ok(opened) => Some(opened),
            Err(granted) => {
                // Another connection was free first. The new one is for later calls.
                task::spawn(&Handle::current(), async move { drop(opening.await) });
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
