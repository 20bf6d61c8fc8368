//! [`CredentialRefreshLayer`]: the function that returns new credentials, and its settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use convex_mgmt_proto::{Api, Authorizes, Endpoint};
use tower::{BoxError, Layer};

use super::credential_source::CredentialSource;
use super::endpoints::Endpoints;
use super::service::CredentialRefresh;
use super::source::Function;
use crate::timer::{DefaultTimer, InitialTimer};

/// Applies [`CredentialRefresh`] to a service, for [`ClientBuilder::attempt_layer`](crate::ClientBuilder::attempt_layer). All
/// services of one layer and its clones share the credentials.
///
/// One layer serves every endpoint of the API that its client is used at ([`Client::at`](crate::Client::at)).
///
/// ```
/// use convex_mgmt::hyper::layers::CredentialRefreshLayer;
/// use convex_mgmt::{Client, DeployKey, DeploymentApi, Endpoint};
///
/// async fn read_from_vault(url: &str) -> Result<String, std::io::Error> {
///     // Asks the vault for the key of this deployment, or makes a new key with the Management API.
/// #   Ok(format!("prod:happy-animal-123|{}", url.len()))
/// }
///
/// let refresh = CredentialRefreshLayer::new(async |endpoint| {
///     let text = read_from_vault(endpoint.url()).await?;
///     Ok(DeployKey::parse(&text)?)
/// });
/// let key = DeployKey::parse("prod:happy-animal-123|old")?;
/// let endpoint = Endpoint::<DeploymentApi>::new("https://happy-animal-123.convex.cloud", &key)?;
/// let client = Client::builder(endpoint).attempt_layer(refresh).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It runs on any runtime ([`timer`](Self::timer)). It does not require `Send` of the source, its futures or the timer, so they may hold
/// an `Rc`. The services and their futures are `Send` if these and the inner service are, and the source is `Sync`.
///
/// The type of the layer contains the type of the source, `F`. A struct names a client with it as [`BoxClient`](crate::BoxClient), or
/// has a source with a name ([`from_source`](Self::from_source)).
pub struct CredentialRefreshLayer<A: Api, F: CredentialSource<A>, T = DefaultTimer> {
    endpoints: Arc<Endpoints<A, F>>,
    timer: T,
}

impl<A: Api, F: CredentialSource<A>> CredentialRefreshLayer<A, F, InitialTimer> {
    /// Creates a layer that calls `source` with an endpoint whose credential the server rejects with 401. `source` returns
    /// another credential for that endpoint, or an error.
    ///
    /// An endpoint is identified by its URL, path prefix and original credential. Two credentials for one URL are two endpoints,
    /// and `source` sees the same URL for both: use a client with a layer of its own for each role. Requests of the other API
    /// pass unchanged.
    ///
    /// The source must not send through the client that it serves: a concurrency limit may have no slot for it. If the
    /// credential's type serves both APIs, name the API: `|endpoint: Endpoint<DeploymentApi>|`.
    pub fn new<R, C>(source: F) -> Self
    where
        // From this bound the compiler infers the types of a closure's parameter and error.
        F: Fn(Endpoint<A>) -> R + CredentialSource<A, Future = R>,
        R: Future<Output = Result<C, BoxError>>,
        C: Authorizes<A>,
    {
        Self::from_source(source)
    }

    /// Creates a layer like [`new`](Self::new), with a source of any type.
    pub fn from_source<C>(source: F) -> Self
    where
        F::Future: Future<Output = Result<C, BoxError>>,
        C: Authorizes<A>,
    {
        let function = Function { source, renew: |original, result| Ok(original.with_credential(&result?)?) };
        Self { endpoints: Arc::new(Endpoints::new(function)), timer: Default::default() }
    }
}

impl<A: Api, F: CredentialSource<A>, T> CredentialRefreshLayer<A, F, T> {
    /// Sets the timer of another runtime.
    ///
    /// The returned layer shares no credentials with clones of this one, because two timers may have different clocks.
    pub fn timer<U>(self, timer: U) -> CredentialRefreshLayer<A, F, U> {
        CredentialRefreshLayer { endpoints: Arc::new(self.endpoints.emptied()), timer }
    }

    /// Sets the pause between two calls of the source for one endpoint, if the first call failed or its credential does not
    /// work. The pause is `base` after the first time. It doubles with each further time in a row, up to `max`. Calls that the
    /// server rejects during the pause fail at once. A credential that the server accepts ends the row. Defaults to 1 s and 60 s.
    ///
    /// Applies to endpoints whose credential is rejected from now on.
    pub fn backoff(self, base: Duration, max: Duration) -> Self {
        self.endpoints.set_backoff(base, max);
        self
    }

    /// Sets the longest time of one call of the source. After that it counts as failed. Defaults to 30 s; at most 30 years.
    ///
    /// Applies to endpoints whose credential is rejected from now on.
    pub fn source_timeout(self, timeout: Duration) -> Self {
        self.endpoints.set_timeout(timeout);
        self
    }

    /// Sets the number of endpoints whose new credential and back-off are remembered. Defaults to 10,000, which take about 2 KB
    /// each. 0 counts as 1.
    ///
    /// Endpoints whose credential was never rejected take no memory. Beyond the limit, the layer forgets the endpoint that was
    /// used least recently and has no call in flight. Its next call sends the original credential again, and the source is called
    /// if the server still rejects that.
    pub fn max_endpoints(self, endpoints: usize) -> Self {
        self.endpoints.set_max(endpoints);
        self
    }
}

impl<A: Api, F: CredentialSource<A>, T: Clone> Clone for CredentialRefreshLayer<A, F, T> {
    fn clone(&self) -> Self {
        Self { endpoints: Arc::clone(&self.endpoints), timer: self.timer.clone() }
    }
}

impl<A: Api, F: CredentialSource<A>, T> fmt::Debug for CredentialRefreshLayer<A, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRefreshLayer").field("api", &A::NAME).finish_non_exhaustive()
    }
}

impl<S, A: Api, F: CredentialSource<A>, T: Clone> Layer<S> for CredentialRefreshLayer<A, F, T> {
    type Service = CredentialRefresh<S, A, F, T>;
    fn layer(&self, inner: S) -> CredentialRefresh<S, A, F, T> {
        CredentialRefresh::new(inner, Arc::clone(&self.endpoints), self.timer.clone())
    }
}
