//! Deleting a deployment, and transferring it to another project.

use serde::Serialize;

use super::get::GetDeployment;
use crate::types::ProjectId;

management_operation! {
    /// Deletes a deployment with its data and files. The project remains.
    ///
    /// Create and download a backup first if the data may be needed later.
    ///
    /// ```
    /// use convex_mgmt::management::DeleteDeployment;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation};
    ///
    /// assert!(DeleteDeployment::META.destroys.is_some());
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let endpoint = Endpoint::new("https://api.convex.dev", &token)?;
    /// let request = DeleteDeployment::new("happy-animal-123").to_request(&endpoint)?;
    /// assert_eq!(request.uri().path(), "/v1/deployments/happy-animal-123/delete");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DeleteDeployment {
        /// The name of the deployment.
        pub deployment_name: String,
    }

    id: "delete_deployment",
    request: POST "/deployments/{deployment_name}/delete",
    path: [deployment_name],
    response: empty(),
    idempotency: Idempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    not_found: DeploymentNotFound,
    verify_with: GetDeployment,
    destroys: "the deployment with its data and files",
    codes: [DeploymentNotFound],
}

impl DeleteDeployment {
    /// Deletes the deployment `deployment_name`.
    pub fn new(deployment_name: impl Into<String>) -> Self {
        Self { deployment_name: deployment_name.into() }
    }
}

/// The body of a transfer.
#[derive(Serialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct Destination {
    pub(super) destination_project_id: ProjectId,
}

management_operation! {
    /// Transfers a deployment to another project of the same team.
    ///
    /// For a production deployment, the caller must be an admin of both projects. For another deployment, the caller must be its
    /// creator or an admin of the project.
    ///
    /// ```
    /// use convex_mgmt::management::TransferDeployment;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation, ProjectId};
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let endpoint = Endpoint::new("https://api.convex.dev", &token)?;
    /// let request = TransferDeployment::new("happy-animal-123", ProjectId(43)).to_request(&endpoint)?;
    /// assert_eq!(request.body(), r#"{"destinationProjectId":43}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct TransferDeployment {
        /// The name of the deployment.
        pub deployment_name: String,
        /// The project that will own the deployment.
        pub destination_project_id: ProjectId,
    }

    id: "transfer_deployment",
    request: POST "/deployments/{deployment_name}/transfer",
    path: [deployment_name],
    body: |it| &Destination { destination_project_id: it.destination_project_id },
    response: empty(),
    idempotency: Idempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    verify_with: GetDeployment,
    destroys: "the access that members and tokens of the current project have to the deployment (inferred)",
    codes: [DeploymentNotFound, ProjectNotFound],
}

impl TransferDeployment {
    /// Transfers the deployment `deployment_name` to the project `destination_project_id`.
    pub fn new(deployment_name: impl Into<String>, destination_project_id: ProjectId) -> Self {
        Self { deployment_name: deployment_name.into(), destination_project_id }
    }
}
