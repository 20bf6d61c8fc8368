//! Deployments: their settings in the control plane, and the fakes that serve them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::uri::Authority;
use serde::{Deserialize, Serialize};

use super::records::{Record, Records};
use crate::control::Fake;
use crate::server::FakeServer;

/// The type of a cloud deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DeploymentType {
    Dev,
    Prod,
    Preview,
    Custom,
}

impl fmt::Display for DeploymentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dev => "dev",
            Self::Prod => "prod",
            Self::Preview => "preview",
            Self::Custom => "custom",
        })
    }
}

/// The region of a cloud deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Region {
    #[serde(rename = "aws-us-east-1")]
    UsEast1,
    #[serde(rename = "aws-eu-west-1")]
    EuWest1,
}

impl Region {
    /// The label of the region in host names. The hosts of the first region have none.
    pub(crate) fn label(self) -> Option<&'static str> {
        match self {
            Self::UsEast1 => None,
            Self::EuWest1 => Some("eu-west-1"),
        }
    }
}

/// A cloud deployment.
#[derive(Clone, Debug)]
pub(crate) struct CloudDeployment {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) project: u64,
    pub(crate) kind: DeploymentType,
    pub(crate) region: Region,
    pub(crate) class: String,
    pub(crate) reference: String,
    pub(crate) is_default: bool,
    pub(crate) preview_identifier: Option<String>,
    pub(crate) dashboard_edit_confirmation: Option<bool>,
    pub(crate) send_logs_to_client: Option<bool>,
    /// The member who created it.
    pub(crate) creator: Option<u64>,
    pub(crate) created: Duration,
    pub(crate) last_deploy: Option<Duration>,
    /// In milliseconds since the Unix epoch.
    pub(crate) expires_at: Option<u64>,
    pub(crate) deleted: Option<Duration>,
    /// Its own port. `None` if it shares that of the control plane.
    pub(crate) port: Option<u16>,
    /// The deployment itself.
    pub(crate) fake: Fake,
}

impl CloudDeployment {
    /// Returns `true` if the URL of the deployment has this authority. A control plane asks this of each deployment for each
    /// request, so it makes no text for those of other names.
    pub(crate) fn is_at(&self, authority: &Authority) -> bool {
        let host = authority.host();
        if let Some(port) = self.port {
            return host == "127.0.0.1" && authority.port_u16() == Some(port);
        }
        let Some((name, rest)) = host.split_at_checked(self.name.len()) else { return false };
        let region = || self.region.label().map(|label| format!(".{label}")).unwrap_or_default();
        name.eq_ignore_ascii_case(&self.name) && rest.eq_ignore_ascii_case(&format!("{}.localhost", region()))
    }
}

impl Record for CloudDeployment {
    fn deleted_at(&mut self) -> &mut Option<Duration> {
        &mut self.deleted
    }

    fn was_deleted_at(&self) -> Option<Duration> {
        self.deleted
    }
}

/// A deployment on the device of a member. The control plane knows of it but does not run it.
#[derive(Clone, Debug)]
pub(crate) struct LocalDeployment {
    pub(crate) name: String,
    pub(crate) project: u64,
    pub(crate) creator: u64,
    pub(crate) created: Duration,
    pub(crate) port: u16,
    pub(crate) device_name: String,
    pub(crate) is_active: bool,
}

/// All deployments.
#[derive(Debug, Default)]
pub(crate) struct Deployments {
    pub(crate) cloud: Records<CloudDeployment>,
    pub(crate) local: Vec<LocalDeployment>,
    /// The listeners of cloud deployments with a port of their own, by name.
    pub(crate) servers: BTreeMap<String, FakeServer>,
}

impl Deployments {
    /// Finds a cloud deployment that exists.
    pub(crate) fn by_name(&self, name: &str) -> Option<&CloudDeployment> {
        self.cloud.iter().find(|deployment| deployment.name == name)
    }

    /// The cloud deployments of a project that exist.
    pub(crate) fn of_project(&self, project: u64) -> impl Iterator<Item = &CloudDeployment> {
        self.cloud.iter().filter(move |deployment| deployment.project == project)
    }

    /// The default deployment of a project: of the project for `prod`, of a member for `dev`.
    pub(crate) fn default_of(
        &self,
        project: u64,
        kind: DeploymentType,
        member: Option<u64>,
    ) -> Option<&CloudDeployment> {
        let is_of_member = |deployment: &CloudDeployment| kind != DeploymentType::Dev || deployment.creator == member;
        self.of_project(project)
            .find(|deployment| deployment.is_default && deployment.kind == kind && is_of_member(deployment))
    }

    /// The active local deployment of a member.
    pub(crate) fn active_local(&self, project: u64, member: Option<u64>) -> Option<&LocalDeployment> {
        self.local.iter().find(|local| local.is_active && local.project == project && Some(local.creator) == member)
    }
}
