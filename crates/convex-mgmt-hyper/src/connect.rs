//! Opening connections: names, TCP, and around them a proxy and TLS where those are wanted.

use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use convex_mgmt_proto::is_loopback;
use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
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

/// A connection that speaks TLS where the URL wants it.
#[cfg(feature = "tls")]
type Secured<S> = hyper_rustls::MaybeHttpsStream<S>;
#[cfg(not(feature = "tls"))]
type Secured<S> = S;

/// How TLS is spoken, or why it cannot be.
#[cfg(feature = "tls")]
type Tls = Result<rustls::ClientConfig, ConfigError>;
#[cfg(not(feature = "tls"))]
type Tls = Result<std::convert::Infallible, ConfigError>;

/// A connection that is being opened.
pub(crate) type Opening<S> = Pin<Box<dyn Future<Output = Result<S, BoxError>> + Send>>;

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

/// Opens connections over another connector, with TLS if the URL is `https`.
#[derive(Clone)]
pub(crate) enum MaybeTls<C> {
    #[cfg(feature = "tls")]
    Tls(hyper_rustls::HttpsConnector<C>),
    /// `http` alone, and why.
    Plain(C, ConfigError),
}

impl<C> MaybeTls<C> {
    fn new(inner: C, tls: &Tls, http2: bool) -> Self {
        // Not used in a build without HTTP/2 or TLS.
        let _ = http2;
        match tls {
            #[cfg(feature = "tls")]
            Ok(config) => {
                let builder = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(config.clone());
                let builder = builder.https_or_http().enable_http1();
                #[cfg(feature = "http2")]
                if http2 {
                    return Self::Tls(builder.enable_http2().wrap_connector(inner));
                }
                Self::Tls(builder.wrap_connector(inner))
            }
            #[cfg(not(feature = "tls"))]
            Ok(never) => match *never {},
            Err(error) => Self::Plain(inner, *error),
        }
    }
}

impl<C> Service<Uri> for MaybeTls<C>
where
    C: Service<Uri>,
    C::Response: Connection + Read + Write + Unpin + Send + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = Secured<C::Response>;
    type Error = BoxError;
    type Future = Opening<Self::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            #[cfg(feature = "tls")]
            Self::Tls(inner) => inner.poll_ready(cx),
            Self::Plain(inner, _) => inner.poll_ready(cx).map_err(Into::into),
        }
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        match self {
            #[cfg(feature = "tls")]
            Self::Tls(inner) => inner.call(target),
            Self::Plain(_, error) if target.scheme() != Some(&Scheme::HTTP) => Box::pin(ready(Err((*error).into()))),
            Self::Plain(inner, _) => {
                let opening = inner.call(target);
                #[allow(clippy::useless_conversion, reason = "the types differ where TLS is built in")]
                Box::pin(async move { Ok(opening.await.map_err(Into::into)?.into()) })
            }
        }
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
        let mut tcp = HttpConnector::new_with_resolver(Resolver::new(self.given.clone()));
        // Of this time each address of a name gets its part.
        tcp.set_connect_timeout(self.timeout);
        tcp.set_nodelay(true);
        // `MaybeTls` has the word on which schemes go.
        tcp.enforce_http(false);
        #[cfg(feature = "proxy")]
        let tcp = {
            let to_proxy = MaybeTls::new(tcp.clone(), &tls, false);
            crate::proxy::ProxyConnector::new(tcp, to_proxy, self.proxy.clone())
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
