#![doc = include_str!("../README.md")]

pub mod builder;
pub mod client;
mod connect;
pub mod environment;
pub mod error;
mod exchange;
pub mod layers;
#[cfg(feature = "proxy")]
pub mod proxy;
#[cfg(feature = "tls")]
pub mod tls;
mod trace;
pub mod transport;

pub use builder::{ClientBuilder, ConfigError};
pub use client::{Client, DefaultService, DeploymentClient, ManagementClient};
pub use environment::{ApplyError, OnConflict};
pub use error::{Error, ErrorKind, TransportError, TransportErrorKind};
#[cfg(feature = "proxy")]
pub use proxy::{Proxy, ProxyError};
#[cfg(feature = "tls")]
pub use tls::CryptoProvider;
pub use transport::HyperTransport;
