//! [`MaybeTls`]: opens connections that speak TLS if the URL is `https`.

use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::Connection;
use tower::{BoxError, Service};

use crate::config::ConfigError;

/// A connection with TLS if the URL is `https`.
#[cfg(feature = "tls")]
pub(super) type Secured<S> = hyper_rustls::MaybeHttpsStream<S>;
#[cfg(not(feature = "tls"))]
pub(super) type Secured<S> = S;

/// The settings of TLS, or the reason why there is no TLS.
#[cfg(feature = "tls")]
pub(super) type Tls = Result<rustls::ClientConfig, ConfigError>;
#[cfg(not(feature = "tls"))]
pub(super) type Tls = Result<std::convert::Infallible, ConfigError>;

/// The future of a connection that is being opened.
pub(crate) type Opening<S> = Pin<Box<dyn Future<Output = Result<S, BoxError>> + Send>>;

/// Opens connections over another connector, with TLS if the URL is `https`.
#[derive(Clone)]
pub(crate) enum MaybeTls<C> {
    #[cfg(feature = "tls")]
    Tls(hyper_rustls::HttpsConnector<C>),
    /// Opens connections to `http` URLs only, for this reason.
    Plain(C, ConfigError),
}

impl<C> MaybeTls<C> {
    pub(super) fn new(inner: C, tls: &Tls, http2: bool) -> Self {
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
