//! The way from the Management API to a deployment: clients of deployments by value, by name, in a project, and with a new key.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use convex_mgmt_proto::management::deploy_keys::{CreatedDeployKey, KeyOrigin};
use convex_mgmt_proto::management::deployments::{Deployment, DeploymentSelector};
use convex_mgmt_proto::management::{
    CreateDeployKey, DeleteDeployKey, GetDeployment, GetDeploymentInProjectByProjectId,
};
use convex_mgmt_proto::{
    Credential, DeploymentAccess, DeploymentApi, DeploymentEndpointError, ManagementApi, Operation, OperationMeta,
    ProjectId, Sent,
};
use pin_project_lite::pin_project;

use super::handle::Client;
use super::send::SendFuture;
use crate::error::{Attempts, Cause, Error, Incomplete};
use crate::service::{DefaultService, Transport};
use crate::timer::{DefaultTimer, Timer, elapsed};

impl<S: Clone, T: Clone> Client<ManagementApi, S, T> {
    /// Creates a client of a deployment that this API returned, with a credential such as a deploy key, or with the same token
    /// ([`DeploymentAccess::SameToken`]). It shares this client's connections, limits, retry budget and `User-Agent` product, as
    /// with [`Client::at`].
    ///
    /// The URL is the API's: [`Deployment::endpoint`] has the rules, and the way to a custom domain.
    ///
    /// The same token is the one of this client's endpoint. A [`CredentialRefreshLayer`](crate::layers::CredentialRefreshLayer) renews
    /// the credentials of one API, so a client for both APIs needs one for each.
    ///
    /// ```no_run
    /// use convex_mgmt::deployment::ListEnvironmentVariables;
    /// use convex_mgmt::management::ListDeployments;
    /// use convex_mgmt::{DeploymentAccess, ManagementClient, ProjectId};
    ///
    /// # async fn example(management: ManagementClient) -> Result<(), Box<dyn std::error::Error>> {
    /// for deployment in management.send(&ListDeployments::new(ProjectId(7))).await? {
    ///     let client = management.deployment(&deployment, DeploymentAccess::SameToken)?;
    ///     let variables = client.send(&ListEnvironmentVariables::new()).await?;
    ///     println!("{}: {}", client.endpoint().url(), variables.names().count());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A [`DeploymentEndpointError`] if the deployment has no URL, or none that can be used. A local deployment has none.
    pub fn deployment(
        &self,
        deployment: &Deployment,
        access: impl Into<DeploymentAccess>,
    ) -> Result<Client<DeploymentApi, S, T>, DeploymentEndpointError> {
        Ok(self.at(deployment.endpoint(self.endpoint(), access)?))
    }
}

impl<S: Transport, T: Timer> Client<ManagementApi, S, T> {
    /// Reads a deployment by its name, and creates a client of it as [`Client::deployment`] does. Use it instead of a URL that is
    /// made from the name, which is wrong outside the first region.
    ///
    /// ```no_run
    /// use convex_mgmt::{DeployKey, Error, ManagementClient};
    /// use convex_mgmt::deployment::PauseDeployment;
    ///
    /// # async fn example(management: ManagementClient, key: DeployKey) -> Result<(), Error> {
    /// let client = management.deployment_by_name("happy-animal-123", &key).await?;
    /// client.send(&PauseDeployment::new()).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// The future fails with the [`Error`] of the call. The kind is [`ErrorKind::Endpoint`](crate::ErrorKind::Endpoint) if the
    /// deployment has no usable URL.
    pub fn deployment_by_name(
        &self,
        name: impl Into<String>,
        access: impl Into<DeploymentAccess>,
    ) -> DeploymentFuture<GetDeployment, S, T> {
        self.deployment_of(&GetDeployment::new(name), access.into())
    }

    /// Reads a deployment of a project, and creates a client of it as [`Client::deployment`] does. A text selects by reference.
    ///
    /// ```no_run
    /// use convex_mgmt::management::deployments::DeploymentSelector;
    /// use convex_mgmt::{DeploymentAccess, DeploymentClient, Error, ManagementClient, ProjectId};
    ///
    /// # async fn example(management: ManagementClient) -> Result<DeploymentClient, Error> {
    /// let (project, access) = (ProjectId(7), DeploymentAccess::SameToken);
    /// management.deployment_in_project(project, DeploymentSelector::DefaultProd, access).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`Client::deployment_by_name`].
    pub fn deployment_in_project(
        &self,
        project_id: ProjectId,
        selector: impl Into<DeploymentSelector>,
        access: impl Into<DeploymentAccess>,
    ) -> DeploymentFuture<GetDeploymentInProjectByProjectId, S, T> {
        self.deployment_of(&GetDeploymentInProjectByProjectId::new(project_id, selector), access.into())
    }

    fn deployment_of<O>(&self, operation: &O, access: DeploymentAccess) -> DeploymentFuture<O, S, T>
    where
        O: Operation<Api = ManagementApi, Output = Deployment>,
    {
        DeploymentFuture { call: self.send(operation), management: self.clone(), access, started: None }
    }

