//! [`Connector`]: opens connections, through a proxy and with TLS where the settings ask for them.

use std::task::{Context, Poll};
use std::time::Duration;

use convex_mgmt_proto::is_loopback;
use http::Uri;
use http::uri::Scheme;
use tower::{BoxError, Service};

use super::maybe_tls::{MaybeTls, Opening, Tls};
use super::plaintext::Noticing;
use super::resolve::Given;
use super::tcp;
use crate::config::{ConfigError, defaults};

#[cfg(feature = "proxy")]
type Tcp = super::proxy::ProxyConnector;
#[cfg(not(feature = "proxy"))]
type Tcp = tcp::Direct;

/// Opens a connection with all that belongs to it, in bounded time.
#[derive(Clone)]
pub(crate) struct Connector {
    inner: MaybeTls<Tcp>,
    timeout: Option<Duration>,
}

impl Service<Uri> for Connector {
    type Response = Noticing<<MaybeTls<Tcp> as Service<Uri>>::Response>;
    type Error = BoxError;
    type Future = Opening<Self::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
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
    pub(crate) proxy: Option<std::sync::Arc<super::proxy::Proxy>>,
    #[cfg(feature = "tls")]
    pub(crate) tls: super::tls::TlsSettings,
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
            tls: super::tls::TlsSettings::default(),
        }
    }
}

impl ConnectSettings {
    /// Opens connections for endpoints of one scheme first of all. Those of the other are tried.
    pub(crate) fn connector(&self, https: bool) -> Result<Connector, ConfigError> {
        // `http` is let pass to such a host, and no proxy is asked, because what is sent there stays on this machine.
        let leaves = |(host, addresses): (&String, &Vec<std::net::IpAddr>)| {
            is_loopback(host) && addresses.iter().any(|address| !address.to_canonical().is_loopback())
        };
        if self.given.iter().any(leaves) {
            return Err(ConfigError::NotLoopback);
        }
        let tls = match self.tls() {
            // What this build or machine lacks, rather than a setting that is wrong.
            Err(error @ (ConfigError::NoTls | ConfigError::NoCryptoProvider | ConfigError::NoNativeRoots))
                if !https && !self.proxy_needs_tls() =>
            {
                Err(error)
            }
            tls => Ok(tls?),
        };
        let tcp = tcp::direct(self.given.clone(), self.timeout);
        #[cfg(feature = "proxy")]
        let tcp = {
            let to_proxy = MaybeTls::new(tcp.clone(), &tls, false);
            super::proxy::ProxyConnector::new(tcp, to_proxy, self.proxy.clone())
        };
        Ok(Connector { inner: MaybeTls::new(tcp, &tls, self.http2()), timeout: self.timeout })
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
