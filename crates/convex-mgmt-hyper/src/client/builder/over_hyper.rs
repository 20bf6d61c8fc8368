//! [`ClientBuilder`] over hyper: the settings of connections, and the clients with them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use convex_mgmt_proto::{Api, Endpoint};
use http::Uri;
use hyper::client::conn::http1;
use tower::{BoxError, Layer, Service};

use super::super::handle::{BoxClient, Client};
use super::base::ClientBuilder;
use crate::config::{ConfigError, defaults};
use crate::connect::Connection;
use crate::service::{DefaultService, Transport};
use crate::timer::Timer;
use crate::transport::{HyperTransport, PoolSettings, ResponseLimits, TransportSettings};

impl<A: Api> Client<A> {
    /// Creates a client with default settings.
    ///
    /// # Errors
    /// A [`ConfigError`] if this build of the library cannot reach the endpoint.
    pub fn new(endpoint: Endpoint<A>) -> Result<Self, ConfigError> {
        Self::builder(endpoint).build()
    }
}

impl<A: Api, AttemptLayers, CallLayers, T> ClientBuilder<A, AttemptLayers, CallLayers, T> {
    /// Sets the longest time to open a connection: name lookup, TCP, the proxy and TLS together. Defaults to 10 s; `None` sets
    /// no separate bound. The addresses of a name share this time, so that a dead address leaves time for the others.
    pub fn connect_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.connections.connect.timeout = timeout.into();
        self
    }

    /// Sets the addresses of a host. The client tries them in turn, and does not look the name up. Use it for a name that is not
    /// public, or for another address than the public one.
    ///
    /// `Host` and the server name in TLS remain the URL's. A proxy looks the host up itself, and does not use these addresses. A host
    /// without addresses does not resolve.
    ///
    /// `localhost` and the names below it accept loopback addresses only, because plaintext is allowed there and no proxy is
    /// used. Building the client fails otherwise. Use another name for a server elsewhere.
    pub fn resolve(mut self, host: &str, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let hosts = Arc::make_mut(&mut self.settings.connections.connect.hosts);
        hosts.insert(host.to_ascii_lowercase(), addresses.into_iter().collect());
        self
    }

    /// Sets the time that an idle connection stays in the pool. Defaults to 50 s; `None` never closes idle connections.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.connections.idle_timeout = timeout.into();
        self
    }

    /// Sets the maximum number of idle connections to one host. Defaults to [`max_concurrency`](Self::max_concurrency) if that
    /// has a value, and to no limit otherwise.
    pub fn max_idle_connections(mut self, connections: usize) -> Self {
        self.settings.connections.max_idle_per_host = connections;
        self
    }

    /// Sets the maximum number of idle connections to all hosts together. Defaults to 256. Above it the pool closes the least
    /// recently used ones. Connections that carry a request do not count.
    pub fn max_idle_connections_total(mut self, connections: usize) -> Self {
        self.settings.connections.max_idle = connections;
        self
    }

    /// Sets the maximum size of a response body in bytes, for every operation. Defaults to 256 MiB for operations with large
    /// responses ([`OperationMeta::large_response`](convex_mgmt_proto::OperationMeta::large_response)), and to 8 MiB for all others.
    pub fn response_limit(mut self, bytes: usize) -> Self {
        self.settings.connections.response_limits = ResponseLimits { usual: bytes, large: bytes };
        self
    }

    /// Enables HTTP/2 where the server offers it. Defaults to HTTP/1.1 only. Feature `http2`.
    #[cfg(feature = "http2")]
    pub fn http2(mut self, enabled: bool) -> Self {
        self.settings.connections.connect.http2 = enabled;
        self
    }

    /// Sets a proxy for all connections, except those to this machine. Defaults to none, whatever the environment says. Feature
    /// `proxy`.
    #[cfg(feature = "proxy")]
    pub fn proxy(mut self, proxy: crate::Proxy) -> Self {
        self.settings.connections.connect.proxy = Some(proxy.into());
        self
    }

    /// Selects one of the crypto providers that are built in. Defaults to ring, if it is built in.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(any(feature = "tls-ring", feature = "tls-aws-lc", feature = "native-roots"))))]
    pub fn crypto_provider(mut self, provider: crate::CryptoProvider) -> Self {
        self.settings.connections.connect.tls.provider = Some(provider);
        self
    }

    /// Trusts the certificates in this PEM text in addition to the others, such as those of a private authority.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(any(feature = "tls-ring", feature = "tls-aws-lc", feature = "native-roots"))))]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.settings.connections.connect.tls.extra_roots.push(pem.into());
        self
    }

    /// Trusts the platform's certificates instead of the bundled ones. Feature `native-roots`.
    #[cfg(feature = "native-roots")]
    pub fn native_roots(mut self) -> Self {
        self.settings.connections.connect.tls.native_roots = true;
        self
    }

    /// Opens connections with a connector of your own, such as one for Unix sockets. It replaces name lookup, TCP, the proxy
    /// and TLS, so the settings of those have no effect. The library does not encrypt what it sends over `https`.
    ///
    /// The connector receives the scheme, host and port of the URL, with the path `/`. It returns a stream with tokio's traits,
    /// or a [`Connection`] for HTTP/2. The connect timeout and the pool of connections apply as usual. An error of the
    /// connector means that nothing was sent, so the attempt is retried for every operation.
    ///
    /// ```no_run
    /// # #[cfg(unix)]
    /// # fn example(endpoint: convex_mgmt::Endpoint<convex_mgmt::DeploymentApi>) -> Result<(), convex_mgmt::ConfigError> {
    /// use tokio::net::UnixStream;
    ///
    /// let client = convex_mgmt::Client::builder(endpoint)
    ///     .connector(tower::service_fn(|_url: http::Uri| UnixStream::connect("/run/convex.sock")))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn connector<C>(mut self, connector: C) -> Self
    where
        C: Service<Uri, Response: Into<Connection>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    {
        self.settings.connections.connect.set_connector(connector);
        self
    }

    /// Uses the connections of a transport from [`build_transport`](Self::build_transport) instead of opening its own. This
    /// builder's settings of connections have no effect. Its attempt timeout and response limit do.
    pub fn transport(mut self, transport: &HyperTransport) -> Self {
        self.settings.connections.transport = Some(transport.clone());
        self
    }

    /// Builds the client over hyper.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting.
    pub fn build(self) -> Result<Client<A, CallLayers::Service, T>, ConfigError>
    where
        AttemptLayers: Layer<HyperTransport, Service: Transport>,
        CallLayers: Layer<DefaultService<AttemptLayers::Service, T>, Service: Transport>,
        T: Timer,
    {
        let transport = self.build_transport()?;
        self.stack(transport)
    }

    /// Builds the client over hyper and hides the type of its layers. See [`BoxClient`].
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting.
    pub fn build_boxed(self) -> Result<BoxClient<A, T>, ConfigError>
    where
        AttemptLayers: Layer<HyperTransport, Service: Transport>,
        CallLayers: Layer<DefaultService<AttemptLayers::Service, T>, Service: Transport<Future: Send> + Send + 'static>,
        T: Timer,
    {
        self.build().map(Client::boxed)
    }

    /// Builds the transport alone, for a stack of your own or for clients that share connections
    /// ([`transport`](Self::transport)). It uses the settings of connections, the attempt timeout and the response limit.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting.
    pub fn build_transport(&self) -> Result<HyperTransport, ConfigError> {
        let settings = &self.settings.connections;
        let bounds =
            TransportSettings { limits: settings.response_limits, attempt_timeout: self.settings.attempt_timeout };
        if let Some(transport) = &settings.transport {
            return Ok(transport.with_settings(bounds));
        }
        let mut http1 = http1::Builder::new();
        // `MAX_HEADERS` is hyper's own default. Setting it costs each call 1,700 instructions.
        http1.max_buf_size(defaults::HEAD_LIMIT);
        // No more connections than that are ever in use at once.
        let in_use = self.settings.max_concurrency.unwrap_or(usize::MAX).max(1);
        let pool = PoolSettings {
            idle_timeout: settings.idle_timeout,
            max_idle_per_host: settings.max_idle_per_host.min(in_use),
            max_idle: settings.max_idle,
            http1,
            #[cfg(feature = "http2")]
            http2: settings.connect.http2.then(http2),
        };
        let connector = settings.connect.connector(self.endpoint.url().starts_with("https:"))?;
        Ok(HyperTransport::new(connector, pool, bounds))
    }
}

/// The settings of HTTP/2 connections.
#[cfg(feature = "http2")]
fn http2() -> hyper::client::conn::http2::Builder<hyper_util::rt::TokioExecutor> {
    let mut http2 = hyper::client::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
    http2.timer(hyper_util::rt::TokioTimer::new());
    http2.max_header_list_size(defaults::HEAD_LIMIT as u32);
    // Applies until the server's settings arrive. A server that allows few streams would reject more.
    http2.initial_max_send_streams(1);
    // Also while idle, so that a dead connection is detected before a call needs it. The pings end with the idle timeout.
    http2.keep_alive_interval(defaults::KEEP_ALIVE_INTERVAL);
    http2.keep_alive_timeout(defaults::KEEP_ALIVE_TIMEOUT);
    http2.keep_alive_while_idle(true);
    http2
}
