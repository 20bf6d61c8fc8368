#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Library code never panics on input.
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable, clippy::unwrap_used)
)]

pub mod builder;
pub mod client;
mod connect;
#[cfg(test)]
mod door;
pub mod environment;
pub mod error;
mod exchange;
pub mod layers;
pub mod pages;
mod plaintext;
#[cfg(feature = "proxy")]
pub mod proxy;
mod resolve;
#[cfg(feature = "tls")]
pub mod tls;
mod trace;
pub mod transport;

pub use builder::{ClientBuilder, ConfigError};
pub use client::{Client, DefaultService, DeploymentClient, ManagementClient};
pub use environment::{ApplyError, OnConflict};
pub use error::{Error, ErrorKind, ProxyRefusal, TransportError, TransportErrorKind};
pub use pages::{Pages, PagesError};
#[cfg(feature = "proxy")]
pub use proxy::{Proxy, ProxyError, ProxyVariableError};
#[cfg(feature = "tls")]
pub use tls::CryptoProvider;
pub use transport::HyperTransport;
