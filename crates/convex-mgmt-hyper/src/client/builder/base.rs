//! [`ClientBuilder`]: the settings of a client, and its layers.

use std::fmt;
use std::time::Duration;

use convex_mgmt_proto::{Api, Endpoint, RetryBudget, RetryPolicy, UserAgent};
use tower::Layer;
use tower::layer::util::{Identity, Stack};

use super::super::handle::Client;
#[cfg(feature = "hyper")]
use super::connection_settings::ConnectionSettings;
use crate::config::{ConfigError, defaults};
use crate::layers::{AttemptTimeout, AttemptTimeoutLayer};
use crate::service::{DefaultService, Transport};
use crate::timer::{DefaultTimer, InitialTimer, Timer};

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
/// [`HyperTransport`](crate::HyperTransport) and a [`RetryBudget`]: clones of both share their state.
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
pub struct ClientBuilder<A, AttemptLayers = Identity, CallLayers = Identity, T = DefaultTimer> {
    pub(super) endpoint: Endpoint<A>,
    timer: T,
    pub(super) settings: Settings,
    attempt_layers: AttemptLayers,
    call_layers: CallLayers,
}

pub(super) struct Settings {
    user_agent: Option<String>,
    retry: RetryPolicy,
    retry_budget: RetryBudget,
    pub(super) attempt_timeout: Option<Duration>,
    total_timeout: Option<Duration>,
    pub(super) max_concurrency: Option<usize>,
    require_confirmation: bool,
    #[cfg(feature = "hyper")]
    pub(super) connections: ConnectionSettings,
}

impl<A: Api> Client<A> {
    /// Creates a builder for a client with other settings, layers or transports.
    pub fn builder(endpoint: Endpoint<A>) -> ClientBuilder<A, Identity, Identity, InitialTimer> {
        ClientBuilder::new(endpoint)
    }
}

impl<A: Api> ClientBuilder<A, Identity, Identity, InitialTimer> {
    fn new(endpoint: Endpoint<A>) -> Self {
        let settings = Settings {
            user_agent: None,
            retry: RetryPolicy::default(),
            retry_budget: RetryBudget::default(),
            attempt_timeout: Some(defaults::ATTEMPT_TIMEOUT),
            total_timeout: Some(defaults::TOTAL_TIMEOUT),
            max_concurrency: None,
            require_confirmation: false,
            #[cfg(feature = "hyper")]
            connections: ConnectionSettings::default(),
        };
        Self {
            endpoint,
            timer: Default::default(),
            settings,
            attempt_layers: Identity::new(),
            call_layers: Identity::new(),
        }
    }
}

impl<A: Api, AttemptLayers, CallLayers, T> ClientBuilder<A, AttemptLayers, CallLayers, T> {
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

    /// Sets the timer of another runtime than tokio, for a transport with [`build_on`](Self::build_on).
    ///
    /// The layers of [`attempt_layer`](Self::attempt_layer) and [`call_layer`](Self::call_layer) have timers of their own.
    pub fn timer<U>(self, timer: U) -> ClientBuilder<A, AttemptLayers, CallLayers, U> {
        let Self { endpoint, timer: _, settings, attempt_layers, call_layers } = self;
        ClientBuilder { endpoint, timer, settings, attempt_layers, call_layers }
    }

    /// Adds a layer around each attempt, between retries and the attempt timeout. The layer that is added last is the outermost.
    /// Requests carry the operation in their extensions as `&'static OperationMeta`.
    ///
    /// An error of the layer's own, such as tower's `Elapsed`, is [`ErrorKind::Layer`](crate::ErrorKind::Layer) and is not retried. Use
    /// [`attempt_timeout`](Self::attempt_timeout) for timeouts.
    pub fn attempt_layer<L>(self, layer: L) -> ClientBuilder<A, Stack<AttemptLayers, L>, CallLayers, T> {
        let Self { endpoint, timer, settings, attempt_layers, call_layers } = self;
        ClientBuilder { endpoint, timer, settings, attempt_layers: Stack::new(attempt_layers, layer), call_layers }
    }

    /// Adds a layer around each call, outside retries and the total timeout. The layer that is added last is the outermost.
    pub fn call_layer<L>(self, layer: L) -> ClientBuilder<A, AttemptLayers, Stack<CallLayers, L>, T> {
        let Self { endpoint, timer, settings, attempt_layers, call_layers } = self;
        ClientBuilder { endpoint, timer, settings, attempt_layers, call_layers: Stack::new(call_layers, layer) }
    }

    /// Builds the client over another transport, with the library's deadline, retries, concurrency limit and attempt timeout.
    /// The settings of connections and the response limit have no effect on it.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting.
    pub fn build_on<S>(self, transport: S) -> Result<Client<A, CallLayers::Service, T>, ConfigError>
    where
        AttemptLayers: Layer<AttemptTimeout<S, T>, Service: Transport>,
        CallLayers: Layer<DefaultService<AttemptLayers::Service, T>, Service: Transport>,
        T: Timer,
    {
        let attempt_timeout = AttemptTimeoutLayer::new(self.settings.attempt_timeout).timer(self.timer.clone());
        self.stack(attempt_timeout.layer(transport))
    }

    /// Puts the layers around the service that performs an attempt in bounded time.
    pub(super) fn stack<S>(self, attempt: S) -> Result<Client<A, CallLayers::Service, T>, ConfigError>
    where
        AttemptLayers: Layer<S>,
        CallLayers: Layer<DefaultService<AttemptLayers::Service, T>>,
        T: Clone,
    {
        let Self { endpoint, timer, settings, attempt_layers, call_layers } = self;
        let user_agent = settings.user_agent.as_deref().map(UserAgent::new).transpose()?;
        let attempt = attempt_layers.layer(attempt);
        let Settings { max_concurrency, retry, retry_budget, total_timeout, require_confirmation, .. } = settings;
        let call = DefaultService::new(
            attempt,
            timer.clone(),
            max_concurrency,
            retry,
            retry_budget,
            total_timeout,
            require_confirmation,
        );
        Ok(Client::from_parts(endpoint, call_layers.layer(call), timer, user_agent))
    }
}

impl<A: Api, AttemptLayers, CallLayers, T> fmt::Debug for ClientBuilder<A, AttemptLayers, CallLayers, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
