//! [`HyperTransport`]: the bottom of the stack. A pool of HTTP connections, and the whole response read under limits.

mod body;
mod failure;
mod pool;
mod timer;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::{OperationMeta, Sent};
use http::response::Parts;
use http::{Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::client::legacy::{Builder, ResponseFuture};
use pin_project_lite::pin_project;
use tower::Service;

use self::body::{Read, Whole};
use self::failure::{broken, unsent_or_broken};
use self::pool::Pool;
use self::timer::Timer;
use crate::connect::Connector;
use crate::error::{TransportError, TransportErrorKind};

/// Sends a request over a pooled connection and reads the whole response. A clone shares the pool.
///
/// The body is read inside the attempt, so that a connection that breaks in the middle of it fails the attempt and can be
/// retried. The attempt timeout applies to the head of the response, and then to each wait for more of its body.
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
    /// `true` if connections may be HTTP/2, and so shared by concurrent requests.
    pub(crate) http2: bool,
}

/// The largest bodies of responses, in bytes.
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
    pub(crate) fn new(builder: Builder, connector: Connector, settings: TransportSettings) -> Self {
        Self { pool: Arc::new(Pool::new(builder, connector)), settings }
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
    type Future = HyperFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> HyperFuture {
        let TransportSettings { limits, attempt_timeout, http2 } = self.settings;
        let limit = limits.of(&request);
        let (generation, response) = self.pool.request(request.map(|body| Whole(Some(body))));
        let pool = Arc::clone(&self.pool);
        let state = State::Head(response);
        HyperFuture {
            response: Receiving { pool, generation, http2, progressed: false, read: Read::new(limit), state },
            timer: Timer::new(attempt_timeout),
        }
    }
}

pin_project! {
    /// The future of [`HyperTransport`].
    pub struct HyperFuture {
        response: Receiving,
        #[pin]
        timer: Timer,
    }
}

impl fmt::Debug for HyperFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperFuture").finish_non_exhaustive()
    }
}

impl Future for HyperFuture {
    type Output = Result<Response<Bytes>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(result) = this.response.poll(cx) {
            return Poll::Ready(result);
        }
        if std::mem::take(&mut this.response.progressed) {
            this.timer.as_mut().restart();
        }
        ready!(this.timer.poll(cx));
        // Dropping the exchange closes a connection of HTTP/1.1. One of HTTP/2 would be used again, and may be dead.
        if this.response.is_shared() {
            this.response.leave();
        }
        Poll::Ready(Err(TransportError::timeout(TransportErrorKind::AttemptTimeout, Sent::Maybe)))
    }
}

/// A response that is being received.
struct Receiving {
    pool: Arc<Pool>,
    generation: u64,
    /// Whether the connection may be HTTP/2, as long as there is no head that says so.
    http2: bool,
    /// Whether the head or bytes of the body have come since this was last reset.
    progressed: bool,
    read: Read,
    state: State,
}

enum State {
    Head(ResponseFuture),
    Body { head: Option<Parts>, body: Incoming },
}

impl Receiving {
    /// Whether other requests may use the connection at the same time.
    fn is_shared(&self) -> bool {
        match &self.state {
            State::Head(_) => self.http2,
            State::Body { head, .. } => head.as_ref().is_some_and(|head| head.version == Version::HTTP_2),
        }
    }

    /// Keeps the connection from being used again.
    fn leave(&self) {
        self.pool.leave(self.generation);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<Bytes>, TransportError>> {
        loop {
            match &mut self.state {
                State::Head(response) => {
                    let (head, body) = ready!(Pin::new(response).poll(cx)).map_err(unsent_or_broken)?.into_parts();
                    // Who is behind the connection does not have the deployment. Another attempt over it would meet the same,
                    // and the pool cannot be told which of its connections it was.
                    if head.status == StatusCode::MISDIRECTED_REQUEST {
                        self.leave();
                    }
                    self.read.expect(&body.size_hint())?;
                    self.state = State::Body { head: Some(head), body };
                    self.progressed = true;
                }
                State::Body { head, body } => {
                    while let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(cx)) {
                        let frame = frame.map_err(broken)?;
                        let Ok(data) = frame.into_data() else { continue };
                        self.progressed |= !data.is_empty();
                        self.read.push(data)?;
                    }
                    // Only a future that is polled after its end has no head left.
                    let Some(head) = head.take() else { return Poll::Pending };
                    return Poll::Ready(Ok(Response::from_parts(head, self.read.take())));
                }
            }
        }
    }
}