    /// Creates a deploy key of a deployment, and a client of the deployment with that key.
    ///
    /// It reads the deployment first. So a deployment without a usable URL is an error before the key exists. A fresh deployment
    /// may need [`Client::wait_until_ready`] before other calls.
    ///
    /// A future that is dropped may leave a key behind. [`DeleteDeployKey`] deletes it by its name.
    ///
    /// ```no_run
    /// use convex_mgmt::ManagementClient;
    /// use convex_mgmt::deployment::UpdateEnvironmentVariables;
    /// use convex_mgmt::management::CreateDeployKey;
    /// use convex_mgmt::management::deploy_keys::DeployKeyAction;
    ///
    /// # async fn example(management: ManagementClient) -> Result<(), Box<dyn std::error::Error>> {
    /// let create = CreateDeployKey::new("happy-animal-123", "set up")
    ///     .allowed_actions([DeployKeyAction::WriteEnvironmentVariables]);
    /// let keyed = management.deployment_with_new_key(&create).await?;
    /// keyed.client.send(&UpdateEnvironmentVariables::new().set("GREETING", "hello")).await?;
    /// if let Some(deletion) = keyed.deletion() {
    ///     management.send(&deletion).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The future fails with an [`Incomplete`]. It has the [`Error`] of the step that failed, and the key if it was created.
    pub fn deployment_with_new_key(
        &self,
        create: &CreateDeployKey,
    ) -> impl Future<Output = Result<KeyedDeployment<S, T>, Incomplete<CreatedDeployKey>>> + use<S, T> {
        create_key(self.clone(), create.clone())
    }

    /// Creates the client after `operation` has returned the deployment.
    fn joined(
        &self,
        deployment: &Deployment,
        access: DeploymentAccess,
        operation: &'static OperationMeta,
        started: Duration,
    ) -> Result<Client<DeploymentApi, S, T>, Error> {
        self.deployment(deployment, access).map_err(|error| self.not_joined(operation, started, error))
    }

    fn not_joined(
        &self,
        operation: &'static OperationMeta,
        started: Duration,
        error: DeploymentEndpointError,
    ) -> Error {
        let url = self.endpoint().url().into();
        Error::new(operation, url, Attempts::ONE, elapsed(self.timer(), started), Sent::Maybe, Cause::Endpoint(error))
    }
}

async fn create_key<S: Transport, T: Timer>(
    management: Client<ManagementApi, S, T>,
    create: CreateDeployKey,
) -> Result<KeyedDeployment<S, T>, Incomplete<CreatedDeployKey>> {
    let started = management.timer().now();
    let deployment = management.send(&GetDeployment::new(create.deployment_name.as_str())).await?;
    management.joined(&deployment, DeploymentAccess::SameToken, GetDeployment::META, started)?;
    let key = management.send(&create).await?;
    // The form of a key that was made with an OAuth token is not documented, so any credential is accepted.
    let client = Credential::parse(key.deploy_key.expose())
        .map_err(|error| management.not_joined(CreateDeployKey::META, started, DeploymentEndpointError::Key(error)))
        .and_then(|credential| management.joined(&deployment, credential.into(), CreateDeployKey::META, started));
    match client {
        Ok(client) => {
            let origin = key.origin(management.endpoint());
            let deletion = key.deletion(create.deployment_name, management.endpoint());
            Ok(KeyedDeployment { client, deployment, key, origin, deletion })
        }
        Err(error) => Err(Incomplete::new(Some(key), error)),
    }
}

/// A client of a deployment with a new deploy key: the result of [`Client::deployment_with_new_key`]. `Debug` shows no secret.
#[non_exhaustive]
pub struct KeyedDeployment<S = DefaultService, T = DefaultTimer> {
    /// The client with the key.
    pub client: Client<DeploymentApi, S, T>,
    /// The deployment, as the Management API returned it.
    pub deployment: Deployment,
    /// The key. The API does not return it again.
    pub key: CreatedDeployKey,
    /// The origin of the key's secret. For an OAuth application it is [`KeyOrigin::Echoed`].
    pub origin: KeyOrigin,
    deletion: Option<DeleteDeployKey>,
}

impl<S, T> KeyedDeployment<S, T> {
    /// Returns the operation that deletes the key. `None` for an [echoed](KeyOrigin::Echoed) key: deleting it would revoke the
    /// token that created it.
    pub fn deletion(&self) -> Option<DeleteDeployKey> {
        self.deletion.clone()
    }
}

impl<S, T> fmt::Debug for KeyedDeployment<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedDeployment")
            .field("client", &self.client)
            .field("key", &self.key)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`Client::deployment_by_name`](crate::Client::deployment_by_name) and
    /// [`Client::deployment_in_project`](crate::Client::deployment_in_project). It returns a client of the deployment.
    ///
    /// It owns a clone of the client, so it can be spawned like the future of [`Client::send`](crate::Client::send).
    #[must_use = "futures do nothing unless polled"]
    pub struct DeploymentFuture<O, S: Transport, T: Timer = DefaultTimer> {
        #[pin]
        call: SendFuture<O, S, T>,
        management: Client<ManagementApi, S, T>,
        access: DeploymentAccess,
        // Set by the first poll.
        started: Option<Duration>,
    }
}

impl<O, S, T> Future for DeploymentFuture<O, S, T>
where
    O: Operation<Api = ManagementApi, Output = Deployment>,
    S: Transport,
    T: Timer,
{
    type Output = Result<Client<DeploymentApi, S, T>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let started = *this.started.get_or_insert_with(|| this.management.timer().now());
        let deployment = ready!(this.call.poll(cx))?;
        Poll::Ready(this.management.joined(&deployment, this.access.clone(), O::META, started))
    }
}

impl<O: Operation, S: Transport, T: Timer> fmt::Debug for DeploymentFuture<O, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeploymentFuture").field("call", &self.call).finish_non_exhaustive()
    }
}
