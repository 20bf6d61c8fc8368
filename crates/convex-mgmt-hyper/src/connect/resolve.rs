//! [`Resolver`]: looks up host names. Configured hosts come first, then `localhost`, then the system's resolver.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use convex_mgmt_proto::is_loopback;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use thiserror::Error;
use tower::Service;

/// Configured addresses of hosts, by their names in lower case. The system does not look these hosts up.
pub(crate) type StaticHosts = Arc<HashMap<String, Vec<IpAddr>>>;

/// The addresses of `localhost` and the names below it. The system's resolver could return others, and the client sends
/// credentials to these names in clear text and without the proxy. Source: RFC 6761, section 6.3. curl uses the same order.
const LOOPBACK: [IpAddr; 2] = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];

/// Looks up the addresses of a host.
#[derive(Clone)]
pub(crate) struct Resolver<S = GaiResolver> {
    hosts: StaticHosts,
    system: S,
}

impl Resolver {
    pub(crate) fn new(hosts: StaticHosts) -> Self {
        Self { hosts, system: GaiResolver::new() }
    }
}

impl<S> Service<Name> for Resolver<S>
where
    S: Service<Name, Error = std::io::Error>,
    S::Response: Iterator<Item = SocketAddr>,
    S::Future: Send + 'static,
{
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, std::io::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        self.system.poll_ready(cx)
    }

    fn call(&mut self, host: Name) -> Self::Future {
        let known = match self.hosts.get(host.as_str()) {
            Some(addresses) if addresses.is_empty() => {
                let none =
                    std::io::Error::new(std::io::ErrorKind::NotFound, "the client's settings have no address for it");
                return Box::pin(std::future::ready(Err(Unresolved::wrap(host, none))));
            }
            Some(addresses) => addresses.as_slice(),
            None if is_loopback(host.as_str()) => &LOOPBACK,
            None => {
                let looking = self.system.call(host.clone());
                return Box::pin(async move {
                    let found = looking.await.map_err(|source| Unresolved::wrap(host, source))?;
                    Ok(found.collect::<Vec<_>>().into_iter())
                });
            }
        };
        // The connector sets the port.
        let addresses: Vec<_> = known.iter().map(|address| SocketAddr::new(*address, 0)).collect();
        Box::pin(std::future::ready(Ok(addresses.into_iter())))
    }
}

/// The failure to resolve a name, which the connector reports like any other failure to connect.
#[derive(Debug, Error)]
#[error("the name {host} does not resolve")]
pub(crate) struct Unresolved {
    host: Name,
    source: std::io::Error,
}

impl Unresolved {
    fn wrap(host: Name, source: std::io::Error) -> std::io::Error {
        std::io::Error::new(source.kind(), Self { host, source })
    }

    /// Returns the name that was looked up: the host of the URL, or of a proxy.
    pub(crate) fn host(&self) -> &str {
        self.host.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::gated_service::{self, GatedService};

    const CONFIGURED: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))];
    const LOOKED_UP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 3)), 0);

    type System = GatedService<std::vec::IntoIter<SocketAddr>, std::io::Error>;

    fn resolver() -> (System, Resolver<System>) {
        let system = GatedService::new(|| Ok(vec![LOOKED_UP].into_iter()));
        let hosts = StaticHosts::new(HashMap::from([("configured.example".to_owned(), CONFIGURED.to_vec())]));
        (system.clone(), Resolver { hosts, system })
    }

    fn addresses(resolver: &mut Resolver<System>, host: &str) -> Vec<IpAddr> {
        match gated_service::poll(&mut resolver.call(host.parse().unwrap())) {
            Poll::Ready(addresses) => addresses.unwrap().map(|address| address.ip()).collect(),
            Poll::Pending => panic!("{host} is still looked up"),
        }
    }

    #[test]
    fn a_resolver_is_ready_when_the_systems_is() {
        let (system, mut resolver) = resolver();
        assert!(!gated_service::is_ready(&mut resolver));
        system.open();
        assert!(gated_service::is_ready(&mut resolver));
        assert_eq!(addresses(&mut resolver, "other.example"), [LOOKED_UP.ip()]);
    }

    #[test]
    fn a_host_without_addresses_does_not_resolve() {
        let hosts = StaticHosts::new(HashMap::from([("none.example".to_owned(), Vec::new())]));
        let system = GatedService::new(|| Ok(vec![LOOKED_UP].into_iter()));
        let mut resolver: Resolver<System> = Resolver { hosts, system };
        let Poll::Ready(result) = gated_service::poll(&mut resolver.call("none.example".parse().unwrap())) else {
            panic!("it is still looked up");
        };
        assert_eq!(result.unwrap_err().to_string(), "the name none.example does not resolve");
    }

    /// The system's resolver panics if it is called.
    #[test]
    fn configured_hosts_and_localhost_are_not_looked_up() {
        let (_system, mut resolver) = resolver();
        assert_eq!(addresses(&mut resolver, "configured.example"), CONFIGURED);
        for host in ["localhost", "a.localhost"] {
            assert_eq!(addresses(&mut resolver, host), LOOPBACK, "{host}");
        }
    }
}
