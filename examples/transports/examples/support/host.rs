//! A host of the transport `fetch` without a browser: threads with blocking sockets, and the timers of async-io.

use std::rc::Rc;
use std::thread;
use std::time::Duration;

use convex_mgmt::bytes::Bytes;
use convex_mgmt::http::{Request, Response};
use convex_mgmt::{Sent, Timer, TransportError, UnixMillis};
use convex_mgmt_transports::fetch::{Host, LocalFuture};
use convex_mgmt_transports::smol::SmolTimer;
use tokio::sync::oneshot;

/// Sends each request on a thread of its own, so that the thread of the client has no socket.
pub(crate) struct ThreadHost {
    agent: ureq::Agent,
    /// Not `Send`, as the values of a browser are.
    calls: Rc<()>,
}

impl ThreadHost {
    pub(crate) fn new() -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        Self { agent: config.build().into(), calls: Rc::new(()) }
    }
}

impl Host for ThreadHost {
    fn fetch(&self, request: Request<Bytes>) -> LocalFuture<Result<Response<Bytes>, TransportError>> {
        let (agent, call) = (self.agent.clone(), Rc::clone(&self.calls));
        let (sender, receiver) = oneshot::channel();
        let work = thread::Builder::new().spawn(move || drop(sender.send(fetch(&agent, request))));
        Box::pin(async move {
            work.map_err(|error| TransportError::connection(Sent::No, error))?;
            let result = receiver.await.map_err(|error| TransportError::connection(Sent::Maybe, error))?;
            drop(call);
            result
        })
    }

    fn sleep(&self, duration: Duration) -> LocalFuture<()> {
        SmolTimer.sleep(duration)
    }

    fn now(&self) -> Duration {
        SmolTimer.now()
    }

    fn unix_time(&self) -> UnixMillis {
        SmolTimer.unix_time()
    }

    fn random(&self) -> f64 {
        SmolTimer.jitter()
    }
}

fn fetch(agent: &ureq::Agent, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
    let failed = |error| match error {
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            TransportError::connect(error)
        }
        error => TransportError::connection(Sent::Maybe, error),
    };
    let (parts, mut body) = agent.run(request.map(Vec::from)).map_err(failed)?.into_parts();
    let body = body.with_config().limit(256 << 20).read_to_vec().map_err(failed)?;
    Ok(Response::from_parts(parts, body.into()))
}
