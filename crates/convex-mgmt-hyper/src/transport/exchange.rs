//! An exchange: takes a connection, sends a request, and receives the head of the response.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;

use super::body::FullBody;
use super::failure;
use super::pool::{Lease, Pool};
use crate::error::TransportError;
use crate::progress::Progress;

/// The head of a response, with its body still unread, and its connection.
pub(super) type Received = Result<(Response<Incoming>, Lease), TransportError>;

/// An exchange in flight. When it is dropped, its connection is closed, unless other calls share it.
pub(super) type Exchange = Pin<Box<dyn Future<Output = Received> + Send>>;

/// Starts an exchange. It does nothing before it is polled.
pub(super) fn exchange(pool: Arc<Pool>, request: Request<Bytes>, progress: Arc<Progress>) -> Exchange {
    progress.accepted();
    Box::pin(run(pool, request, progress))
}

async fn run(pool: Arc<Pool>, request: Request<Bytes>, progress: Arc<Progress>) -> Received {
    let uri = request.uri().clone();
    let mut request = request.map(|data| FullBody::new(data, Arc::clone(&progress)));
    loop {
        let mut lease = pool.lease(&uri).await.map_err(|why| failure::unopened(&uri, why))?;
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
            None => return Err(failure::no_response(failed.into_error(), lease.is_http2(), &progress)),
        }
    }
}
