//! Creating a deployment.

use serde::Serialize;

use super::deployment::Deployment;
use super::list::ListDeployments;
use super::reference;
use crate::error::{Violation, Violations};
use crate::operation::expiry;
use crate::types::{DeploymentClass, DeploymentType, Patch, ProjectId, Region, UnixMillis};

/// The settings of a cloud deployment to create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewDeployment {
    /// The purpose of the deployment.
    #[serde(rename = "type")]
    pub deployment_type: DeploymentType,
    /// The class. `None` is the default of the team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<DeploymentClass>,
    /// The region. `None` is the default of the team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The text that identifies the deployment in its project, within the rules of [`reference`]. `None` lets the server choose one.
    ///
    /// For a preview it is the bare identifier. The server puts `preview/` in front of it.
    ///
    /// [`reference`]: super::reference
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// `true` to make it the default production deployment of the project, or the creator's default development deployment.
    ///
    /// `None` is `true` for a production or development deployment without a reference, and `false` otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// The time when the server deletes the deployment: at least 30 minutes ahead, and within the retention time of the team.
    ///
    /// [`Patch::Keep`] is the default of the type: previews expire, others do not. [`Patch::Clear`] is never.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub expires_at: Patch<UnixMillis>,
}

impl NewDeployment {
    /// Describes a deployment of a type, with the defaults of the server.
    ///
    /// Without a reference, a production or development deployment becomes the default one.
    pub fn new(deployment_type: impl Into<DeploymentType>) -> Self {
        Self {
            deployment_type: deployment_type.into(),
            class: None,
            region: None,
            reference: None,
            is_default: None,
            expires_at: Patch::Keep,
        }
    }

    /// Describes the preview `identifier`. It replaces a preview with the same identifier.
    pub fn preview(identifier: impl Into<String>) -> Self {
        Self::new(DeploymentType::Preview).reference(identifier)
    }

    /// Sets `class`.
    pub fn class(mut self, class: impl Into<DeploymentClass>) -> Self {
        self.class = Some(class.into());
        self
    }

    /// Sets `region`.
    pub fn region(mut self, region: impl Into<Region>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets `reference`.
    pub fn reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// Sets `is_default`.
    pub fn is_default(mut self, is_default: bool) -> Self {
        self.is_default = Some(is_default);
        self
    }

    /// Sets `expires_at`. [`Patch::Clear`] creates a deployment that never expires.
    pub fn expires_at(mut self, expires_at: impl Into<Patch<UnixMillis>>) -> Self {
        self.expires_at = expires_at.into();
        self
    }

    fn violations(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        if let Some(reference) = &self.reference {
            match self.deployment_type {
                DeploymentType::Preview => violations.extend(reference::preview_violations(reference)),
                DeploymentType::Dev | DeploymentType::Prod | DeploymentType::Custom => {
                    violations.extend(reference::violations(reference));
                }
                // The server knows the rules of a type that this version does not know.
                DeploymentType::_Unknown(_) => {}
            }
        }
        if self.is_default == Some(true)
            && matches!(self.deployment_type, DeploymentType::Preview | DeploymentType::Custom)
        {
            let rule = "must not be set for a preview or custom deployment";
            violations.push(Violation::new("isDefault", None, rule));
        }
        violations
    }
}

management_operation! {
    /// Creates a cloud deployment in a project.
    ///
    /// Only a preview with an identifier can replace another deployment: the server then deletes the preview that has the same
    /// identifier. The document does not say so; users observed it. `is_destructive` returns `true` for such a request.
    ///
    /// A new deployment may respond with 404 for a short time.
    ///
    /// ```
    /// use convex_mgmt::management::CreateDeployment;
    /// use convex_mgmt::management::deployments::NewDeployment;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation, ProjectId, UnixMillis};
    ///
    /// let preview = NewDeployment::preview("pr-12").expires_at(UnixMillis(1_900_000_000_000));
    /// let create = CreateDeployment::new(ProjectId(42), preview);
    /// create.check_at(UnixMillis(1_800_000_000_000))?;
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let request = create.to_request(&Endpoint::new("https://api.convex.dev", &token)?)?;
    /// assert_eq!(request.body(), r#"{"type":"preview","reference":"pr-12","expiresAt":1900000000000}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CreateDeployment {
        /// The project.
        pub project_id: ProjectId,
        /// The settings of the deployment.
        pub deployment: NewDeployment,
    }

    id: "create_deployment",
    request: POST "/projects/{project_id}/create_deployment",
    path: [project_id],
    body: |it| &it.deployment,
    response: object(Deployment),
    idempotency: NonIdempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    verify_with: ListDeployments,
    destroys: "a preview deployment with the same identifier, with its data and files",
    destroys_if: |it| it.deployment.deployment_type == DeploymentType::Preview && it.deployment.reference.is_some(),
    codes: [ProjectNotFound, DeploymentQuotaReached],
    check: |it| Violations::err_if_any(it.deployment.violations()),
}

impl CreateDeployment {
    /// Creates `deployment` in the project `project_id`.
    pub fn new(project_id: ProjectId, deployment: NewDeployment) -> Self {
        Self { project_id, deployment }
    }

    /// Checks the rules of [`Operation::check`](crate::Operation::check), and that the expiry is at least 30 minutes after `now`.
    ///
    /// # Errors
    /// All violations.
    pub fn check_at(&self, now: UnixMillis) -> Result<(), Violations> {
        expiry::check_at(self, "expiresAt", self.deployment.expires_at.value().copied(), now)
    }
}
