//! An exchange: a connection, a request over it, and the head of the response.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;

use super::body::Whole;
use super::failure;
use super::pool::{Lease, Pool};
use super::progress::Progress;
use crate::error::TransportError;

/// The head of a response, with the body to come and the connection that it comes over.
pub(super) type Answered = Result<(Response<Incoming>, Lease), TransportError>;

/// An exchange under way. Dropped, it closes its connection, unless others share that.
pub(super) type Exchange = Pin<Box<dyn Future<Output = Answered> + Send>>;

pub(super) fn exchange(pool: Arc<Pool>, request: Request<Bytes>, progress: Arc<Progress>) -> Exchange {
    progress.waiting();
    Box::pin(run(pool, request, progress))
}

async fn run(pool: Arc<Pool>, request: Request<Bytes>, progress: Arc<Progress>) -> Answered {
    let uri = request.uri().clone();
    let mut request = request.map(|data| Whole::new(data, Arc::clone(&progress)));
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
            // The connection had closed before it could take the request, which happens to those that were kept. Whoever opens
            // one does not try again, so this ends.
            Some(untouched) if lease.reused => {
                request = untouched;
                *request.uri_mut() = uri.clone();
            }
            Some(_) => return Err(failure::unsent(failed.into_error())),
            None => return Err(failure::unanswered(failed.into_error(), lease.is_http2(), &progress)),
        }
    }
}
