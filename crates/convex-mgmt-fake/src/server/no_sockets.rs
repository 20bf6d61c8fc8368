//! The types of the listener without the feature `server`. They have no values, so nobody can bind a port.

use std::io;
use std::net::SocketAddr;

use super::service::Respond;

#[derive(Debug)]
pub(crate) enum TcpListener {}

#[derive(Debug)]
pub(crate) enum FakeServer {}

impl FakeServer {
    pub(crate) fn start(_server: impl Respond, listener: TcpListener) -> io::Result<Self> {
        match listener {}
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match *self {}
    }
}

/// Fails.
pub(crate) async fn bind_loopback() -> io::Result<TcpListener> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "the feature `server` of convex-mgmt-fake is off"))
}
