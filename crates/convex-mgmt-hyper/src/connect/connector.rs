//! [`Connector`]: opens connections, through a proxy and with TLS where the settings ask for them.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use convex_mgmt_proto::is_loopback;
use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::Connection as _;
use tower::{BoxError, Service};

use super::connection::{Connection, Io};
use super::maybe_tls::{MaybeTls, Opening, Tls};
use super::resolve::StaticHosts;
use super::tcp;
use super::tls_alert::AlertDetector;
use crate::config::{ConfigError, defaults};

#[cfg(feature = "proxy")]
type Tcp = super::proxy::ProxyConnector;
#[cfg(not(feature = "proxy"))]
type Tcp = tcp::TcpConnector;

/// Opens connections in bounded time.
#[derive(Clone)]
pub(crate) struct Connector {
    opener: Arc<dyn Open>,
    /// `true` for the user's connector, which may negotiate HTTP/2 for any scheme.
    #[cfg(feature = "http2")]
    is_custom: bool,
    timeout: Option<Duration>,
}

/// An open connection, ready for HTTP.
pub(crate) struct Opened {
    pub(crate) io: AlertDetector<Box<dyn Io>>,
    pub(crate) is_http2: bool,
}

impl Connector {
    pub(crate) async fn open(&self, target: Uri) -> Result<Opened, BoxError> {
        let plaintext = target.scheme() == Some(&Scheme::HTTP);
        let opening = self.opener.open(target);
        let connection = match self.timeout {
            Some(timeout) => tokio::time::timeout(timeout, opening).await??,
            None => opening.await?,
        };
        let is_http2 = connection.is_http2();
        Ok(Opened { io: AlertDetector::new(connection.into_io(), plaintext), is_http2 })
    }

    /// Returns `true` if a connection to a URL of this scheme may speak HTTP/2.
    #[cfg(feature = "http2")]
    pub(crate) fn may_be_http2(&self, scheme: &Scheme) -> bool {
        self.is_custom || *scheme == Scheme::HTTPS
    }
}

/// Opens connections. Hides the type of the connector.
trait Open: Send + Sync {
    fn open(&self, target: Uri) -> Opening<Connection>;
}

/// The library's connector: name lookup, TCP, proxy and TLS.
struct BuiltIn(MaybeTls<Tcp>);

impl Open for BuiltIn {
    fn open(&self, target: Uri) -> Opening<Connection> {
        let mut inner = self.0.clone();
        Box::pin(async move {
            poll_fn(|cx| inner.poll_ready(cx)).await?;
            let io = inner.call(target).await?;
            let is_http2 = io.connected().is_negotiated_h2();
            Ok(Connection::from_hyper(io, is_http2))
        })
    }
}

/// The user's connector. The lock makes it `Sync`, and is held only while the connector is cloned.
impl<C> Open for Mutex<C>
where
    C: Service<Uri, Response: Into<Connection>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
{
    fn open(&self, target: Uri) -> Opening<Connection> {
        let mut connector = self.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            poll_fn(|cx| connector.poll_ready(cx)).await.map_err(Into::into)?;
            connector.call(target).await.map(Into::into).map_err(Into::into)
        })
    }
}

/// The settings of a client's connections.
pub(crate) struct ConnectSettings {
    pub(crate) timeout: Option<Duration>,
    /// The user's connector, which replaces name lookup, TCP, proxy and TLS.
    custom: Option<Arc<dyn Open>>,
    pub(crate) hosts: StaticHosts,
    #[cfg(feature = "http2")]
    pub(crate) http2: bool,
    #[cfg(feature = "proxy")]
    pub(crate) proxy: Option<Arc<super::proxy::Proxy>>,
    #[cfg(feature = "tls")]
    pub(crate) tls: super::tls::TlsSettings,
}

impl Default for ConnectSettings {
    fn default() -> Self {
        Self {
            timeout: Some(defaults::CONNECT_TIMEOUT),
            custom: None,
            hosts: StaticHosts::default(),
            #[cfg(feature = "http2")]
            http2: false,
            #[cfg(feature = "proxy")]
            proxy: None,
            #[cfg(feature = "tls")]
            tls: super::tls::TlsSettings::default(),
        }
    }
}

impl ConnectSettings {
    pub(crate) fn set_connector<C>(&mut self, connector: C)
    where
        C: Service<Uri, Response: Into<Connection>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    {
        self.custom = Some(Arc::new(Mutex::new(connector)));
    }

    /// Creates the connector of a client whose first endpoint has the scheme `https` or `http`. TLS that is not available is an
    /// error here for `https`. For `http` it is an error of the connections to other endpoints that need it.
    pub(crate) fn connector(&self, https: bool) -> Result<Connector, ConfigError> {
        if let Some(opener) = &self.custom {
            return Ok(Connector {
                opener: Arc::clone(opener),
                #[cfg(feature = "http2")]
                is_custom: true,
                timeout: self.timeout,
            });
        }
        // `http` is allowed to such a host, and no proxy is used, because the traffic stays on this machine.
        let leaves = |(host, addresses): (&String, &Vec<std::net::IpAddr>)| {
            is_loopback(host) && addresses.iter().any(|address| !address.to_canonical().is_loopback())
        };
        if self.hosts.iter().any(leaves) {
            return Err(ConfigError::NotLoopback);
        }
        let tls = match self.tls() {
            // The build or the machine lacks something, and the settings are valid.
            Err(error @ (ConfigError::NoTls | ConfigError::NoCryptoProvider | ConfigError::NoNativeRoots))
                if !https && !self.proxy_needs_tls() =>
            {
                Err(error)
            }
            tls => Ok(tls?),
        };
        let tcp = tcp::connector(self.hosts.clone(), self.timeout);
        #[cfg(feature = "proxy")]
        let tcp = {
            let to_proxy = MaybeTls::new(tcp.clone(), &tls, false);
            super::proxy::ProxyConnector::new(tcp, to_proxy, self.proxy.clone())
        };
        let opener = Arc::new(BuiltIn(MaybeTls::new(tcp, &tls, self.http2())));
        Ok(Connector {
            opener,
            #[cfg(feature = "http2")]
            is_custom: false,
            timeout: self.timeout,
        })
    }

    fn tls(&self) -> Tls {
        #[cfg(feature = "tls")]
        return self.tls.config();
        #[cfg(not(feature = "tls"))]
        Err(ConfigError::NoTls)
    }

    fn http2(&self) -> bool {
        #[cfg(feature = "http2")]
        return self.http2;
        #[cfg(not(feature = "http2"))]
        false
    }

    fn proxy_needs_tls(&self) -> bool {
        #[cfg(feature = "proxy")]
        return self.proxy.as_ref().is_some_and(|proxy| proxy.is_encrypted());
        #[cfg(not(feature = "proxy"))]
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_needs_tls() {
        let settings = ConnectSettings::default();
        assert_eq!(settings.connector(false).err(), None);
        let missing = if cfg!(any(feature = "tls-ring", feature = "tls-aws-lc")) {
            None
        } else if cfg!(feature = "tls") {
            Some(ConfigError::NoCryptoProvider)
        } else {
            Some(ConfigError::NoTls)
        };
        assert_eq!(settings.connector(true).err(), missing);
    }
}
