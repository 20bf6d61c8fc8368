//! [`Deployment`]: a deployment in the cloud or on a developer's machine.

use serde::Deserialize;

use crate::types::open::open_union;
use crate::types::{DeploymentClass, DeploymentId, DeploymentType, MemberId, ProjectId, Region, Text, UnixMillis};

open_union! {
    /// A deployment.
    ///
    /// The methods return the fields that all known kinds have. They return `None` for a kind that this version does not know.
    pub enum Deployment by "kind" {
        /// A deployment in the cloud.
        Cloud(CloudDeployment) = "cloud",
        /// A deployment on a developer's machine.
        Local(LocalDeployment) = "local",
    }
}

impl Deployment {
    /// Returns the name, such as `happy-animal-123`.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Cloud(cloud) => Some(&cloud.name),
            Self::Local(local) => Some(&local.name),
            Self::_Unknown(_) => None,
        }
    }

    /// Returns the project that the deployment belongs to.
    pub fn project_id(&self) -> Option<ProjectId> {
        match self {
            Self::Cloud(cloud) => Some(cloud.project_id),
            Self::Local(local) => Some(local.project_id),
            Self::_Unknown(_) => None,
        }
    }

    /// Returns the type. A local deployment has the type [`DeploymentType::Dev`].
    pub fn deployment_type(&self) -> Option<&DeploymentType> {
        match self {
            Self::Cloud(cloud) => Some(&cloud.deployment_type),
            Self::Local(local) => Some(&local.deployment_type),
            Self::_Unknown(_) => None,
        }
    }

    /// Returns the time when the deployment was created.
    pub fn create_time(&self) -> Option<UnixMillis> {
        match self {
            Self::Cloud(cloud) => Some(cloud.create_time),
            Self::Local(local) => Some(local.create_time),
            Self::_Unknown(_) => None,
        }
    }

    /// Returns the member who created the deployment. A cloud deployment may have none.
    pub fn creator(&self) -> Option<MemberId> {
        match self {
            Self::Cloud(cloud) => cloud.creator,
            Self::Local(local) => Some(local.creator),
            Self::_Unknown(_) => None,
        }
    }

    /// Returns the URL of the deployment's API. Only a cloud deployment has one.
    ///
    /// Use this URL instead of one that is made from the name: regions have hosts of their own.
    pub fn deployment_url(&self) -> Option<&str> {
        self.as_cloud().map(|cloud| cloud.deployment_url.as_str())
    }

    /// Returns the cloud deployment.
    pub fn as_cloud(&self) -> Option<&CloudDeployment> {
        match self {
            Self::Cloud(cloud) => Some(cloud),
            _ => None,
        }
    }

    /// Returns the local deployment.
    pub fn as_local(&self) -> Option<&LocalDeployment> {
        match self {
            Self::Local(local) => Some(local),
            _ => None,
        }
    }
}

/// A deployment in the cloud.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CloudDeployment {
    /// The id of the deployment. Operations take the name instead.
    pub id: DeploymentId,
    /// The name, such as `happy-animal-123`.
    pub name: Text,
    /// The time when the deployment was created.
    pub create_time: UnixMillis,
    /// The time of the last deploy, if there was one.
    pub last_deploy_time: Option<UnixMillis>,
    /// The purpose of the deployment.
    pub deployment_type: DeploymentType,
    /// The project that the deployment belongs to.
    pub project_id: ProjectId,
    /// The member who created the deployment.
    pub creator: Option<MemberId>,
    /// The identifier of a preview, as [`CreateDeployment`](super::CreateDeployment) takes it.
    pub preview_identifier: Option<Text>,
    /// The region that hosts the deployment.
    pub region: Region,
    /// `true` for the default production deployment of the project, and for the creator's default development deployment.
    pub is_default: bool,
    /// The text that identifies the deployment in its project. A preview has its identifier after `preview/`.
    pub reference: Text,
    /// `true` if the dashboard asks before edits. `None` is the default of the type: `true` for production only.
    pub dashboard_edit_confirmation: Option<bool>,
    /// The URL of the deployment's API. It is below `convex.cloud`, even if the deployment has a custom domain.
    ///
    /// [`GetCanonicalUrls`](crate::deployment::GetCanonicalUrls) returns the URL that the deployment publishes.
    pub deployment_url: Text,
    /// The time when the server deletes the deployment. `None` is never.
    pub expires_at: Option<UnixMillis>,
    /// The class, which sets the resources.
    pub class: DeploymentClass,
    /// `true` if clients receive the logs of functions. `None` is the default of the type: `false` for production only.
    pub send_logs_to_client: Option<bool>,
}

/// A deployment on a developer's machine. It has no id and no URL.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LocalDeployment {
    /// The name.
    pub name: Text,
    /// The time when the deployment was created.
    pub create_time: UnixMillis,
    /// The type, which is always [`DeploymentType::Dev`] according to the document.
    pub deployment_type: DeploymentType,
    /// The project that the deployment belongs to.
    pub project_id: ProjectId,
    /// The member who created the deployment.
    pub creator: MemberId,
    /// The identifier of a preview.
    pub preview_identifier: Option<Text>,
    /// The TCP port on that machine.
    pub port: u32,
    /// The name of the machine.
    pub device_name: Text,
    /// `true` while the deployment runs.
    pub is_active: bool,
}
