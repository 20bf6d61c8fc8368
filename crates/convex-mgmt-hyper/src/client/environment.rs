//! [`Client::apply_environment_plan`]: applies a plan for environment variables.

use convex_mgmt_proto::deployment::environment_variables::{EnvironmentPlan, PlanError};
use convex_mgmt_proto::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt_proto::{BuildError, DeploymentApi, Operation};

use super::handle::Client;
use crate::error::{Cause, Error};
use crate::service::Transport;
use crate::timer::Timer;

/// The reaction to variables that changed after a plan was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// Change nothing and fail with the names of the variables.
    #[default]
    Fail,
    /// Overwrite the changes with the wanted variables.
    Overwrite,
}

impl<S: Transport, T: Timer> Client<DeploymentApi, S, T> {
    /// Applies a plan for environment variables and returns the changes that it made.
    ///
    /// It reads the variables again, compares them with the plan, and makes all remaining changes in one call. It makes no
    /// call if no change remains. The API has no conditional write, so a change between the read and the write stays
    /// undetected.
    ///
    /// The future owns the plan and a clone of the client, so it can be spawned like the future of [`Client::send`].
    ///
    /// # Errors
    /// The future fails with an [`Error`], with one of these kinds if the plan cannot be applied:
    ///
    /// * [`ErrorKind::PlanConflict`](crate::ErrorKind::PlanConflict) if variables changed after the plan was made and
    ///   `on_conflict` is [`OnConflict::Fail`].
    /// * [`ErrorKind::PlanRejected`](crate::ErrorKind::PlanRejected) if the plan deletes every owned variable and does not
    ///   permit that, or owns an empty prefix or name.
    /// * [`ErrorKind::Build`](crate::ErrorKind::Build) if a name or a value breaks a rule, before anything is sent. Also
    ///   if the variables would exceed a limit of the deployment. Only the second read shows that, before anything is changed.
    pub fn apply_environment_plan(
        &self,
        plan: &EnvironmentPlan,
        on_conflict: OnConflict,
    ) -> impl Future<Output = Result<EnvironmentPlan, Error>> + use<S, T> {
        apply(self.clone(), plan.clone(), on_conflict)
    }
}

async fn apply<S: Transport, T: Timer>(
    client: Client<DeploymentApi, S, T>,
    plan: EnvironmentPlan,
    on_conflict: OnConflict,
) -> Result<EnvironmentPlan, Error> {
    // No reference to the client is kept over an `await`: it would require a service that is `Sync`.
    plan.check().map_err(|error| unsent(&client, cause(error)))?;
    let fresh = client.send(&ListEnvironmentVariables::new()).await?;
    let plan = match on_conflict {
        OnConflict::Fail => plan.rebase(&fresh).map_err(|conflict| unsent(&client, Cause::PlanConflict(conflict)))?,
        OnConflict::Overwrite => plan.replan(&fresh),
    };
    if let Some(update) = plan.operation().map_err(|error| unsent(&client, cause(error)))? {
        client.send(&update).await?;
    }
    Ok(plan)
}

fn unsent<S, T>(client: &Client<DeploymentApi, S, T>, cause: Cause) -> Error {
    Error::unsent(UpdateEnvironmentVariables::META, client.endpoint().url(), cause)
}

fn cause(error: PlanError) -> Cause {
    match error {
        PlanError::Invalid(violations) => Cause::Build(BuildError::Invalid(violations)),
        error => Cause::PlanRejected(error),
    }
}
