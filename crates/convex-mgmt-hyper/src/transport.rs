//! [`HyperTransport`]: the bottom of the stack. A pool of HTTP connections, and the whole answer read under a limit.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use convex_mgmt_proto::{OperationMeta, Sent};
use http::response::Parts;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Builder, Client, ResponseFuture};
use tower::Service;

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

/// The connections, and how to begin anew with none.
struct Pool {
    builder: Builder,
    connector: Connector,
    /// Counted, so that answers to requests that went out together begin anew once.
    current: RwLock<(u64, Client<Connector, Whole>)>,
}

impl Pool {
    fn request(&self, request: Request<Whole>) -> (u64, ResponseFuture) {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        (current.0, current.1.request(request))
    }

    /// Keeps no connection of this generation for later requests. Requests that are under way keep theirs.
    fn leave(&self, generation: u64) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.0 == generation {
            *current = (generation + 1, self.builder.build(self.connector.clone()));
        }
    }
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
        let current = RwLock::new((0, builder.build(connector.clone())));
        Self { pool: Arc::new(Pool { builder, connector, current }), limits }
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

/// The frames of a body. One alone, which is the rule, is passed on without copying it.
#[derive(Default)]
struct Read {
    first: Bytes,
    more: BytesMut,
}

impl Read {
    fn len(&self) -> usize {
        self.first.len() + self.more.len()
    }

    fn push(&mut self, data: Bytes) {
        if self.first.is_empty() && self.more.is_empty() {
            self.first = data;
        } else {
            self.more.extend_from_slice(&std::mem::take(&mut self.first));
            self.more.extend_from_slice(&data);
        }
    }

    fn whole(self) -> Bytes {
        if self.more.is_empty() { self.first } else { self.more.freeze() }
    }
}

fn unsent_or_broken(error: hyper_util::client::legacy::Error) -> TransportError {
    if !error.is_connect() {
        return TransportError::broken(Sent::Maybe, error);
    }
    if is_tls(&error) { TransportError::tls(error) } else { TransportError::connect(error) }
}

/// Whether TLS itself refused, rather than the network below it. hyper wraps the reason more than once, and an `io::Error`
/// leaves the error it wraps out of its `source()`.
#[cfg(feature = "tls")]
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

#[cfg(not(feature = "tls"))]
fn is_tls(_error: &(dyn StdError + 'static)) -> bool {
    false
}

/// A request's body: one piece, known before.
#[derive(Debug)]
pub(crate) struct Whole(Option<Bytes>);

impl Body for Whole {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        let data = self.0.take().filter(|data| !data.is_empty());
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |data| data.len() as u64))
    }
}
