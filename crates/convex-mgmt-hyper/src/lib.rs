#![doc = include_str!("../README.md")]
// Library code never panics on input.
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable, clippy::unwrap_used)
)]

mod client;
mod config;
mod connect;
mod error;
pub mod layers;
mod service;
mod trace;
mod transport;

pub use client::{Client, ClientBuilder, DeploymentClient, ManagementClient, OnConflict, Pages};
pub use config::{ConfigError, defaults};
#[cfg(feature = "tls")]
pub use connect::CryptoProvider;
#[cfg(feature = "proxy")]
pub use connect::{Proxy, ProxyError, ProxyVariableError};
pub use error::{Advice, Error, ErrorKind, ProxyRefusal, TransportError, TransportErrorKind};
pub use service::{AttemptService, CallService, DefaultService};
pub use transport::HyperTransport;
