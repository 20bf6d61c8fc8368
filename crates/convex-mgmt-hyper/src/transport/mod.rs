//! [`HyperTransport`]: the bottom of the stack. A pool of HTTP connections, and the whole answer read under a limit.

mod body;
mod exchange;
mod failure;
mod pool;
mod progress;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use convex_mgmt_proto::{OperationMeta, Sent};
use http::response::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use tower::Service;

use self::body::Read;
use self::exchange::{Exchange, exchange};
use self::pool::{Lease, Pool};
pub(crate) use self::pool::PoolSettings;
pub(crate) use self::progress::Progress;
use crate::connect::Connector;
use crate::error::TransportError;

/// Sends a request over a pooled connection and reads the answer whole. A clone shares the pool.
///
/// The body is read here, inside the attempt, so that a connection that breaks half-way is an attempt that failed and not
/// an answer that is lost later.
#[derive(Clone)]
pub struct HyperTransport {
    pool: Arc<Pool>,
    limits: ResponseLimits,
}

/// The largest bodies of answers, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResponseLimits {
    pub(crate) usual: usize,
    /// For operations that may have large ones.
    pub(crate) large: usize,
}

impl ResponseLimits {
    fn of<B>(self, request: &Request<B>) -> usize {
        let operation = request.extensions().get::<&'static OperationMeta>();
        if operation.is_some_and(|operation| operation.large_reply) { self.large } else { self.usual }
    }
}

impl HyperTransport {
    pub(crate) fn new(connector: Connector, pool: PoolSettings, limits: ResponseLimits) -> Self {
        Self { pool: Arc::new(Pool::new(connector, pool)), limits }
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Service<Request<Bytes>> for HyperTransport {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = HyperFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> HyperFuture {
        let limit = self.limits.of(&request);
        HyperFuture { limit, state: State::Head(exchange(Arc::clone(&self.pool), request)) }
    }
}

/// The future of [`HyperTransport`].
pub struct HyperFuture {
    limit: usize,
    state: State,
}

enum State {
    Head(Exchange),
    Body { head: Option<Parts>, body: Incoming, read: Read, lease: Option<Lease> },
}

impl fmt::Debug for HyperFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperFuture").finish_non_exhaustive()
    }
}

impl Future for HyperFuture {
    type Output = Result<Response<Bytes>, TransportError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let limit = self.limit;
        loop {
            match &mut self.state {
                State::Head(exchange) => {
                    let (response, lease) = ready!(exchange.as_mut().poll(cx))?;
                    let (head, body) = response.into_parts();
                    // Who is behind the connection does not have the deployment. Another attempt over it would meet the same,
                    // and the host's other connections may well lead to the same place.
                    if head.status == StatusCode::MISDIRECTED_REQUEST {
                        lease.leave();
                    }
                    if body.size_hint().lower() > limit as u64 {
                        return Poll::Ready(Err(TransportError::response_too_large(limit)));
                    }
                    self.state = State::Body { head: Some(head), body, read: Read::default(), lease: Some(lease) };
                }
                State::Body { head, body, read, lease } => {
                    while let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(cx)) {
                        let frame = frame.map_err(|error| TransportError::broken(Sent::Maybe, error))?;
                        let Ok(data) = frame.into_data() else { continue };
                        if read.len() + data.len() > limit {
                            return Poll::Ready(Err(TransportError::response_too_large(limit)));
                        }
                        read.push(data);
                    }
                    // Only a future that is polled after its end has no head left.
                    let Some(head) = head.take() else { return Poll::Pending };
                    if let Some(lease) = lease.take() {
                        lease.finish();
                    }
                    return Poll::Ready(Ok(Response::from_parts(head, std::mem::take(read).whole())));
                }
            }
        }
    }
}
