//! What a deployment is: in the cloud, with its ids, or self-hosted.
//!
//! Source: convex-backend `crates/local_backend/src/deployment_info.rs`.

use bytes::Bytes;
use http::Method;
use serde::Deserialize;

use super::CREDENTIALS;
use crate::metadata::{DeploymentApi, Idempotency, OperationMeta};
use crate::operation::Operation;
use crate::response::{DecodeError, decode};
use crate::types::DeploymentType;
use crate::types::open::open_union;
use crate::types::{DeploymentId, ProjectId, TeamId};

/// A deployment in the cloud. Its name and URL are not told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CloudDeployment {
    /// The team it belongs to.
    pub team_id: TeamId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// The project's name, where it is known.
    pub project_name: Option<String>,
    /// The project's slug, where it is known.
    pub project_slug: Option<String>,
    /// Its own id.
    pub id: DeploymentId,
    /// What it is for.
    pub deployment_type: DeploymentType,
    /// Its reference within the project, if it has one.
    pub reference: Option<String>,
}

impl CloudDeployment {
    /// A deployment without names and reference, which are public fields.
    pub fn new(team_id: TeamId, project_id: ProjectId, id: DeploymentId, deployment_type: DeploymentType) -> Self {
        Self { team_id, project_id, project_name: None, project_slug: None, id, deployment_type, reference: None }
    }
}

open_union! {
    /// What a deployment is.
    pub enum DeploymentInfo by "kind" {
        /// In the cloud.
        Cloud(CloudDeployment) = "cloud",
        /// Self-hosted or local.
        SelfHosted = "selfHosted",
    }
}

/// Tells what a deployment is.
///
/// * Credential: any of the deployment's, with the permission `deployment:data:view`.
/// * Repeating it is safe.
/// * Gives what the deployment is, or that it is self-hosted.
/// * Codes: those of every operation only.
///
/// ```
/// use convex_mgmt::Operation;
/// use convex_mgmt::deployment::GetDeploymentInfo;
/// use convex_mgmt::deployment::info::DeploymentInfo;
///
/// let body = r#"{"kind":"selfHosted"}"#;
/// assert_eq!(GetDeploymentInfo::decode(&body.into())?, DeploymentInfo::SelfHosted);
/// # Ok::<(), convex_mgmt::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct GetDeploymentInfo {}

impl GetDeploymentInfo {
    /// The call. It takes nothing.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Operation for GetDeploymentInfo {
    type Api = DeploymentApi;
    type Output = DeploymentInfo;
    const META: &'static OperationMeta =
        &OperationMeta::new::<DeploymentApi>("get_deployment_info", Method::GET, "/deployment_info", Idempotency::Safe)
            .credentials(CREDENTIALS)
            .permission("deployment:data:view");

    fn decode(body: &Bytes) -> Result<DeploymentInfo, DecodeError> {
        decode::object(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &'static str) -> Result<DeploymentInfo, DecodeError> {
        GetDeploymentInfo::decode(&Bytes::from(json))
    }

    #[test]
    fn a_cloud_deployment_with_and_without_what_may_be_null() {
        let json = r#"{"kind":"cloud","teamId":18446744073709551615,"projectId":2,"projectName":"Shop","projectSlug":null,
            "id":3,"deploymentType":"staging"}"#;
        let DeploymentInfo::Cloud(cloud) = read(json).unwrap() else { panic!() };
        let kind = DeploymentType::from("staging");
        let mut expected = CloudDeployment::new(TeamId(u64::MAX), ProjectId(2), DeploymentId(3), kind);
        expected.project_name = Some("Shop".into());
        assert_eq!(cloud, expected);
    }

    #[test]
    fn other_kinds() {
        assert!(matches!(read(r#"{"kind":"selfHosted"}"#), Ok(DeploymentInfo::SelfHosted)));
        let info = read(r#"{"kind":"edge","at":1}"#).unwrap();
        let object = info.unknown().unwrap();
        assert_eq!(object.json(), r#"{"kind":"edge","at":1}"#);
    }

    #[test]
    fn what_is_missing_or_out_of_range_is_located() {
        for (json, path, expected) in [
            (r#"{"kind":"cloud","teamId":-1}"#, "teamId", "u64"),
            (r#"{"kind":"cloud","teamId":1.5}"#, "teamId", "u64"),
            (r#"{"kind":"cloud","teamId":18446744073709551616}"#, "teamId", "u64"),
            (r#"{"kind":"cloud","teamId":null}"#, "teamId", "u64"),
            (r#"{"kind":"cloud","teamId":1}"#, ".", "the field `projectId`"),
            ("{}", ".", "the field `kind`"),
        ] {
            let error = read(json).unwrap_err();
            assert_eq!((error.path.as_str(), error.expected.as_str()), (path, expected), "{json}");
        }
    }
}
