//! [`Run`]: starts the server of each check and connects a client to it.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use convex_mgmt_proto::{DeployKey, DeploymentApi, Endpoint};

use super::caller::Caller;
use super::server::{LOOPBACK, RawServer};
use super::target::Target;
use crate::control::Fake;
use crate::server::FakeServer;
use crate::state::Plan;

/// The name and the key of each deployment. Made up.
const NAME: &str = "happy-animal-123";
pub(super) const KEY: &str = "happy-animal-123|01c0ffee";

/// The timeouts of the checks in which they must not expire, also on a busy machine.
const LONG: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(50));

/// The result of a check.
pub(super) type Checked = Result<(), End>;

/// The end of a check that did not pass.
pub(super) enum End {
    /// The check needs a socket, and the client has none.
    Skipped,
    /// The client or the server observed something else.
    Mismatch { expected: String, found: String },
    /// The server of the check could not be started.
    Server(io::Error),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Server(error)
    }
}

/// A run, with what the checks share.
pub(super) struct Run<F> {
    connect: F,
    /// `true` if the client does not use a socket.
    in_process: bool,
}

/// A deployment with a client of it.
pub(super) struct Session<C> {
    pub(super) client: C,
    pub(super) fake: Fake,
    pub(super) endpoint: Endpoint<DeploymentApi>,
    /// Listens until the end of the check.
    _server: Option<FakeServer>,
}

impl<F> Run<F> {
    pub(super) fn new(connect: F) -> Self {
        Self { connect, in_process: false }
    }
}

impl<C: Caller, F: FnMut(&Target) -> C> Run<F> {
    /// Starts a deployment, and connects a client with timeouts that do not expire.
    pub(super) fn session(&mut self) -> Result<Session<C>, End> {
        self.session_with(LONG)
    }

    /// Starts a deployment, and connects a client with these timeouts of an attempt and a call.
    pub(super) fn session_with(&mut self, timeouts: (Duration, Duration)) -> Result<Session<C>, End> {
        let fake = Fake::builder(NAME).admin_key(KEY).plan(Plan::default()).build();
        let server = fake.serve_in_background(LOOPBACK)?;
        let target = target(server.address(), timeouts, fake)?;
        let client = (self.connect)(&target);
        self.in_process = target.in_process.get();
        Ok(Session { client, fake: target.fake, endpoint: target.endpoint, _server: Some(server) })
    }

    /// Starts a server with one response, and connects a client to it.
    pub(super) fn raw_session(&mut self, response: String) -> Result<(Session<C>, RawServer), End> {
        let server = RawServer::start(response)?;
        Ok((self.session_at(server.address)?, server))
    }

    /// Connects a client to an address. Its server is not the fake of the session.
    pub(super) fn session_at(&mut self, address: SocketAddr) -> Result<Session<C>, End> {
        if self.in_process {
            return Err(End::Skipped);
        }
        let target = target(address, LONG, Fake::empty(NAME))?;
        let client = (self.connect)(&target);
        Ok(Session { client, fake: target.fake, endpoint: target.endpoint, _server: None })
    }

    /// Serves a deployment that the client does not know.
    pub(super) fn other_deployment(&self) -> Result<(Fake, FakeServer), End> {
        let fake = Fake::builder(NAME).admin_key(KEY).build();
        let server = fake.serve_in_background(LOOPBACK)?;
        Ok((fake, server))
    }
}

fn target(address: SocketAddr, timeouts: (Duration, Duration), fake: Fake) -> Result<Target, End> {
    let (attempt_timeout, total_timeout) = timeouts;
    let key = DeployKey::parse(KEY).map_err(io::Error::other)?;
    let endpoint = Endpoint::new(&format!("http://{address}"), &key).map_err(io::Error::other)?;
    Ok(Target { endpoint, address, attempt_timeout, total_timeout, fake, in_process: Cell::new(false) })
}
