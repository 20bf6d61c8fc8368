//! [`EventDeployment`]: the deployment that an event describes.

use serde::Deserialize;

use crate::types::{DeploymentType, Region};

/// The deployment that an event describes: the field `convex`. Source: convex-backend `crates/log_streaming/src`.
///
/// A self-hosted server sends the name and the region `local` only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct EventDeployment {
    /// The name, such as `happy-animal-123`.
    #[serde(rename = "deployment_name")]
    pub name: String,
    /// The purpose of the deployment.
    pub deployment_type: Option<DeploymentType>,
    /// The reference of the deployment in its project.
    #[serde(rename = "deployment_ref")]
    pub reference: Option<String>,
    /// The name of the project.
    pub project_name: Option<String>,
    /// The slug of the project.
    pub project_slug: Option<String>,
    /// The region.
    #[serde(rename = "deployment_region")]
    pub region: Option<Region>,
}
