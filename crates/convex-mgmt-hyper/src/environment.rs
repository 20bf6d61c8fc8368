//! Carrying out a plan for environment variables.

use bytes::Bytes;
use convex_mgmt_proto::deployment::environment_variables::{DeletesAll, EnvironmentPlan, PlanConflict, PlanError};
use convex_mgmt_proto::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt_proto::{BuildError, DeploymentApi, Operation};
use http::{Request, Response};
use thiserror::Error;
use tower::{BoxError, Service};

use crate::client::Client;
use crate::error::Error;

/// What to do if a variable that a plan is about was changed since the plan was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// Change nothing, and say which variables.
    #[default]
    Fail,
    /// Let the wanted variables win.
    Overwrite,
}

/// Why a plan was not carried out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Variables were changed since the plan was made. Nothing was changed.
    #[error(transparent)]
    Conflict(#[from] PlanConflict),
    /// The plan deletes every variable that is ours, and does not permit that. Nothing was changed.
    #[error(transparent)]
    DeletesAll(#[from] DeletesAll),
    /// The plan cannot be applied for another reason, such as an empty prefix. Nothing was changed.
    #[error(transparent)]
    Plan(PlanError),
    /// A call failed.
    #[error(transparent)]
    Client(#[from] Error),
}

impl<S> Client<DeploymentApi, S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone,
    S::Error: Into<BoxError>,
{
    /// Carries out a plan for environment variables: reads what is there now, holds the plan against it, and makes all
    /// changes that are left in one call, or none if nothing is left. Gives the plan that was carried out.
    ///
    /// The API cannot make a write depend on a reading, so a change in the moment between the two goes unseen.
    ///
    /// # Errors
    /// [`ApplyError::Conflict`] if something was changed since the plan was made and `on_conflict` is
    /// [`OnConflict::Fail`]; [`ApplyError::DeletesAll`] if the plan does not permit what it deletes; otherwise
    /// [`ApplyError::Client`]. A name or a value that breaks a rule is reported before anything is sent, and a limit of the
    /// deployment before anything is changed: only the second reading tells how much room there is.
    pub async fn apply_environment_plan(
        &self,
        plan: &EnvironmentPlan,
        on_conflict: OnConflict,
    ) -> Result<EnvironmentPlan, ApplyError> {
        plan.check().map_err(refused)?;
        let fresh = self.send(&ListEnvironmentVariables::new()).await?;
        let plan = match on_conflict {
            OnConflict::Fail => plan.rebase(&fresh)?,
            OnConflict::Overwrite => plan.replan(&fresh),
        };
        if let Some(update) = plan.operation().map_err(refused)? {
            self.send(&update).await?;
        }
        Ok(plan)
    }
}

fn refused(error: PlanError) -> ApplyError {
    match error {
        PlanError::DeletesAll(error) => error.into(),
        PlanError::Invalid(problems) => {
            Error::build(UpdateEnvironmentVariables::META, BuildError::Invalid(problems)).into()
        }
        other => ApplyError::Plan(other),
    }
}
