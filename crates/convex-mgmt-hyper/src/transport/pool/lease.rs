//! [`Lease`]: the right to send one request over a connection.

use std::sync::Arc;

use http::{Request, Response};
#[cfg(feature = "http2")]
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;

use super::Pool;
use super::connection::Connection;
use super::key::Key;
use super::turn::{Turn, Unshared};
use crate::transport::body::FullBody;
use crate::transport::progress::Progress;

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
    pub(super) fn new(pool: &Arc<Pool>, key: &Key, id: u64, connection: Connection, reused: bool) -> Self {
        Self {
            pool: Arc::clone(pool),
            key: key.clone(),
            id,
            connection: Some(connection),
            reused,
            unshared: None,
            carries: None,
        }
    }

    /// Creates the lease of a new connection, for the call that opened it.
    pub(super) fn first(pool: &Arc<Pool>, key: &Key, id: u64, connection: Connection) -> Self {
        let unshared = connection.share().map(|connection| Unshared::new(pool, key, id, connection));
        let mut lease = Self::new(pool, key, id, connection, false);
        lease.unshared = unshared;
        lease
    }

    /// Keeps the turn until other calls can use the connection. For a connection that cannot be shared, the turn ends here.
    pub(super) fn keep(&mut self, turn: Turn) -> Option<Unshared> {
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

    /// Returns the connection alone, for a lease that was not delivered, while the pool is locked.
    pub(super) fn undo(mut self) -> Option<Connection> {
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
                    request.body_mut().ends_late();
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

    /// Removes the host's connections from the pool. Requests in flight keep theirs.
    pub(in crate::transport) fn leave(&self) {
        self.pool.leave(&self.key, self.id);
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
            runtime.spawn(async move {
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
            self.leave();
        }
        if let Some(connection) = self.connection.take() {
            self.pool.give_back(&self.key, self.id, connection);
        }
    }
}
