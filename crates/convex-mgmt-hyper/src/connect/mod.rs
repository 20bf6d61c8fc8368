//! Opening connections: name lookup, TCP, proxies and TLS.

mod connection;
mod connector;
#[cfg(test)]
mod gated_service;
mod maybe_tls;
mod plaintext;
#[cfg(feature = "proxy")]
mod proxy;
mod resolve;
mod tcp;
#[cfg(feature = "tls")]
mod tls;

pub use self::connection::Connection;
pub(crate) use self::connector::{ConnectSettings, Connector, Opened};
pub(crate) use self::plaintext::TlsAlert;
#[cfg(feature = "proxy")]
pub use self::proxy::{Proxy, ProxyError, ProxyVariableError};
pub(crate) use self::resolve::Unresolved;
#[cfg(feature = "tls")]
pub use self::tls::CryptoProvider;
