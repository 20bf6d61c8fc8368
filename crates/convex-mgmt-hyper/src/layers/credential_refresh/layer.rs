//! [`CredentialRefreshLayer`]: the function that returns new credentials, and its settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use convex_mgmt_proto::{Api, Authorizes, Endpoint};
use tower::{BoxError, Layer};

use super::endpoints::Endpoints;
use super::service::CredentialRefresh;

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
pub struct CredentialRefreshLayer<A>(Arc<Endpoints<A>>);

impl<A: Api> CredentialRefreshLayer<A> {
    /// Creates a layer that calls `source` with an endpoint whose credential the server rejects with 401. `source` returns
    /// another credential for that endpoint, or an error.
    ///
    /// An endpoint is identified by its URL, path prefix and original credential. Two credentials for one URL are two endpoints,
    /// and `source` sees the same URL for both: use a client with a layer of its own for each role. Requests of the other API
    /// pass unchanged.
    ///
    /// The source must not send through the client that it serves: a concurrency limit may have no slot for it. If the
    /// credential's type serves both APIs, name the API: `CredentialRefreshLayer::<DeploymentApi>::new`.
    pub fn new<F, C>(source: impl Fn(Endpoint<A>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<C, BoxError>> + Send + 'static,
        C: Authorizes<A>,
    {
        let source = Arc::new(source);
        Self(Arc::new(Endpoints::new(move |endpoint: Endpoint<A>| {
            let source = Arc::clone(&source);
            Box::pin(async move {
                let credential = source(endpoint.clone()).await?;
                Ok(endpoint.with_credential(&credential)?)
            })
        })))
    }

    /// Sets the pause between two calls of the source for one endpoint, if the first call failed or its credential does not
    /// work. The pause is `base` after the first time. It doubles with each further time in a row, up to `max`. Calls that the
    /// server rejects during the pause fail at once. A credential that the server accepts ends the row. Defaults to 1 s and 60 s.
    ///
    /// Applies to endpoints whose credential is rejected from now on.
    pub fn backoff(self, base: Duration, max: Duration) -> Self {
        self.0.set_backoff(base, max);
        self
    }

    /// Sets the longest time of one call of the source. After that it counts as failed. Defaults to 30 s.
    ///
    /// Applies to endpoints whose credential is rejected from now on.
    pub fn source_timeout(self, timeout: Duration) -> Self {
        self.0.set_timeout(timeout);
        self
    }

    /// Sets the number of endpoints whose new credential and back-off are remembered. Defaults to 10,000, which take about 2 KB
    /// each. 0 counts as 1.
    ///
    /// Endpoints whose credential was never rejected take no memory. Beyond the limit, the layer forgets the endpoint that was
    /// used least recently and has no call in flight. Its next call sends the original credential again, and the source is called
    /// if the server still rejects that.
    pub fn max_endpoints(self, endpoints: usize) -> Self {
        self.0.set_max(endpoints);
        self
    }
}

impl<A> Clone for CredentialRefreshLayer<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: Api> fmt::Debug for CredentialRefreshLayer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRefreshLayer").field("api", &A::NAME).finish_non_exhaustive()
    }
}

impl<S, A> Layer<S> for CredentialRefreshLayer<A> {
    type Service = CredentialRefresh<S, A>;
    fn layer(&self, inner: S) -> CredentialRefresh<S, A> {
        CredentialRefresh::new(inner, Arc::clone(&self.0))
    }
}
