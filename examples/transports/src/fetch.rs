//! A transport over a function of the host, such as `fetch` in WebAssembly: no sockets, and futures that are not `Send`.

use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use convex_mgmt::bytes::Bytes;
use convex_mgmt::http::{Request, Response};
use convex_mgmt::{Timer, Transport, TransportError, UnixMillis};

/// A future of the host, which stays on its thread.
pub type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// The functions that the host has to provide.
pub trait Host {
    /// Sends a request and reads the whole response, without following redirects: `fetch` and `Response.arrayBuffer`.
    fn fetch(&self, request: Request<Bytes>) -> LocalFuture<Result<Response<Bytes>, TransportError>>;

    /// Completes after a time: `setTimeout`, in parts if the time exceeds its limit of 24 days.
    fn sleep(&self, duration: Duration) -> LocalFuture<()>;

    /// Returns the time of a monotonic clock: `performance.now`.
    fn now(&self) -> Duration;

    /// Returns the time of the wall clock: `Date.now`.
    fn unix_time(&self) -> UnixMillis;

    /// Returns a random number from 0 to 1: `Math.random`.
    fn random(&self) -> f64;
}

/// The timer of a host.
#[derive(Clone)]
pub struct HostTimer(pub Rc<dyn Host>);

impl Timer for HostTimer {
    type Sleep = LocalFuture<()>;

    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> LocalFuture<()> {
        self.0.sleep(duration)
    }

    fn unix_time(&self) -> UnixMillis {
        self.0.unix_time()
    }

    fn jitter(&self) -> f64 {
        self.0.random()
    }
}

/// Creates a transport over a host. Pass it to `ClientBuilder::build_on`, together with [`HostTimer`].
pub fn transport(host: Rc<dyn Host>) -> impl Transport {
    tower::service_fn(move |request| host.fetch(request))
}
