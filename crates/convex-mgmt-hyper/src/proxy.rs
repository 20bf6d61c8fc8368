//! [`Proxy`]: HTTP proxies, through which every connection is tunnelled with `CONNECT`. Feature `proxy`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;
use tower::{BoxError, Service};

use crate::connect::Direct;

/// The proxy for a client's connections, and which hosts are reached without it.
///
/// `Debug` does not show it: its URL may hold a password.
pub struct Proxy(Matcher);

impl Proxy {
    /// A proxy at a URL such as `http://user:password@proxy.example:3128`.
    ///
    /// `except` lists the hosts that are reached directly, as the variable `NO_PROXY` does: names, which stand for their
    /// subdomains too, addresses and networks, separated by commas.
    ///
    /// # Errors
    /// A [`ProxyError`] if the URL is not that of an HTTP proxy.
    pub fn new(url: &str, except: &str) -> Result<Self, ProxyError> {
        let matcher = Matcher::builder().all(url).no("").build();
        // What the matcher cannot read it leaves out, which would mean "no proxy".
        let intercept = matcher.intercept(&Uri::from_static("https://a.example")).ok_or(ProxyError::Malformed)?;
        if intercept.uri().scheme_str() != Some("http") {
            return Err(ProxyError::Scheme);
        }
        Ok(Self(Matcher::builder().all(url).no(except).build()))
    }

    /// The proxy that the process's environment names: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper
    /// or lower case. Reads the environment now, and only here.
    pub fn from_env() -> Self {
        Self(Matcher::from_env())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").finish_non_exhaustive()
    }
}

/// Why a URL is not that of a proxy. Never holds the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Not a URL.
    #[error("the proxy's URL is malformed")]
    Malformed,
    /// Not an HTTP proxy.
    #[error("the proxy's URL must begin with `http://`")]
    Scheme,
}

/// Opens TCP connections, through a proxy where one is set for the host.
#[derive(Clone)]
pub(crate) struct ProxyConnector {
    tcp: Direct,
    proxy: Option<Arc<Proxy>>,
}

impl ProxyConnector {
    pub(crate) fn new(tcp: Direct, proxy: Option<Arc<Proxy>>) -> Self {
        Self { tcp, proxy }
    }
}

impl Service<Uri> for ProxyConnector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<TcpStream>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Some(proxy) = self.proxy.as_ref().and_then(|proxy| proxy.0.intercept(&target)) else {
            let direct = self.tcp.call(target);
            return Box::pin(async move { Ok(direct.await?) });
        };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.tcp.clone());
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let tunnelled = tunnel.call(target);
        Box::pin(async move { Ok(tunnelled.await?) })
    }
}
