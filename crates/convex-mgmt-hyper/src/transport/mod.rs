//! [`HyperTransport`]: the bottom of the stack. A pool of HTTP connections, and the whole answer read under a limit.

mod body;
mod failure;
mod pool;

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
use hyper_util::client::legacy::{Builder, ResponseFuture};
use tower::Service;

use self::body::{Read, Whole};
use self::failure::unsent_or_broken;
use self::pool::Pool;
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
    pub(crate) fn new(builder: Builder, connector: Connector, limits: ResponseLimits) -> Self {
        Self { pool: Arc::new(Pool::new(builder, connector)), limits }
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
        let (generation, response) = self.pool.request(request.map(|body| Whole(Some(body))));
        HyperFuture { pool: Arc::clone(&self.pool), generation, limit, state: State::Head(response) }
    }
}

/// The future of [`HyperTransport`].
pub struct HyperFuture {
    pool: Arc<Pool>,
    generation: u64,
    limit: usize,
    state: State,
}

enum State {
    Head(ResponseFuture),
    Body { head: Option<Parts>, body: Incoming, read: Read },
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
                State::Head(response) => {
                    let (head, body) = ready!(Pin::new(response).poll(cx)).map_err(unsent_or_broken)?.into_parts();
                    // Who is behind the connection does not have the deployment. Another attempt over it would meet the same,
                    // and the pool cannot be told which of its connections it was.
                    if head.status == StatusCode::MISDIRECTED_REQUEST {
                        self.pool.leave(self.generation);
                    }
                    if body.size_hint().lower() > limit as u64 {
                        return Poll::Ready(Err(TransportError::response_too_large(limit)));
                    }
                    self.state = State::Body { head: Some(head), body, read: Read::default() };
                }
                State::Body { head, body, read } => {
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
                    return Poll::Ready(Ok(Response::from_parts(head, std::mem::take(read).whole())));
                }
            }
        }
    }
}
