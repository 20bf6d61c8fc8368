//! Names to addresses: those that the integrator gave, and the system's for the others.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower::Service;

/// The addresses of the hosts that are not looked up, by their names in lower case.
pub(crate) type Given = Arc<HashMap<String, Vec<IpAddr>>>;

/// Finds the addresses of a host.
#[derive(Clone)]
pub(crate) struct Resolver {
    given: Given,
    system: GaiResolver,
}

impl Resolver {
    pub(crate) fn new(given: Given) -> Self {
        Self { given, system: GaiResolver::new() }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, std::io::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        self.system.poll_ready(cx)
    }

    fn call(&mut self, host: Name) -> Self::Future {
        let Some(given) = self.given.get(host.as_str()) else {
            let looking = self.system.call(host);
            return Box::pin(async move { Ok(looking.await?.collect::<Vec<_>>().into_iter()) });
        };
        // The connector puts in the port.
        let addresses: Vec<_> = given.iter().map(|address| SocketAddr::new(*address, 0)).collect();
        Box::pin(std::future::ready(Ok(addresses.into_iter())))
    }
}
