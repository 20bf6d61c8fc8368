//! The server: the builder of a fake, its routes, the handling of a request, and a listener on a socket.

mod background;
mod builder;
mod listener;
mod router;
mod service;

pub use builder::FakeBuilder;
pub use listener::FakeServer;
pub use service::ConnectionReset;

pub(crate) use router::with_client_check;
pub(crate) use service::{Call, Respond, call, respond};
