//! The services that a client sends its requests through.

mod box_service;
mod default_service;
mod transport;

pub use self::box_service::BoxService;
pub use self::default_service::{DefaultService, DefaultServiceFuture};
pub use self::transport::{NoTransport, Transport};
