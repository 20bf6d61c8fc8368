//! Opens TCP connections.

use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;

use super::resolve::{Resolver, StaticHosts};

/// Opens TCP connections.
pub(crate) type TcpConnector = HttpConnector<Resolver>;

/// Creates the connector. `timeout` bounds the connection attempts of one name together.
pub(super) fn connector(hosts: StaticHosts, timeout: Option<Duration>) -> TcpConnector {
    let mut tcp = HttpConnector::new_with_resolver(Resolver::new(hosts));
    // The addresses of a name share this time.
    tcp.set_connect_timeout(timeout);
    tcp.set_nodelay(true);
    // `MaybeTls` decides on the scheme.
    tcp.enforce_http(false);
    tcp
}
