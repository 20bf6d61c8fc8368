//! [`Client`]: an endpoint and the service that sends its requests.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use convex_mgmt_proto::{Api, DeploymentApi, Endpoint, ManagementApi, UserAgent};

use crate::service::{BoxService, DefaultService, Transport};
use crate::timer::{DefaultTimer, InitialTimer};

/// A client of the Deployment Platform API.
pub type DeploymentClient<S = DefaultService, T = DefaultTimer> = Client<DeploymentApi, S, T>;

/// A client of the Management API.
pub type ManagementClient<S = DefaultService, T = DefaultTimer> = Client<ManagementApi, S, T>;

/// A client whose type does not depend on its layers or its transport. It is `Clone + Send + Sync + 'static`.
///
/// [`ClientBuilder::build_boxed`](crate::ClientBuilder::build_boxed) and [`Client::boxed`] create it. A call costs one more
/// allocation than with a client of a known type.
///
/// ```
/// use convex_mgmt::deployment::PauseDeployment;
/// use convex_mgmt::{BoxClient, DeploymentApi, Error};
///
/// struct Maintenance {
///     client: BoxClient<DeploymentApi>,
/// }
///
/// impl Maintenance {
///     async fn begin(&self) -> Result<(), Error> {
///         self.client.send(&PauseDeployment::new()).await
///     }
/// }
/// ```
pub type BoxClient<A, T = DefaultTimer> = Client<A, BoxService, T>;

/// Sends operations of one API to one endpoint.
///
/// A client is one pointer. Clones share everything: connections, limits and the retry budget. A client can be built without a runtime and used from
/// several runtimes.
///
/// ```no_run
/// use convex_mgmt::Client;
/// use convex_mgmt::deployment::ListEnvironmentVariables;
/// use convex_mgmt::{DeployKey, Endpoint};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let key = DeployKey::parse("prod:happy-animal-123|made-up")?;
/// let client = Client::new(Endpoint::new("https://happy-animal-123.convex.cloud", &key)?)?;
/// for name in client.send(&ListEnvironmentVariables::new()).await?.names() {
///     println!("{name}");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # The type of a client in structs and functions
/// A client without layers is a [`DeploymentClient`] or a [`ManagementClient`]. Layers and transports are part of a client's
/// type. A struct names any client as [`BoxClient`]; a function takes any client with the bound [`Transport`].
///
/// `T` is the [`Timer`](crate::Timer) of the runtime, by default tokio's.
///
/// # Panics
/// With the timer of tokio, a call panics if it is polled outside a tokio runtime, or in one without timers:
/// [`ClientBuilder`](crate::ClientBuilder) sets a deadline for it. The default transport also needs the runtime's IO.
/// [`Client::with_service`] needs no runtime.
pub struct Client<A, S = DefaultService, T = DefaultTimer> {
    shared: Arc<Shared<A, S, T>>,
}

struct Shared<A, S, T> {
    endpoint: Endpoint<A>,
    /// Each call clones the service. The lock is held for that long only, and a service need not be `Sync`.
    service: Mutex<S>,
    timer: T,
    /// Applies to every endpoint of this client and of the clients that [`Client::at`] creates.
    user_agent: Option<UserAgent>,
}

impl<A: Api, S> Client<A, S, InitialTimer> {
    /// Creates a client over any service, such as a stack of your own. The library adds no retries and no timeouts to it.
    /// [`ClientBuilder::build_on`](crate::ClientBuilder::build_on) adds them to a transport.
    pub fn with_service(endpoint: Endpoint<A>, service: S) -> Self {
        let service = Mutex::new(service);
        Self { shared: Arc::new(Shared { endpoint, service, timer: Default::default(), user_agent: None }) }
    }
}

impl<A: Api, S, T> Client<A, S, T> {
    /// Creates a client from its parts. `user_agent` is for this endpoint and the endpoints of [`Client::at`].
    pub(crate) fn from_parts(endpoint: Endpoint<A>, service: S, timer: T, user_agent: Option<UserAgent>) -> Self {
        let endpoint = match &user_agent {
            Some(user_agent) => endpoint.with_default_user_agent(user_agent.clone()),
            None => endpoint,
        };
        Self { shared: Arc::new(Shared { endpoint, service: Mutex::new(service), timer, user_agent }) }
    }

    pub(crate) fn timer(&self) -> &T {
        &self.shared.timer
    }

    /// Returns the endpoint that this client sends to.
    pub fn endpoint(&self) -> &Endpoint<A> {
        &self.shared.endpoint
    }
}

impl<A: Api, S: Clone, T> Client<A, S, T> {
    /// Sets the timer of another runtime. It measures the time of calls, and serves [`wait_until_ready`](Client::wait_until_ready)
    /// and data syncs.
    ///
    /// The layers of a service have timers of their own. [`ClientBuilder::timer`](crate::ClientBuilder::timer) sets all of them.
    #[must_use]
    pub fn with_timer<U>(self, timer: U) -> Client<A, S, U> {
        Client::from_parts(self.shared.endpoint.clone(), self.service(), timer, self.user_agent())
    }

    /// Hides the type of the service, so that the client's type does not depend on its layers.
    #[must_use]
    pub fn boxed(self) -> BoxClient<A, T>
    where
        S: Transport + Send + 'static,
        S::Future: Send,
        T: Clone,
    {
        let service = BoxService::new(self.service());
        Client::from_parts(self.shared.endpoint.clone(), service, self.shared.timer.clone(), self.user_agent())
    }
}

impl<A, S: Clone, T> Client<A, S, T> {
    /// Returns the service for one call.
    pub(crate) fn service(&self) -> S {
        self.shared.service.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn user_agent(&self) -> Option<UserAgent> {
        self.shared.user_agent.clone()
    }

    /// Creates a client of another endpoint, of either API. It shares this client's connections, limits, retry budget and
    /// `User-Agent` product ([`ClientBuilder::user_agent`](crate::ClientBuilder::user_agent)).
    #[must_use]
    pub fn at<B: Api>(&self, endpoint: Endpoint<B>) -> Client<B, S, T>
    where
        T: Clone,
    {
        Client::from_parts(endpoint, self.service(), self.shared.timer.clone(), self.user_agent())
    }
}

impl<A, S, T> Clone for Client<A, S, T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<A: Api, S, T> fmt::Debug for Client<A, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", self.endpoint()).finish_non_exhaustive()
    }
}
