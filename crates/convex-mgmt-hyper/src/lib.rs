#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Library code never panics on input.
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable, clippy::unwrap_used)
)]

mod client;
mod config;
#[cfg(feature = "hyper")]
mod connect;
mod error;
pub mod layers;
mod progress;
mod service;
pub mod sync;
mod timer;
mod trace;
#[cfg(feature = "hyper")]
mod transport;

#[cfg(feature = "oauth")]
#[cfg_attr(docsrs, doc(cfg(feature = "oauth")))]
pub use client::oauth;
pub use client::{
    BoxClient, Client, ClientBuilder, DeploymentClient, Items, KeyedDeployment, ManagementClient, OnConflict, Pages,
};
pub use config::{ConfigError, defaults};
#[cfg(feature = "hyper")]
pub use connect::Connection;
#[cfg(feature = "tls")]
#[cfg_attr(docsrs, doc(cfg(any(feature = "tls-ring", feature = "tls-aws-lc", feature = "native-roots"))))]
pub use connect::CryptoProvider;
#[cfg(feature = "proxy")]
pub use connect::{Proxy, ProxyError, ProxyVariableError};
pub use error::{Advice, Error, ErrorKind, Incomplete, ProxyRefusal, TransportError, TransportErrorKind};
pub use service::{BoxService, DefaultService, NoTransport, Transport};
#[cfg(feature = "tokio")]
pub use timer::TokioTimer;
pub use timer::{NoTimer, Timer};
#[cfg(feature = "hyper")]
pub use transport::HyperTransport;

/// The futures of the client and of its services.
pub mod future {
    pub use crate::client::{DeploymentFuture, ReplyFuture, SendFuture};
    pub use crate::layers::future::{
        AttemptTimeoutFuture, ConcurrencyLimitFuture, CredentialRefreshFuture, GuardFuture, RetryFuture,
    };
    pub use crate::service::DefaultServiceFuture;
    #[cfg(feature = "tokio")]
    pub use crate::timer::TokioSleep;
    #[cfg(feature = "hyper")]
    pub use crate::transport::HyperTransportFuture;
}
