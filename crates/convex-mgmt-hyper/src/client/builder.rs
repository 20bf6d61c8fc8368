//! [`ClientBuilder`]: the settings of a client, and its layers.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use convex_mgmt_proto::{Api, Endpoint, RetryBudget, RetryPolicy, UserAgent};
use http::Uri;
use hyper::client::conn::http1;
use tower::layer::util::{Identity, Stack};
use tower::{BoxError, Layer, Service};

use super::handle::{BoxClient, Client};
use crate::config::{ConfigError, defaults};
use crate::connect::{ConnectSettings, Connection};
use crate::layers::{AttemptTimeout, AttemptTimeoutLayer};
use crate::service::{DefaultService, Transport};
use crate::transport::{HyperTransport, PoolSettings, ResponseLimits, TransportSettings};

/// Builds a [`Client`].
///
/// ```
/// use std::time::Duration;
/// use convex_mgmt::Client;
/// use convex_mgmt::{DeployKey, DeploymentApi, Endpoint, RetryPolicy};
///
/// let key = DeployKey::parse("happy-animal-123|01abcd")?;
/// let client = Client::builder(Endpoint::<DeploymentApi>::new("http://127.0.0.1:3210", &key)?)
///     .attempt_timeout(Duration::from_secs(5))
///     .retry(RetryPolicy::default().max_attempts(5))
///     .max_concurrency(8)
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Clients that share connections and the retry budget
/// [`Client::at`] creates clients of other endpoints with the same settings. Clients with different settings share a
/// [`HyperTransport`] and a [`RetryBudget`]: clones of both share their state.
///
/// ```
/// use convex_mgmt::{Client, DeployKey, DeploymentApi, Endpoint, RetryBudget, RetryPolicy};
///
/// # let key = DeployKey::parse("happy-animal-123|01abcd")?;
/// # let endpoint = Endpoint::<DeploymentApi>::new("http://127.0.0.1:3210", &key)?;
/// let transport = Client::builder(endpoint.clone()).max_idle_connections_total(64).build_transport()?;
/// let budget = RetryBudget::new(200);
/// let shared = || Client::builder(endpoint.clone()).transport(&transport).retry_budget(budget.clone());
/// let interactive = shared().retry(RetryPolicy::never()).build()?;
/// let background = shared().max_concurrency(2).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder<A, AttemptLayers = Identity, CallLayers = Identity> {
    endpoint: Endpoint<A>,
    settings: Settings,
    attempt_layers: AttemptLayers,
    call_layers: CallLayers,
}

struct Settings {
    user_agent: Option<String>,
    retry: RetryPolicy,
    retry_budget: RetryBudget,
    attempt_timeout: Option<Duration>,
    total_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
    max_idle_per_host: usize,
    max_idle: usize,
    max_concurrency: Option<usize>,
    require_confirmation: bool,
    response_limits: ResponseLimits,
    connect: ConnectSettings,
    /// A transport whose connections the client uses instead of its own.
    transport: Option<HyperTransport>,
}

impl<A: Api> Client<A> {
    /// Creates a client with default settings.
    ///
    /// # Errors
    /// A [`ConfigError`] if this build of the library cannot reach the endpoint.
    pub fn new(endpoint: Endpoint<A>) -> Result<Self, ConfigError> {
        Self::builder(endpoint).build()
    }

    /// Creates a builder for a client with other settings or layers.
    pub fn builder(endpoint: Endpoint<A>) -> ClientBuilder<A> {
        ClientBuilder::new(endpoint)
    }
}

impl<A: Api> ClientBuilder<A> {
    fn new(endpoint: Endpoint<A>) -> Self {
        let settings = Settings {
            user_agent: None,
            retry: RetryPolicy::default(),
            retry_budget: RetryBudget::default(),
            attempt_timeout: Some(defaults::ATTEMPT_TIMEOUT),
            total_timeout: Some(defaults::TOTAL_TIMEOUT),
            idle_timeout: Some(defaults::IDLE_TIMEOUT),
            max_idle_per_host: usize::MAX,
            max_idle: defaults::MAX_IDLE_CONNECTIONS,
            max_concurrency: None,
            require_confirmation: false,
            response_limits: ResponseLimits { usual: defaults::RESPONSE_LIMIT, large: defaults::LARGE_RESPONSE_LIMIT },
            connect: ConnectSettings::default(),
            transport: None,
        };
        Self { endpoint, settings, attempt_layers: Identity::new(), call_layers: Identity::new() }
    }
}

