//! Opening connections: names, TCP, and around them a proxy and TLS where those are wanted.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::HttpConnector;
use tower::{BoxError, Service};

use crate::builder::{ConfigError, defaults};
use crate::plaintext::Noticing;
use crate::resolve::{Given, Resolver};

/// Opens TCP connections.
pub(crate) type Direct = HttpConnector<Resolver>;

#[cfg(feature = "proxy")]
type Tcp = crate::proxy::ProxyConnector;
#[cfg(not(feature = "proxy"))]
type Tcp = Direct;

#[cfg(feature = "tls")]
type Secure = hyper_rustls::HttpsConnector<Tcp>;
#[cfg(not(feature = "tls"))]
type Secure = Tcp;

/// Opens a connection with all that belongs to it, in bounded time.
#[derive(Clone)]
pub(crate) struct Connector {
    inner: Secure,
    timeout: Option<Duration>,
}

impl Service<Uri> for Connector {
    type Response = Noticing<<Secure as Service<Uri>>::Response>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let plaintext = target.scheme() == Some(&Scheme::HTTP);
        let (opening, timeout) = (self.inner.call(target), self.timeout);
        Box::pin(async move {
            let connection = match timeout {
                Some(timeout) => tokio::time::timeout(timeout, opening).await??,
                None => opening.await?,
            };
            Ok(Noticing::new(connection, plaintext))
        })
    }
}

/// What a client wants of its connections.
#[derive(Debug)]
pub(crate) struct ConnectSettings {
    pub(crate) timeout: Option<Duration>,
    pub(crate) given: Given,
    #[cfg(feature = "http2")]
    pub(crate) http2: bool,
    #[cfg(feature = "proxy")]
    pub(crate) proxy: Option<std::sync::Arc<crate::proxy::Proxy>>,
    #[cfg(feature = "tls")]
    pub(crate) tls: crate::tls::TlsSettings,
}

impl Default for ConnectSettings {
    fn default() -> Self {
        Self {
            timeout: Some(defaults::CONNECT_TIMEOUT),
            given: Given::default(),
            #[cfg(feature = "http2")]
            http2: false,
            #[cfg(feature = "proxy")]
            proxy: None,
            #[cfg(feature = "tls")]
            tls: crate::tls::TlsSettings::default(),
        }
    }
}

impl ConnectSettings {
    pub(crate) fn connector(&self) -> Result<Connector, ConfigError> {
        Ok(Connector { inner: self.secure()?, timeout: self.timeout })
    }

    fn secure(&self) -> Result<Secure, ConfigError> {
        let mut tcp = HttpConnector::new_with_resolver(Resolver::new(self.given.clone()));
        // Of this time each address of a name gets its part.
        tcp.set_connect_timeout(self.timeout);
        tcp.set_nodelay(true);
        // TLS, where it is built in, has the word on which schemes go.
        tcp.enforce_http(cfg!(not(feature = "tls")));
        #[cfg(feature = "proxy")]
        let tcp = crate::proxy::ProxyConnector::new(tcp, self.proxy.clone());
        #[cfg(feature = "tls")]
        {
            let builder =
                hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(self.tls.config()?).https_or_http();
            #[cfg(feature = "http2")]
            if self.http2 {
                return Ok(builder.enable_http1().enable_http2().wrap_connector(tcp));
            }
            Ok(builder.enable_http1().wrap_connector(tcp))
        }
        #[cfg(not(feature = "tls"))]
        Ok(tcp)
    }
}
