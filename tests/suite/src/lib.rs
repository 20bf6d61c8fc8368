//! What the tests and benchmarks share: a made-up deployment, clients of it, and services around it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use convex_mgmt::{Client, ClientBuilder, DeployKey, Deployment, Endpoint, Sent, TransportError};
use convex_mgmt_fake::{ConnectionReset, Fake, FakeBuilder, Running};
use http::{Request, Response};
use tower::Service;

/// The deployment's name.
pub const NAME: &str = "happy-animal-123";
/// Its admin key. Made up.
pub const ADMIN_KEY: &str = "happy-animal-123|01c0ffee";
/// A read-only key of it. Made up.
pub const READ_ONLY_KEY: &str = "happy-animal-123|01decade";

/// A deployment that knows both keys.
pub fn fake() -> FakeBuilder {
    Fake::builder(NAME).admin_key(ADMIN_KEY).read_only_key(READ_ONLY_KEY)
}

/// An endpoint with the admin key.
///
/// # Panics
/// If the URL is none of an endpoint.
#[allow(clippy::expect_used, reason = "for tests")]
pub fn endpoint(url: &str) -> Endpoint<Deployment> {
    let key = DeployKey::parse(ADMIN_KEY).expect("a made-up key");
    Endpoint::new(url, &key).expect("the URL of an endpoint")
}

/// A builder for a client of a fake that listens.
pub fn client_of(running: &Running) -> ClientBuilder<Deployment> {
    Client::builder(endpoint(&running.url()))
}

/// A fake as a transport, without a socket: a reset counts as "maybe sent".
#[derive(Clone, Debug)]
pub struct InProcess(pub Fake);

impl Service<Request<Bytes>> for InProcess {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(
            async move { answer.await.map_err(|ConnectionReset| TransportError::broken(Sent::Maybe, ConnectionReset)) },
        )
    }
}

/// Counts allocations made through it.
#[derive(Debug)]
pub struct Counter(AtomicUsize);

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}

impl Counter {
    /// Starts at 0.
    pub const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// How many were counted so far.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
