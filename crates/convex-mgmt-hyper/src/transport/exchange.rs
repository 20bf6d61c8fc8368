//! [`Exchange`]: takes a connection, sends a request, and receives the response.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;

use super::body::{BodyBuffer, FullBody};
use super::failure;
use super::pool::{Lease, Pool};
use super::stall::StallTimer;
use crate::error::{TransportError, TransportErrorKind};
use crate::progress::Progress;

/// One exchange. When its future is dropped, its connection is closed, unless other calls share it.
pub(super) struct Exchange {
    pool: Arc<Pool>,
    progress: Arc<Progress>,
}

impl Exchange {
    /// Starts the exchange of a request.
    pub(super) fn new(pool: Arc<Pool>, request: &Request<Bytes>) -> Self {
        let progress = Progress::of_attempt(request);
        progress.accepted();
        Self { pool, progress }
    }

    /// Performs the exchange. `timeout` bounds the wait for the head of the response, and then each wait for more of its body.
    pub(super) async fn run(
        self,
        request: Request<Bytes>,
        mut buffer: BodyBuffer,
        timeout: Option<Duration>,
    ) -> Result<Response<Bytes>, TransportError> {
        let mut timer = pin!(StallTimer::new(timeout));
        let (response, lease) = {
            let mut head = pin!(self.head(request));
            self.within(timer.as_mut(), |cx| head.as_mut().poll(cx)).await??
        };
        let (head, mut body) = response.into_parts();
        // The server behind the connection does not host the deployment. Another attempt over it would fail alike,
        // and the host's other connections may lead to the same server.
        if head.status == StatusCode::MISDIRECTED_REQUEST {
            lease.retire();
        }
        buffer.expect(&body.size_hint())?;
        timer.as_mut().restart();
        while let Some(frame) = self.within(timer.as_mut(), |cx| Pin::new(&mut body).poll_frame(cx)).await? {
            let Ok(data) = frame.map_err(failure::broken)?.into_data() else { continue };
            if !data.is_empty() {
                timer.as_mut().restart();
            }
            buffer.push(data)?;
        }
        lease.finish();
        Ok(Response::from_parts(head, buffer.take()))
    }

    /// Sends the request and receives the head of the response. The body is still unread.
    pub(super) async fn head(&self, request: Request<Bytes>) -> Result<(Response<Incoming>, Lease), TransportError> {
        let uri = request.uri().clone();
        let mut request = request.map(|data| FullBody::new(data, Arc::clone(&self.progress)));
        loop {
            let mut lease = self.pool.lease(&uri).await.map_err(|why| failure::unopened(&uri, why))?;
            let mut failed = match lease.send(request).await {
                Ok(response) => return Ok((response, lease)),
                Err(failed) => failed,
            };
            let mut untouched = failed.take_message();
            if let Some(request) = &mut untouched {
                request.body_mut().returned();
            }
            match untouched {
                // A pooled connection was closed by the peer before it took the request. A call that opened its own connection does
                // not retry here, so the loop ends.
                Some(untouched) if lease.reused => {
                    request = untouched;
                    *request.uri_mut() = uri.clone();
                }
                Some(_) => return Err(failure::unsent(failed.into_error())),
                None => return Err(failure::no_response(failed.into_error(), lease.is_http2(), &self.progress)),
            }
        }
    }

    /// Waits for `poll`, until the timer elapses.
    async fn within<T>(
        &self,
        mut timer: Pin<&mut StallTimer>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Result<T, TransportError> {
        poll_fn(|cx| {
            if let Poll::Ready(value) = poll(cx) {
                return Poll::Ready(Ok(value));
            }
            ready!(timer.as_mut().poll(cx));
            // The caller drops the exchange, which closes the connection. A shared one is not used again either: it may be dead.
            let sent = self.progress.stall();
            Poll::Ready(Err(TransportError::timeout(TransportErrorKind::AttemptTimeout, sent)))
        })
        .await
    }
}
