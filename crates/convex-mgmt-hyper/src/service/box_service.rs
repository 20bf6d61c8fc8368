//! [`BoxService`]: a service of any type behind one type.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower::Service;

use super::Transport;
use crate::error::TransportError;

type BoxFuture = Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send>>;

/// The service of a [`BoxClient`](crate::BoxClient): hides the type of another service. Clones share that service.
///
/// A call costs one more allocation.
#[derive(Clone)]
pub struct BoxService(Arc<dyn Call>);

impl BoxService {
    /// Hides the type of `service`. The service does not need to be `Sync`: each call takes a clone of it under a lock.
    pub fn new<S>(service: S) -> Self
    where
        S: Transport + Send + 'static,
        S::Future: Send,
    {
        Self(Arc::new(Mutex::new(service)))
    }
}

impl fmt::Debug for BoxService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxService").finish_non_exhaustive()
    }
}

impl Service<Request<Bytes>> for BoxService {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = BoxFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> BoxFuture {
        self.0.call(request)
    }
}

trait Call: Send + Sync {
    fn call(&self, request: Request<Bytes>) -> BoxFuture;
}

impl<S> Call for Mutex<S>
where
    S: Transport + Send + 'static,
    S::Future: Send,
{
    fn call(&self, request: Request<Bytes>) -> BoxFuture {
        let mut service = self.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx)).await.map_err(TransportError::not_ready)?;
            service.call(request).await.map_err(TransportError::from_any)
        })
    }
}