impl<A: Api, AttemptLayers, CallLayers> ClientBuilder<A, AttemptLayers, CallLayers> {
    /// Sets the product in the `User-Agent`, such as `my-tool/1.2`. It precedes this library's, and has visible ASCII and spaces
    /// only ([`UserAgent::new`]). Building the client fails otherwise.
    ///
    /// It applies to every endpoint of the client ([`Client::at`]), except to endpoints with a product of their own
    /// ([`Endpoint::with_user_agent`]).
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.settings.user_agent = Some(product.into());
        self
    }

    /// Sets the retry limits and the backoff. Defaults to 3 attempts per call.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// Sets the budget that limits the retries of all calls together. Clients with clones of one budget share it. Defaults to
    /// a budget of the client's own.
    pub fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.settings.retry_budget = budget;
        self
    }

    /// Sets the longest wait for the server within one attempt. Defaults to 30 s; `None` sets no bound.
    ///
    /// The head of the response has to arrive within this time from the start of the attempt, which includes opening a
    /// connection. After that it bounds each pause within the body. A large response over a slow connection may take longer while it
    /// makes progress, up to the [total timeout](Self::total_timeout).
    ///
    /// A transport passed to [`build_on`](Self::build_on) returns whole responses. There it bounds the whole attempt.
    pub fn attempt_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.attempt_timeout = timeout.into();
        self
    }

    /// Sets the deadline of a call: all its attempts and the waits between them. Defaults to 90 s; `None` sets no bound.
    pub fn total_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.total_timeout = timeout.into();
        self
    }

    /// Sets the longest time to open a connection: name lookup, TCP, the proxy and TLS together. Defaults to 10 s; `None` sets
    /// no separate bound. The addresses of a name share this time, so that a dead address leaves time for the others.
    pub fn connect_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.connect.timeout = timeout.into();
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
        let hosts = Arc::make_mut(&mut self.settings.connect.hosts);
        hosts.insert(host.to_ascii_lowercase(), addresses.into_iter().collect());
        self
    }

    /// Sets the time that an idle connection stays in the pool. Defaults to 50 s; `None` never closes idle connections.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.idle_timeout = timeout.into();
        self
    }

    /// Sets the maximum number of idle connections to one host. Defaults to [`max_concurrency`](Self::max_concurrency) if that
    /// has a value, and to no limit otherwise.
    pub fn max_idle_connections(mut self, connections: usize) -> Self {
        self.settings.max_idle_per_host = connections;
        self
    }

    /// Sets the maximum number of idle connections to all hosts together. Defaults to 256. Above it the pool closes the least
    /// recently used ones. Connections that carry a request do not count.
    pub fn max_idle_connections_total(mut self, connections: usize) -> Self {
        self.settings.max_idle = connections;
        self
    }

    /// Sets the maximum number of attempts in flight. Further attempts wait for a free slot; the wait counts towards the total
    /// timeout. Defaults to no limit. 0 counts as 1.
    ///
    /// At most this many connections to one host stay idle. Over HTTP/1.1 more may be opened: an attempt without a free
    /// connection starts to open one, and takes whichever is free first. So while opening takes longer than a call, each
    /// attempt may open one, and the pool closes those above the limit once they are open. Over HTTP/2 all attempts share one.
    pub fn max_concurrency(mut self, attempts: impl Into<Option<usize>>) -> Self {
        self.settings.max_concurrency = attempts.into();
        self
    }

    /// Rejects destructive operations ([`Operation::is_destructive`](convex_mgmt_proto::Operation::is_destructive)) unless
    /// [`Client::send_confirmed`] sends them. Defaults to off.
    ///
    /// A rejected operation fails with [`ErrorKind::NotConfirmed`](crate::ErrorKind::NotConfirmed), and nothing was sent. Clients from
    /// [`Client::at`] reject them, too. Requests that a layer of yours creates need the operation in their extensions.
    pub fn require_confirmation(mut self) -> Self {
        self.settings.require_confirmation = true;
        self
    }

    /// Sets the maximum size of a response body in bytes, for every operation. Defaults to 256 MiB for operations with large
    /// responses ([`OperationMeta::large_response`](convex_mgmt_proto::OperationMeta::large_response)), and to 8 MiB for all others.
    pub fn response_limit(mut self, bytes: usize) -> Self {
        self.settings.response_limits = ResponseLimits { usual: bytes, large: bytes };
        self
    }

    /// Enables HTTP/2 where the server offers it. Defaults to HTTP/1.1 only. Feature `http2`.
    #[cfg(feature = "http2")]
    pub fn http2(mut self, enabled: bool) -> Self {
        self.settings.connect.http2 = enabled;
        self
    }

    /// Sets a proxy for all connections, except those to this machine. Defaults to none, whatever the environment says. Feature
    /// `proxy`.
    #[cfg(feature = "proxy")]
    pub fn proxy(mut self, proxy: crate::Proxy) -> Self {
        self.settings.connect.proxy = Some(proxy.into());
        self
    }

    /// Selects one of the crypto providers that are built in. Defaults to ring, if it is built in.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(any(feature = "tls-ring", feature = "tls-aws-lc", feature = "native-roots"))))]
    pub fn crypto_provider(mut self, provider: crate::CryptoProvider) -> Self {
        self.settings.connect.tls.provider = Some(provider);
        self
    }

    /// Trusts the certificates in this PEM text in addition to the others, such as those of a private authority.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(any(feature = "tls-ring", feature = "tls-aws-lc", feature = "native-roots"))))]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.settings.connect.tls.extra_roots.push(pem.into());
        self
    }

    /// Trusts the platform's certificates instead of the bundled ones. Feature `native-roots`.
    #[cfg(feature = "native-roots")]
    pub fn native_roots(mut self) -> Self {
        self.settings.connect.tls.native_roots = true;
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
        self.settings.connect.set_connector(connector);
        self
    }

    /// Uses the connections of a transport from [`build_transport`](Self::build_transport) instead of opening its own. This
    /// builder's settings of connections have no effect. Its attempt timeout and response limit do.
    pub fn transport(mut self, transport: &HyperTransport) -> Self {
        self.settings.transport = Some(transport.clone());
        self
    }

    /// Adds a layer around each attempt, between retries and the attempt timeout. The layer that is added last is the outermost.
    /// Requests carry the operation in their extensions as `&'static OperationMeta`.
    ///
    /// An error of the layer's own, such as tower's `Elapsed`, is [`ErrorKind::Layer`](crate::ErrorKind::Layer) and is not retried. Use
    /// [`attempt_timeout`](Self::attempt_timeout) for timeouts.
    pub fn attempt_layer<L>(self, layer: L) -> ClientBuilder<A, Stack<AttemptLayers, L>, CallLayers> {
        let Self { endpoint, settings, attempt_layers, call_layers } = self;
        ClientBuilder { endpoint, settings, attempt_layers: Stack::new(attempt_layers, layer), call_layers }
    }

    /// Adds a layer around each call, outside retries and the total timeout. The layer that is added last is the outermost.
    pub fn call_layer<L>(self, layer: L) -> ClientBuilder<A, AttemptLayers, Stack<CallLayers, L>> {
        let Self { endpoint, settings, attempt_layers, call_layers } = self;
        ClientBuilder { endpoint, settings, attempt_layers, call_layers: Stack::new(call_layers, layer) }
    }

    /// Builds the client over hyper.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting.
    pub fn build(self) -> Result<Client<A, CallLayers::Service>, ConfigError>
    where
        AttemptLayers: Layer<HyperTransport, Service: Transport>,
        CallLayers: Layer<DefaultService<AttemptLayers::Service>, Service: Transport>,
    {
        let transport = self.build_transport()?;
        self.stack(transport)
    }

    /// Builds the client over hyper and hides the type of its layers. See [`BoxClient`].
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting.
    pub fn build_boxed(self) -> Result<BoxClient<A>, ConfigError>
    where
        AttemptLayers: Layer<HyperTransport, Service: Transport>,
        CallLayers: Layer<DefaultService<AttemptLayers::Service>, Service: Transport<Future: Send> + Send + 'static>,
    {
        self.build().map(Client::boxed)
    }

    /// Builds the client over another transport, with the library's deadline, retries, concurrency limit and attempt timeout.
    /// The settings of connections and the response limit have no effect on it.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting.
    pub fn build_on<T>(self, transport: T) -> Result<Client<A, CallLayers::Service>, ConfigError>
    where
        AttemptLayers: Layer<AttemptTimeout<T>, Service: Transport>,
        CallLayers: Layer<DefaultService<AttemptLayers::Service>, Service: Transport>,
    {
        let attempt_timeout = AttemptTimeoutLayer::new(self.settings.attempt_timeout);
        self.stack(attempt_timeout.layer(transport))
    }

    /// Builds the transport alone, for a stack of your own or for clients that share connections
    /// ([`transport`](Self::transport)). It uses the settings of connections, the attempt timeout and the response limit.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting.
    pub fn build_transport(&self) -> Result<HyperTransport, ConfigError> {
        let settings = &self.settings;
        let bounds = TransportSettings { limits: settings.response_limits, attempt_timeout: settings.attempt_timeout };
        if let Some(transport) = &settings.transport {
            return Ok(transport.with_settings(bounds));
        }
        let mut http1 = http1::Builder::new();
        // `MAX_HEADERS` is hyper's own default. Setting it costs each call 1,700 instructions.
        http1.max_buf_size(defaults::HEAD_LIMIT);
        // No more connections than that are ever in use at once.
        let in_use = settings.max_concurrency.unwrap_or(usize::MAX).max(1);
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

    /// Puts the layers around the service that performs an attempt in bounded time.
    fn stack<T>(self, attempt: T) -> Result<Client<A, CallLayers::Service>, ConfigError>
    where
        AttemptLayers: Layer<T>,
        CallLayers: Layer<DefaultService<AttemptLayers::Service>>,
    {
        let Self { endpoint, settings, attempt_layers, call_layers } = self;
        let user_agent = settings.user_agent.as_deref().map(UserAgent::new).transpose()?;
        let attempt = attempt_layers.layer(attempt);
        let Settings { max_concurrency, retry, retry_budget, total_timeout, require_confirmation, .. } = settings;
        let call =
            DefaultService::new(attempt, max_concurrency, retry, retry_budget, total_timeout, require_confirmation);
        Ok(Client::with_service(endpoint, call_layers.layer(call)).with_user_agent(user_agent))
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

impl<A: Api, AttemptLayers, CallLayers> fmt::Debug for ClientBuilder<A, AttemptLayers, CallLayers> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
