//! Reading what kind of deployment it is, with the ids of a cloud deployment.
//!
//! Source: convex-backend `crates/local_backend/src/deployment_info.rs`.

use serde::Deserialize;

use crate::types::DeploymentType;
use crate::types::open::open_union;
use crate::types::{DeploymentId, ProjectId, TeamId, Text};

/// A deployment in the cloud. The server does not return its name and URL.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CloudDeployment {
    /// The team that owns the deployment.
    pub team_id: TeamId,
    /// The project of the deployment.
    pub project_id: ProjectId,
    /// The project's name, if the server knows it.
    pub project_name: Option<Text>,
    /// The project's slug, if the server knows it.
    pub project_slug: Option<Text>,
    /// The deployment's id.
    pub id: DeploymentId,
    /// The deployment's type.
    pub deployment_type: DeploymentType,
    /// The deployment's reference within the project, if it has one.
    pub reference: Option<Text>,
}

impl CloudDeployment {
    /// Creates the value with `None` in all optional fields, which are public.
    pub fn new(team_id: TeamId, project_id: ProjectId, id: DeploymentId, deployment_type: DeploymentType) -> Self {
        Self { team_id, project_id, project_name: None, project_slug: None, id, deployment_type, reference: None }
    }
}

open_union! {
    /// The kind of a deployment, with what the server returns for that kind.
    pub enum DeploymentInfo by "kind" {
        /// A deployment in the cloud.
        Cloud(CloudDeployment) = "cloud",
        /// A self-hosted or local deployment.
        SelfHosted = "selfHosted",
    }
}

deployment_operation! {
    /// Reads the kind of the deployment: a cloud deployment with its ids, or a self-hosted one.
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
    pub struct GetDeploymentInfo {}

    id: "get_deployment_info",
    request: GET "/deployment_info",
    response: object(DeploymentInfo),
    idempotency: Safe,
    permission: "deployment:data:view",
    codes: [],
}

impl GetDeploymentInfo {
    /// Creates the request. It has no parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for GetDeploymentInfo {
    fn requests() -> Vec<Self> {
        vec![Self::new()]
    }

    const OPTIONAL: &'static [&'static str] = &["projectName", "projectSlug", "reference"];

    fn responses() -> Vec<serde_json::Value> {
        vec![
            serde_json::json!({
                "kind": "cloud", "teamId": 1, "projectId": 2, "projectName": "n", "projectSlug": "s", "id": 3,
                "deploymentType": "dev", "reference": "r"
            }),
            serde_json::json!({ "kind": "selfHosted" }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;
    use crate::response::DecodeError;
    use bytes::Bytes;

    fn read(json: &'static str) -> Result<DeploymentInfo, DecodeError> {
        GetDeploymentInfo::decode(&Bytes::from(json))
    }

    #[test]
    fn reads_a_cloud_deployment_with_and_without_its_optional_fields() {
        let json = r#"{"kind":"cloud","teamId":18446744073709551615,"projectId":2,"projectName":"Shop","projectSlug":null,
            "id":3,"deploymentType":"staging"}"#;
        let DeploymentInfo::Cloud(cloud) = read(json).unwrap() else { panic!() };
        let kind = DeploymentType::from("staging");
        let mut expected = CloudDeployment::new(TeamId(u64::MAX), ProjectId(2), DeploymentId(3), kind);
        expected.project_name = Some("Shop".into());
        assert_eq!(cloud, expected);
    }

    #[test]
    fn reads_other_kinds_and_keeps_unknown_ones() {
        assert!(matches!(read(r#"{"kind":"selfHosted"}"#), Ok(DeploymentInfo::SelfHosted)));
        let info = read(r#"{"kind":"edge","at":1}"#).unwrap();
        let object = info.unknown().unwrap();
        assert_eq!(object.json(), r#"{"kind":"edge","at":1}"#);
    }

    #[test]
    fn locates_fields_that_are_missing_or_out_of_range() {
        const ID: &str = "an id: an integer of 64 bits, as a number or as text";
        for (json, path, expected) in [
            (r#"{"kind":"cloud","teamId":-1}"#, "teamId", ID),
            (r#"{"kind":"cloud","teamId":1.5}"#, "teamId", ID),
            (r#"{"kind":"cloud","teamId":18446744073709551616}"#, "teamId", ID),
            (r#"{"kind":"cloud","teamId":null}"#, "teamId", ID),
            (r#"{"kind":"cloud","teamId":1}"#, "", "the field `projectId`"),
            ("{}", "", "the field `kind`"),
        ] {
            let error = read(json).unwrap_err();
            assert_eq!((error.path.as_str(), error.expected.as_str()), (path, expected), "{json}");
        }
    }
}
