//! Deployments of a project: creating, reading, listing, updating, transferring and deleting them, and the classes and regions
//! that a team can choose.
//!
//! Most operations address a deployment by its name, such as `happy-animal-123`. No operation takes the numeric id.

mod create;
mod delete;
mod deployment;
pub(crate) mod endpoint;
mod get;
mod list;
mod offers;
pub mod reference;
mod update;

pub use self::create::{CreateDeployment, NewDeployment};
pub use self::delete::{DeleteDeployment, TransferDeployment};
pub use self::deployment::{CloudDeployment, Deployment, LocalDeployment};
pub use self::get::{
    DeploymentSelector, GetDeployment, GetDeploymentInProjectByProjectId, GetDeploymentInProjectByProjectSlug,
};
pub use self::list::{DeploymentSort, ListDeployments, ListDeploymentsForTeam, ListLocalDeploymentsForTeam, SortOrder};
pub use self::offers::{DeploymentClassOffer, ListDeploymentClasses, ListDeploymentRegions, RegionOffer};
pub use self::update::{DeploymentUpdate, UpdateDeployment};

#[cfg(feature = "samples")]
mod samples;

#[cfg(test)]
mod tests;
