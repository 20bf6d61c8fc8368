//! Opening connections: name lookup, TCP, proxies and TLS.

mod connection;
mod connector;
#[cfg(test)]
mod gated_service;
mod maybe_tls;
#[cfg(feature = "proxy")]
mod proxy;
mod resolve;
mod tcp;
#[cfg(feature = "tls")]
#[cfg_attr(docsrs, doc(cfg(any(feature = "tls-ring", feature = "tls-aws-lc", feature = "native-roots"))))]
mod tls;
mod tls_alert;

pub use self::connection::Connection;
pub(crate) use self::connector::{ConnectSettings, Connector, Opened};
#[cfg(feature = "proxy")]
pub use self::proxy::{Proxy, ProxyError, ProxyVariableError};
pub(crate) use self::resolve::Unresolved;
#[cfg(feature = "tls")]
pub use self::tls::CryptoProvider;
pub(crate) use self::tls_alert::TlsAlert;
