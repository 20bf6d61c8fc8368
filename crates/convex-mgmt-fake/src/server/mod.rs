//! The server: the builder of a fake, its routes, the handling of a request, and a listener on a socket.

#[cfg(feature = "server")]
mod background;
mod builder;
#[cfg(feature = "server")]
mod listener;
#[cfg(not(feature = "server"))]
mod no_sockets;
mod router;
mod service;

pub use builder::FakeBuilder;
#[cfg(feature = "server")]
pub use listener::FakeServer;
pub use service::ConnectionReset;

#[cfg(feature = "conformance")]
pub(crate) use background::Background;
#[cfg(feature = "server")]
pub(crate) use listener::bind_loopback;
#[cfg(not(feature = "server"))]
pub(crate) use no_sockets::{FakeServer, TcpListener, bind_loopback};
pub(crate) use router::with_client_check;
pub(crate) use service::{Call, Respond, call, respond};
#[cfg(feature = "server")]
pub(crate) use tokio::net::TcpListener;
