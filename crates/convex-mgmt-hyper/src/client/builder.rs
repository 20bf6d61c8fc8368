//! [`ClientBuilder`]: a client's settings, and the place of an integrator's layers in its stack.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::{Api, Endpoint, RetryBudget, RetryPolicy, UserAgent};
use http::Request;
use hyper::client::conn::http1;
use tower::layer::util::{Identity, Stack};
use tower::{Layer, Service};

use super::handle::Client;
use crate::config::{ConfigError, defaults};
use crate::connect::ConnectSettings;
use crate::layers::{AttemptTimeout, AttemptTimeoutLayer, ConcurrencyLimitLayer, RetryLayer};
use crate::service::{AttemptService, CallService};
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
    response_limits: ResponseLimits,
    connect: ConnectSettings,
}

impl<A: Api> Client<A> {
    /// A client with all defaults.
    ///
    /// # Errors
    /// A [`ConfigError`] if this build of the library cannot reach the endpoint.
    pub fn new(endpoint: Endpoint<A>) -> Result<Self, ConfigError> {
        Self::builder(endpoint).build()
    }

    /// A client with settings or layers of its own.
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
            response_limits: ResponseLimits { usual: defaults::RESPONSE_LIMIT, large: defaults::LARGE_RESPONSE_LIMIT },
            connect: ConnectSettings::default(),
        };
        Self { endpoint, settings, attempt_layers: Identity::new(), call_layers: Identity::new() }
    }
}

