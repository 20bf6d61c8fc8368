//! Shared parts of the tests and benchmarks: a made-up deployment, clients for it, and transports without a socket.

pub mod classes;
pub mod frames;
pub mod load;
pub mod local_runtime;
pub mod log;
pub mod operations;
pub mod routes;
pub mod script_server;
pub mod tls;
pub mod tunnel;

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use convex_mgmt::{Client, ClientBuilder, DeployKey, DeploymentApi, Endpoint, Sent, TransportError};
use convex_mgmt_fake::{ConnectionReset, Fake, FakeBuilder, FakeServer};
use http::{Request, Response};
use tower::Service;

/// The deployment's name.
pub const NAME: &str = "happy-animal-123";
/// A made-up admin key of the deployment.
pub const ADMIN_KEY: &str = "happy-animal-123|01c0ffee";
/// A made-up read-only key of the deployment.
pub const READ_ONLY_KEY: &str = "happy-animal-123|01decade";

/// A fake deployment that accepts both keys.
pub fn fake() -> FakeBuilder {
    Fake::builder(NAME).admin_key(ADMIN_KEY).read_only_key(READ_ONLY_KEY)
}

/// An endpoint with the admin key.
///
/// # Panics
/// If the URL is not the origin of an endpoint.
pub fn endpoint(url: &str) -> Endpoint<DeploymentApi> {
    let key = DeployKey::parse(ADMIN_KEY).expect("a made-up key");
    Endpoint::new(url, &key).expect("the URL of an endpoint")
}

/// A builder for a client of a listening fake.
pub fn client_of(running: &FakeServer) -> ClientBuilder<DeploymentApi> {
    Client::builder(endpoint(&running.url()))
}

/// The future of [`Script`].
pub type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send>>;

/// The reaction of a [`Script`] to one request.
#[derive(Debug)]
pub enum Step {
    /// Responds with this status and body.
    Status(u16, &'static str),
    /// Responds with this response.
    Respond(Response<Bytes>),
    /// Fails with this error.
    Fail(TransportError),
    /// Never responds.
    Hang,
}

/// A transport that follows a script, one step per request, and records the requests. A request after the last step fails.
#[derive(Clone, Default)]
pub struct Script(Arc<Inner>);

#[derive(Default)]
struct Inner {
    steps: Mutex<VecDeque<Step>>,
    requests: Mutex<Vec<Request<Bytes>>>,
}

impl Script {
    /// Creates a script of these steps.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self(Arc::new(Inner { steps: Mutex::new(steps.into_iter().collect()), requests: Mutex::default() }))
    }

    /// The requests so far.
    pub fn requests(&self) -> MutexGuard<'_, Vec<Request<Bytes>>> {
        lock(&self.0.requests)
    }

    /// The number of remaining steps.
    pub fn remaining(&self) -> usize {
        lock(&self.0.steps).len()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("remaining", &self.remaining()).finish_non_exhaustive()
    }
}

impl Service<Request<Bytes>> for Script {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> ResponseFuture {
        self.requests().push(request);
        let step = lock(&self.0.steps).pop_front();
        Box::pin(async move {
            match step {
                Some(Step::Status(status, body)) => {
                    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
                    if let Ok(status) = status.try_into() {
                        *response.status_mut() = status;
                    }
                    Ok(response)
                }
                Some(Step::Respond(response)) => Ok(response),
                Some(Step::Fail(error)) => Err(error),
                Some(Step::Hang) => std::future::pending().await,
                None => Err(TransportError::tls("the script has ended")),
            }
        })
    }
}

/// A step that fails like a connection reset.
pub fn reset() -> Step {
    Step::Fail(TransportError::connection(Sent::Maybe, ConnectionReset))
}

/// A step that fails like a refused connection.
pub fn refused() -> Step {
    Step::Fail(TransportError::connect("connection refused"))
}
