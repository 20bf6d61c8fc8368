//! Opens TCP connections.

use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;

use super::resolve::{Resolver, StaticHosts};

/// Opens TCP connections.
pub(crate) type Direct = HttpConnector<Resolver>;

pub(super) fn direct(hosts: StaticHosts, timeout: Option<Duration>) -> Direct {
    let mut tcp = HttpConnector::new_with_resolver(Resolver::new(hosts));
    // The addresses of a name share this time.
    tcp.set_connect_timeout(timeout);
    tcp.set_nodelay(true);
    // `MaybeTls` decides on the scheme.
    tcp.enforce_http(false);
    tcp
}
