//! [`Client`]: an endpoint and a tower service, and the two ways to send an operation.

use std::fmt;

use bytes::Bytes;
use convex_mgmt_proto::{Api, DeploymentApi, Endpoint, ManagementApi, Operation, Reply, UserAgent};
use http::{Request, Response};
use tower::{BoxError, Service};

use super::exchange::Exchange;
use crate::error::{Cause, Error};
use crate::service::DefaultService;

/// A client of the Deployment Platform API.
pub type DeploymentClient<S = DefaultService> = Client<DeploymentApi, S>;

/// A client of the Management API.
pub type ManagementClient<S = DefaultService> = Client<ManagementApi, S>;

/// Sends operations of one API to one endpoint.
///
/// A clone shares the connections, and is cheap. A client may be built without a running runtime and used from several;
/// the default one needs tokio's when it sends.
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
pub struct Client<A, S = DefaultService> {
    endpoint: Endpoint<A>,
    service: S,
    /// For all endpoints that this client is used at.
    user_agent: Option<UserAgent>,
}

impl<A: Api, S> Client<A, S> {
    /// A client over any service. Nothing is put around it: retries and timeouts are those of the service.
    /// [`ClientBuilder::build_on`](crate::ClientBuilder::build_on) puts this library's around a transport.
    pub fn with_service(endpoint: Endpoint<A>, service: S) -> Self {
        Self { endpoint, service, user_agent: None }
    }

    /// Names the product of this client, for its endpoint and those of [`Client::at`].
    pub(crate) fn with_user_agent(self, user_agent: Option<UserAgent>) -> Self {
        let endpoint = match &user_agent {
            Some(user_agent) => self.endpoint.with_default_user_agent(user_agent.clone()),
            None => self.endpoint,
        };
        Self { endpoint, service: self.service, user_agent }
    }

    /// Where this client sends to.
    pub fn endpoint(&self) -> &Endpoint<A> {
        &self.endpoint
    }
}

impl<A, S: Clone> Client<A, S> {
    /// A client of another endpoint, of either API, that shares this one's connections, limits and retry budget, and its
    /// product for the `User-Agent` ([`ClientBuilder::user_agent`](crate::ClientBuilder::user_agent)).
    pub fn at<B: Api>(&self, endpoint: Endpoint<B>) -> Client<B, S> {
        Client::with_service(endpoint, self.service.clone()).with_user_agent(self.user_agent.clone())
    }
}

impl<A, S> Client<A, S>
where
    A: Api,
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone,
    S::Error: Into<BoxError>,
{
    /// Performs an operation.
    ///
    /// # Errors
    /// An [`Error`]: nothing was sent, no whole answer came, the server said no, or the answer cannot be read.
    pub async fn send<O>(&self, operation: &O) -> Result<O::Output, Error>
    where
        O: Operation<Api = A>,
    {
        Ok(self.send_for_reply(operation).await?.output)
    }

    /// Performs an operation, and gives with its output what the answer's head says: a deprecation notice, and whether a
    /// deletion found that it had been done.
    ///
    /// # Errors
    /// As for [`Client::send`].
    pub async fn send_for_reply<O>(&self, operation: &O) -> Result<Reply<O::Output>, Error>
    where
        O: Operation<Api = A>,
    {
        // Only writing and reading are generic over the operation: all else is compiled once, in `Exchange`.
        let request = operation
            .to_request(&self.endpoint)
            .map_err(|error| Error::unsent(O::META, self.endpoint.url(), Cause::Build(error)))?;
        let (response, call) = Exchange::new(self.service.clone(), O::META, request).await?;
        let reply = match call.maybe_applied() {
            true => O::reply_from_retry(response),
            false => O::reply_from_response(response),
        };
        reply.map_err(|error| call.refused(error))
    }
}

impl<A, S: Clone> Clone for Client<A, S> {
    fn clone(&self) -> Self {
        Self { endpoint: self.endpoint.clone(), service: self.service.clone(), user_agent: self.user_agent.clone() }
    }
}

impl<A: Api, S> fmt::Debug for Client<A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
