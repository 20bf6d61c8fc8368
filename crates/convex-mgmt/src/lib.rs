//! A client for Convex's Deployment Platform API and Management API.
//!
//! This crate re-exports two others: `convex-mgmt-proto`, the requests and responses without any IO, and
//! `convex-mgmt-hyper`, which executes them. Depend on this one, unless you bring a transport of your own.
//!
//! ```no_run
//! use convex_mgmt::deployment::ListEnvironmentVariables;
//! use convex_mgmt::{Client, DeployKey, Endpoint};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = DeployKey::parse("prod:happy-animal-123|...")?;
//! let client = Client::new(Endpoint::new("https://happy-animal-123.convex.cloud", &key)?)?;
//! for name in client.send(&ListEnvironmentVariables::new()).await?.names() {
//!     println!("{name}");
//! }
//! # Ok(())
//! # }
//! ```

#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc", feature = "native-roots"))]
pub use convex_mgmt_hyper::CryptoProvider;
pub use convex_mgmt_hyper::{
    self as hyper, Advice, BoxClient, BoxService, Client, ClientBuilder, ConfigError, Connection, DefaultService,
    DeploymentClient, Error, ErrorKind, HyperTransport, Items, ManagementClient, OnConflict, Pages, ProxyRefusal,
    Transport, TransportError, TransportErrorKind, defaults, future, layers,
};
#[cfg(feature = "proxy")]
pub use convex_mgmt_hyper::{Proxy, ProxyError, ProxyVariableError};
pub use convex_mgmt_proto as proto;
pub use convex_mgmt_proto::*;

/// The code in the project's pages, compiled as tests.
#[cfg(all(doctest, feature = "dotenv", feature = "tls-ring"))]
mod pages {
    #[doc = include_str!("../../../README.md")]
    mod readme {}
    #[doc = include_str!("../../../docs/audit-log.md")]
    mod audit_log {}
    #[doc = include_str!("../../../docs/data-sync.md")]
    mod data_sync {}
    #[doc = include_str!("../../../docs/deployment.md")]
    mod deployment {}
    #[doc = include_str!("../../../docs/environment-variables.md")]
    mod environment_variables {}
    #[doc = include_str!("../../../docs/log-streams.md")]
    mod log_streams {}
    #[doc = include_str!("../../../docs/testing.md")]
    mod testing {}
    #[doc = include_str!("../../../docs/transports.md")]
    mod transports {}
    #[doc = include_str!("../../../docs/usage-and-limits.md")]
    mod usage_and_limits {}
}
