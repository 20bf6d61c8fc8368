#![doc = include_str!("../README.md")]

#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc", feature = "native-roots"))]
pub use convex_mgmt_hyper::CryptoProvider;
pub use convex_mgmt_hyper::{
    self as hyper, ApplyError, Client, ClientBuilder, ConfigError, DefaultService, DeploymentClient, Error, ErrorKind,
    HyperTransport, ManagementClient, OnConflict, TransportError, TransportErrorKind, builder, layers,
};
#[cfg(feature = "proxy")]
pub use convex_mgmt_hyper::{Proxy, ProxyError};
pub use convex_mgmt_proto as proto;
pub use convex_mgmt_proto::*;