impl<A: Api, AttemptLayers, CallLayers> ClientBuilder<A, AttemptLayers, CallLayers> {
    /// Names the integrator's product in the `User-Agent`, before this library's, for all endpoints that the client is used
    /// at ([`Client::at`]). An endpoint's own ([`Endpoint::user_agent`]) wins for that endpoint. Visible ASCII only: building
    /// fails otherwise, see [`UserAgent::new`].
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.settings.user_agent = Some(product.into());
        self
    }

    /// How often and how soon to try again. Default: 3 attempts.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// What all calls of the client together may spend on trying again.
    pub fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.settings.retry_budget = budget;
        self
    }

    /// Sets the longest wait for the server within one attempt. Default 30 s; `None` sets no bound.
    ///
    /// The head of the response has to come within this time from the start of the attempt, opening a connection included.
    /// After that it is the longest pause within the body: a large response over a slow connection may take any time up to
    /// the [total timeout](Self::total_timeout), as long as it makes progress.
    ///
    /// A transport given to [`build_on`](Self::build_on) returns whole responses. With it this bounds the whole attempt.
    pub fn attempt_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.attempt_timeout = timeout.into();
        self
    }

    /// How long a call may take with all its attempts and the waits between them. Default 90 s; `None` for no bound.
    pub fn total_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.total_timeout = timeout.into();
        self
    }

    /// How long opening a connection may take: looking up its name, TCP, the proxy and TLS together. Addresses of one name
    /// share the time, so that one that is dead leaves some to the others. Default 10 s; `None` sets no bound of its own.
    pub fn connect_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.connect.timeout = timeout.into();
        self
    }

    /// Tries these addresses in turn where the URL names this host, instead of looking it up: for a name that is not public, or
    /// an address that is not the public one. `Host` and the name in TLS stay those of the URL. With a proxy it is the proxy
    /// that looks hosts up.
    ///
    /// `localhost` and the names below it take loopback addresses only: plaintext may go there, and no proxy is used. Building
    /// the client fails otherwise. For a server elsewhere, use another name.
    pub fn resolve(mut self, host: &str, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let given = Arc::make_mut(&mut self.settings.connect.given);
        given.insert(host.to_ascii_lowercase(), addresses.into_iter().collect());
        self
    }

    /// How long a connection is kept that nothing goes over. Default 50 s; `None` for ever.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.idle_timeout = timeout.into();
        self
    }

    /// The most idle connections to one host. Default: as many as [`max_concurrency`](Self::max_concurrency), if that is set.
    pub fn max_idle_connections(mut self, connections: usize) -> Self {
        self.settings.max_idle_per_host = connections;
        self
    }

    /// The most idle connections to all hosts together. Default 256. With more, the pool closes those that were used least
    /// recently. Connections that carry a request do not count.
    pub fn max_idle_connections_total(mut self, connections: usize) -> Self {
        self.settings.max_idle = connections;
        self
    }

    /// How many requests may be under way at once; more wait, within the total timeout. Default: no limit. 0 counts as 1.
    ///
    /// No more connections than that to one host stay idle. Over HTTP/1.1 more may be opened: an attempt that finds none free
    /// begins to open one, and takes whichever is free first. So while opening one takes longer than a call, each attempt may
    /// open one, and the pool closes those above the limit as soon as they are open. Over HTTP/2 all attempts share one.
    pub fn max_concurrency(mut self, requests: impl Into<Option<usize>>) -> Self {
        self.settings.max_concurrency = requests.into();
        self
    }

    /// The largest body of an answer in bytes, for every operation. Default 8 MiB, and 256 MiB for those operations that may
    /// have large answers.
    pub fn response_limit(mut self, bytes: usize) -> Self {
        self.settings.response_limits = ResponseLimits { usual: bytes, large: bytes };
        self
    }

    /// Uses HTTP/2 where the server offers it. Default: HTTP/1.1 only. Feature `http2`.
    #[cfg(feature = "http2")]
    pub fn http2(mut self, enabled: bool) -> Self {
        self.settings.connect.http2 = enabled;
        self
    }

    /// Connects through a proxy, but never to this machine. Default: directly, whatever the environment says. Feature `proxy`.
    #[cfg(feature = "proxy")]
    pub fn proxy(mut self, proxy: crate::Proxy) -> Self {
        self.settings.connect.proxy = Some(proxy.into());
        self
    }

    /// Chooses among the crypto providers that are built in. Default: ring, if it is.
    #[cfg(feature = "tls")]
    pub fn crypto_provider(mut self, provider: crate::CryptoProvider) -> Self {
        self.settings.connect.tls.provider = Some(provider);
        self
    }

    /// Trusts the certificates in this PEM text besides the others, such as those of a private authority.
    #[cfg(feature = "tls")]
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

    /// Adds a layer that each attempt goes through, between retries and the attempt timeout: the last one added is the
    /// outermost. It finds the operation in the request's extensions as `&'static OperationMeta`.
    pub fn attempt_layer<L>(self, layer: L) -> ClientBuilder<A, Stack<AttemptLayers, L>, CallLayers> {
        let Self { endpoint, settings, attempt_layers, call_layers } = self;
        ClientBuilder { endpoint, settings, attempt_layers: Stack::new(attempt_layers, layer), call_layers }
    }

    /// Adds a layer that each call goes through once, around retries and the total timeout: the last one added is the
    /// outermost.
    pub fn call_layer<L>(self, layer: L) -> ClientBuilder<A, AttemptLayers, Stack<CallLayers, L>> {
        let Self { endpoint, settings, attempt_layers, call_layers } = self;
        ClientBuilder { endpoint, settings, attempt_layers, call_layers: Stack::new(call_layers, layer) }
    }

    /// Builds the client, over hyper.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting.
    pub fn build(self) -> Result<Client<A, CallLayers::Service>, ConfigError>
    where
        AttemptLayers: Layer<AttemptService>,
        CallLayers: Layer<CallService<AttemptLayers::Service>>,
    {
        let settings = &self.settings;
        let mut http1 = http1::Builder::new();
        // `MAX_HEADERS` is hyper's own default. Saying it costs each call 1,700 instructions.
        http1.max_buf_size(defaults::HEAD_LIMIT);
        // More than may be in use at once are of no use.
        let in_use = settings.max_concurrency.unwrap_or(usize::MAX).max(1);
        let pool = PoolSettings {
            idle_timeout: settings.idle_timeout,
            max_idle_per_host: settings.max_idle_per_host.min(in_use),
            max_idle: settings.max_idle,
            http1,
            #[cfg(feature = "http2")]
            http2: settings.connect.http2.then(http2),
        };
        let bounds = TransportSettings { limits: settings.response_limits, attempt_timeout: settings.attempt_timeout };
        let connector = settings.connect.connector(self.endpoint.url().starts_with("https:"))?;
        let transport = HyperTransport::new(connector, pool, bounds);
        self.stack(transport)
    }

    /// Builds the client over another transport, with this library's deadline, retries, limit and attempt timeout around
    /// it. The settings of connections and the response limit are the transport's own business then.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting.
    pub fn build_on<T>(self, transport: T) -> Result<Client<A, CallLayers::Service>, ConfigError>
    where
        T: Service<Request<Bytes>>,
        AttemptLayers: Layer<AttemptTimeout<T>>,
        CallLayers: Layer<CallService<AttemptLayers::Service>>,
    {
        let attempt_timeout = AttemptTimeoutLayer::new(self.settings.attempt_timeout);
        self.stack(attempt_timeout.layer(transport))
    }

    /// Puts the layers around the service that performs an attempt in bounded time.
    fn stack<T>(self, attempt: T) -> Result<Client<A, CallLayers::Service>, ConfigError>
    where
        AttemptLayers: Layer<T>,
        CallLayers: Layer<CallService<AttemptLayers::Service>>,
    {
        let Self { endpoint, settings, attempt_layers, call_layers } = self;
        let user_agent = settings.user_agent.as_deref().map(UserAgent::new).transpose()?;
        let limited = ConcurrencyLimitLayer::new(settings.max_concurrency).layer(attempt_layers.layer(attempt));
        let call = RetryLayer::new(settings.retry, settings.retry_budget, settings.total_timeout).layer(limited);
        Ok(Client::with_service(endpoint, call_layers.layer(call)).with_user_agent(user_agent))
    }
}

/// How HTTP/2 connections are driven.
#[cfg(feature = "http2")]
fn http2() -> hyper::client::conn::http2::Builder<hyper_util::rt::TokioExecutor> {
    let mut http2 = hyper::client::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
    http2.timer(hyper_util::rt::TokioTimer::new());
    http2.max_header_list_size(defaults::HEAD_LIMIT as u32);
    // Until the server has said how many streams it allows. More would be refused by one that allows few.
    http2.initial_max_send_streams(1);
    // Also without a request under way: a dead connection is found before a call needs it, and the pings end with the idle
    // timeout.
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
