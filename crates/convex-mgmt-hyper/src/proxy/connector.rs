//! [`ProxyConnector`]: opens connections, through a proxy where one is set for the host.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::proxy::matcher::Intercept;
use thiserror::Error;
use tower::{BoxError, Service};

use super::config::Proxy;
use super::{http_connect, socks};
use crate::connect::{Direct, MaybeTls, Opening};
use crate::error::ProxyRefusal;

/// The port of a SOCKS proxy whose URL has none. Source: RFC 1928, section 3.
const SOCKS_PORT: u16 = 1080;

type ToProxy = MaybeTls<Direct>;
type Stream = <ToProxy as Service<Uri>>::Response;

/// Opens connections, through a proxy where one is set for the host.
#[derive(Clone)]
pub(crate) struct ProxyConnector {
    direct: Direct,
    to_proxy: ToProxy,
    proxy: Option<Arc<Proxy>>,
}

impl ProxyConnector {
    pub(crate) fn new(direct: Direct, to_proxy: ToProxy, proxy: Option<Arc<Proxy>>) -> Self {
        Self { direct, to_proxy, proxy }
    }
}

impl Service<Uri> for ProxyConnector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Opening<Stream>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.direct.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Some(server) = self.proxy.as_ref().and_then(|proxy| proxy.server_for(&target)) else {
            let direct = self.direct.call(target);
            #[allow(clippy::useless_conversion, reason = "the types differ where TLS is built in")]
            return Box::pin(async move { Ok(direct.await?.into()) });
        };
        let address = address_of(&server);
        let mut to_proxy = self.to_proxy.clone();
        Box::pin(async move {
            let stream = to_proxy.call(address?).await.map_err(Unreachable)?;
            match tunnel(stream, &server, &target).await {
                Err(error) if !error.is::<ProxyRefusal>() => Err(Unreachable(error).into()),
                done => done,
            }
        })
    }
}

/// Where the proxy listens, in the terms of the connector to it: TLS or not, and which port.
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

async fn tunnel(stream: Stream, server: &Intercept, target: &Uri) -> Result<Stream, BoxError> {
    let host = target.host().unwrap_or_default();
    let port = target.port_u16().unwrap_or(if target.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 });
    if is_socks(server) {
        socks::tunnel(stream, host, port, server.raw_auth()).await
    } else {
        http_connect::tunnel(stream, host, port, server.basic_auth()).await
    }
}

/// A connection to the proxy that did not come about or broke, in front of its reason.
#[derive(Debug, Error)]
#[error("the proxy cannot be reached, or closed the connection")]
struct Unreachable(#[source] BoxError);
