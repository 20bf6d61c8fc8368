//! [`ProxyConnector`]: opens connections, through a proxy if the host has one.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::Connection;
use hyper_util::client::proxy::matcher::Intercept;
use thiserror::Error;
use tower::{BoxError, Service};

use super::config::Proxy;
use super::{http_connect, socks};
use crate::connect::maybe_tls::{MaybeTls, Opening};
use crate::connect::tcp::TcpConnector;
use crate::error::ProxyRefusal;

/// The default port of a SOCKS proxy. Source: RFC 1928, section 3.
const SOCKS_PORT: u16 = 1080;

type Stream<C> = <MaybeTls<C> as Service<Uri>>::Response;

/// Opens connections, through a proxy if the host has one.
#[derive(Clone)]
pub(crate) struct ProxyConnector<C = TcpConnector> {
    direct: C,
    to_proxy: MaybeTls<C>,
    proxy: Option<Arc<Proxy>>,
}

impl<C> ProxyConnector<C> {
    pub(crate) fn new(direct: C, to_proxy: MaybeTls<C>, proxy: Option<Arc<Proxy>>) -> Self {
        Self { direct, to_proxy, proxy }
    }
}

impl<C> Service<Uri> for ProxyConnector<C>
where
    C: Service<Uri> + Clone + Send + 'static,
    C::Response: Connection + Read + Write + Unpin + Send + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = Stream<C>;
    type Error = BoxError;
    type Future = Opening<Stream<C>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.direct.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Some(server) = self.proxy.as_ref().and_then(|proxy| proxy.server_for(&target)) else {
            let direct = self.direct.call(target);
            #[allow(clippy::useless_conversion, reason = "the types differ where TLS is built in")]
            return Box::pin(async move { Ok(direct.await.map_err(Into::into)?.into()) });
        };
        let address = address_of(&server);
        let mut to_proxy = self.to_proxy.clone();
        Box::pin(async move {
            // Readiness does not carry over to a clone.
            poll_fn(|cx| to_proxy.poll_ready(cx)).await.map_err(Unreachable)?;
            let stream = to_proxy.call(address?).await.map_err(Unreachable)?;
            match tunnel(stream, &server, &target).await {
                Err(error) if !error.is::<ProxyRefusal>() => Err(Unreachable(error).into()),
                done => done,
            }
        })
    }
}

/// Returns the proxy's address as a URL for the connector: its scheme selects TLS.
fn address_of(server: &Intercept) -> Result<Uri, BoxError> {
    let uri = server.uri();
    if !is_socks(server) {
        return Ok(uri.clone());
    }
    let host = uri.host().unwrap_or_default();
    let authority = format!("{host}:{}", uri.port_u16().unwrap_or(SOCKS_PORT));
    Ok(Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query("/").build()?)
}

fn is_socks(server: &Intercept) -> bool {
    server.uri().scheme_str().is_some_and(|scheme| scheme.starts_with("socks"))
}

async fn tunnel<S>(stream: S, server: &Intercept, target: &Uri) -> Result<S, BoxError>
where
    S: Read + Write + Unpin + Send + 'static,
{
    let host = target.host().unwrap_or_default();
    let port = target.port_u16().unwrap_or(if target.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 });
    if is_socks(server) {
        socks::tunnel(stream, host, port, server.raw_auth()).await
    } else {
        http_connect::tunnel(stream, host, port, server.basic_auth()).await
    }
}

/// A failure to reach the proxy. It precedes its reason.
#[derive(Debug, Error)]
#[error("the proxy cannot be reached, or closed the connection")]
struct Unreachable(#[source] BoxError);

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use hyper_util::rt::TokioIo;
    use tokio::net::TcpStream;

    use super::*;
    use crate::config::ConfigError;
    use crate::connect::gated_service::{self, GatedService};

    type Tcp = GatedService<TokioIo<TcpStream>, BoxError>;

    /// Returns a TCP connector, and a proxy connector over it.
    fn connector() -> (Tcp, ProxyConnector<Tcp>) {
        let tcp: Tcp = GatedService::new(|| Err("nobody listens".into()));
        let proxy = Proxy::new("http://proxy.example:3128", "direct.example").unwrap();
        let to_proxy = MaybeTls::Plain(tcp.clone(), ConfigError::NoTls);
        (tcp.clone(), ProxyConnector::new(tcp, to_proxy, Some(proxy.into())))
    }

    #[test]
    fn a_connector_is_ready_when_the_one_below_is() {
        let (tcp, mut connector) = connector();
        assert!(!gated_service::is_ready(&mut connector));
        tcp.open();
        assert!(gated_service::is_ready(&mut connector));
        let mut opening = connector.call(Uri::from_static("http://direct.example/"));
        let Poll::Ready(Err(error)) = gated_service::poll(&mut opening) else { panic!("it is still opening, or open") };
        assert_eq!(error.to_string(), "nobody listens");
    }

    #[test]
    fn a_proxy_is_connected_to_when_the_connector_to_it_is_ready() {
        let (tcp, mut connector) = connector();
        let mut opening = connector.call(Uri::from_static("http://deployment.example/"));
        assert!(gated_service::poll(&mut opening).is_pending());
        tcp.open();
        let Poll::Ready(Err(error)) = gated_service::poll(&mut opening) else { panic!("it is still opening, or open") };
        let source = std::error::Error::source(&*error).map(ToString::to_string);
        assert!(error.is::<Unreachable>() && source.as_deref() == Some("nobody listens"), "{error}");
    }
}
