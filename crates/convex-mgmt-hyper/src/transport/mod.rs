//! [`HyperTransport`]: sends requests over pooled HTTP connections and reads whole responses under limits.

mod body;
mod exchange;
mod failure;
mod pool;
mod stall;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::OperationMeta;
use http::{Request, Response};
use tower::Service;

use self::body::BodyBuffer;
use self::exchange::Exchange;
use self::pool::Pool;
pub(crate) use self::pool::PoolSettings;
use crate::connect::Connector;
use crate::error::TransportError;

/// Sends a request over a pooled connection and reads the whole response. Clones share the pool.
///
/// The body is read inside the attempt, so a connection that breaks in the middle of it fails the attempt, which can be retried.
/// The attempt timeout applies to the head of the response, and then to each wait for more of its body.
///
/// [`ClientBuilder::build`](crate::ClientBuilder::build) creates one for the client;
/// [`ClientBuilder::build_transport`](crate::ClientBuilder::build_transport) creates one for a stack of your own, or for several
/// clients.
#[derive(Clone)]
pub struct HyperTransport {
    pool: Arc<Pool>,
    settings: TransportSettings,
}

/// The bounds of a [`HyperTransport`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct TransportSettings {
    pub(crate) limits: ResponseLimits,
    /// The longest wait for the head of a response, and then for more of its body.
    pub(crate) attempt_timeout: Option<Duration>,
}

/// The largest bodies of responses, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResponseLimits {
    pub(crate) usual: usize,
    /// For operations with large responses.
    pub(crate) large: usize,
}

impl ResponseLimits {
    fn of<B>(self, request: &Request<B>) -> usize {
        let operation = request.extensions().get::<&'static OperationMeta>();
        if operation.is_some_and(|operation| operation.large_response) { self.large } else { self.usual }
    }
}

impl HyperTransport {
    pub(crate) fn new(connector: Connector, pool: PoolSettings, settings: TransportSettings) -> Self {
        Self { pool: Arc::new(Pool::new(connector, pool)), settings }
    }

    /// Returns a transport over the same pool with other bounds.
    pub(crate) fn with_settings(&self, settings: TransportSettings) -> Self {
        Self { pool: Arc::clone(&self.pool), settings }
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Service<Request<Bytes>> for HyperTransport {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = HyperTransportFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> HyperTransportFuture {
        let TransportSettings { limits, attempt_timeout } = self.settings;
        let body = BodyBuffer::new(limits.of(&request));
        let exchange = Exchange::new(Arc::clone(&self.pool), &request);
        HyperTransportFuture { running: Some(Box::pin(exchange.run(request, body, attempt_timeout))) }
    }
}

/// The future of [`HyperTransport`].
#[must_use = "futures do nothing unless polled"]
pub struct HyperTransportFuture {
    /// Boxed, because the layers above move their futures. `None` after its end.
    running: Option<Pin<Box<Running>>>,
}

type Running = dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send;

impl fmt::Debug for HyperTransportFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransportFuture").finish_non_exhaustive()
    }
}

impl Future for HyperTransportFuture {
    type Output = Result<Response<Bytes>, TransportError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(running) = &mut self.running else { return Poll::Pending };
        let result = ready!(running.as_mut().poll(cx));
        self.running = None;
        Poll::Ready(result)
    }
}
