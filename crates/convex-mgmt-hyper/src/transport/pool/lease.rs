//! [`Lease`]: the right to send one request over a connection.

use std::sync::Arc;

use http::uri::{Parts, Scheme, Uri};
use http::{HeaderValue, Request, Response, header};
#[cfg(feature = "http2")]
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};

use super::hosts::Key;
use super::open::{Turn, Unshared};
use super::{Pool, Progress};
use crate::transport::body::Whole;

/// The sending half of a connection.
pub(super) enum Connection {
    Http1(http1::SendRequest<Whole>),
    #[cfg(feature = "http2")]
    Http2(hyper::client::conn::http2::SendRequest<Whole>),
}

impl Connection {
    pub(super) fn is_http2(&self) -> bool {
        !matches!(self, Self::Http1(_))
    }

    /// `true` if a request may be sent now.
    pub(super) fn is_ready(&self) -> bool {
        match self {
            Self::Http1(connection) => connection.is_ready(),
            #[cfg(feature = "http2")]
            Self::Http2(connection) => connection.is_ready(),
        }
    }

    async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::Http1(connection) => connection.ready().await,
            #[cfg(feature = "http2")]
            Self::Http2(connection) => connection.ready().await,
        }
    }
}

/// The right to send one request over a connection. Dropped, it gives the connection back, if that can be used again.
pub(in crate::transport) struct Lease {
    pool: Arc<Pool>,
    key: Key,
    id: u64,
    connection: Option<Connection>,
    /// `true` if the connection was there before the call needed it.
    pub(in crate::transport) reused: bool,
    /// A new connection that calls can share, before they do.
    unshared: Option<Unshared>,
    /// The attempt that the connection carries. If its time runs out before all is there, a connection that others share is
    /// not used again: it may be dead.
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

    /// The lease of a new connection, for the call that opened it.
    pub(super) fn first(pool: &Arc<Pool>, key: &Key, id: u64, connection: Connection) -> Self {
        let unshared = connection.share().map(|connection| Unshared::new(pool, key, id, connection));
        let mut lease = Self::new(pool, key, id, connection, false);
        lease.unshared = unshared;
        lease
    }

    /// Keeps the turn until others can use the connection too; a connection that nobody can share ends it here.
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

    /// The connection alone, where nobody took the lease and the pool is locked.
    pub(super) fn undo(mut self) -> Option<Connection> {
        self.connection.take()
    }

    pub(in crate::transport) fn is_http2(&self) -> bool {
        self.connection.as_ref().is_some_and(Connection::is_http2)
    }

    /// Sends the request of an attempt, and waits for the head of the response.
    pub(in crate::transport) async fn send(
        &mut self,
        mut request: Request<Whole>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Whole>>> {
        match &mut self.connection {
            // Of an attempt whose time has run out nothing is sent. Whoever knows that drops this.
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
                // Such a request ends with its head.
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

    /// Keeps none of the host's connections for later requests. Requests that are under way keep theirs.
    pub(in crate::transport) fn leave(&self) {
        self.pool.leave(&self.key, self.id);
    }

    /// Says that the whole response is there. The connection goes back as soon as it can take another request.
    pub(in crate::transport) fn finish(mut self) {
        self.carries = None;
        let Some(connection) = &self.connection else { return };
        // As a rule the connection's task has seen the end together with the head.
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

impl Key {
    /// Addresses a request as HTTP/1.1 wants it: the host in a header, and the path alone in the first line.
    fn address(&self, request: &mut Request<Whole>) {
        if !request.headers().contains_key(header::HOST) {
            let default_port = if self.scheme == Scheme::HTTPS { 443 } else { 80 };
            let host = match self.authority.port_u16() {
                Some(port) if port != default_port => {
                    HeaderValue::try_from(format!("{}:{port}", self.authority.host()))
                }
                _ => HeaderValue::from_str(self.authority.host()),
            };
            // A host is visible ASCII.
            if let Ok(host) = host {
                request.headers_mut().insert(header::HOST, host);
            }
        }
        let mut parts = Parts::default();
        parts.path_and_query = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    }
}
