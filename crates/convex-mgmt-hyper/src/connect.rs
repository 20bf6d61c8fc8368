//! Opening connections: names, TCP, and around them a proxy and TLS where those are wanted.

use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;

use crate::builder::{ConfigError, defaults};

#[cfg(feature = "proxy")]
pub(crate) type Tcp = crate::proxy::ProxyConnector;
#[cfg(not(feature = "proxy"))]
pub(crate) type Tcp = HttpConnector;

#[cfg(feature = "tls")]
pub(crate) type Connector = hyper_rustls::HttpsConnector<Tcp>;
#[cfg(not(feature = "tls"))]
pub(crate) type Connector = Tcp;

/// What a client wants of its connections.
#[derive(Debug)]
pub(crate) struct ConnectSettings {
    pub(crate) timeout: Option<Duration>,
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
        let mut tcp = HttpConnector::new();
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
