//! [`Proxy`]: HTTP and SOCKS 5 proxies, through which every connection is tunnelled. Feature `proxy`.

mod config;
mod connector;
mod http_connect;
mod socks;

pub use self::config::{Proxy, ProxyError, ProxyVariableError};
pub(crate) use self::connector::ProxyConnector;
