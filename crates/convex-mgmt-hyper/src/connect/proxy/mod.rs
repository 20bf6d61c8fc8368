//! HTTP and SOCKS 5 proxies. Every connection goes through a tunnel.

mod config;
mod connector;
mod http_connect;
mod socks;

pub use self::config::{Proxy, ProxyError, ProxyVariableError};
pub(crate) use self::connector::ProxyConnector;
