//! Updating a deployment.

use serde::Serialize;

use super::get::GetDeployment;
use super::reference;
use crate::error::{Violation, Violations};
use crate::operation::expiry;
use crate::types::{DeploymentClass, DeploymentType, Patch, UnixMillis};

/// The changes to a cloud deployment.
///
/// [`Patch::Keep`] and `None` leave a setting unchanged. Only a setting with a [`Patch`] can be reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeploymentUpdate {
    /// The text that identifies the deployment in its project, within [the rules for references](super::reference).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// `true` if the dashboard asks before edits. [`Patch::Clear`] is the default of the type: `true` for production only.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub dashboard_edit_confirmation: Patch<bool>,
    /// The time when the server deletes the deployment: at least 30 minutes ahead, and within the retention time of the team.
    ///
    /// [`Patch::Clear`] is never.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub expires_at: Patch<UnixMillis>,
    /// `true` if clients receive the logs of functions. [`Patch::Clear`] is the default of the type: `false` for production only.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub send_logs_to_client: Patch<bool>,
    /// The class. The plan of the team must include the choice of a class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<DeploymentClass>,
    /// `true` to make it the default production deployment of the project, or the creator's default development deployment.
    ///
    /// The server rejects `true` for a preview or custom deployment, and if there is a default deployment already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// The purpose of the deployment. For a default deployment, set `is_default` as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_type: Option<DeploymentType>,
}

impl DeploymentUpdate {
    /// Creates an update without changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `reference`.
    pub fn reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// Sets `dashboard_edit_confirmation`, or resets it with [`Patch::Clear`].
    pub fn dashboard_edit_confirmation(mut self, confirmation: impl Into<Patch<bool>>) -> Self {
        self.dashboard_edit_confirmation = confirmation.into();
        self
    }

    /// Sets `expires_at`, or removes it with [`Patch::Clear`].
    pub fn expires_at(mut self, expires_at: impl Into<Patch<UnixMillis>>) -> Self {
        self.expires_at = expires_at.into();
        self
    }

    /// Sets `send_logs_to_client`, or resets it with [`Patch::Clear`].
    pub fn send_logs_to_client(mut self, send: impl Into<Patch<bool>>) -> Self {
        self.send_logs_to_client = send.into();
        self
    }

    /// Sets `class`.
    pub fn class(mut self, class: impl Into<DeploymentClass>) -> Self {
        self.class = Some(class.into());
        self
    }

    /// Sets `is_default`.
    pub fn is_default(mut self, is_default: bool) -> Self {
        self.is_default = Some(is_default);
        self
    }

    /// Sets `deployment_type`.
    pub fn deployment_type(mut self, deployment_type: impl Into<DeploymentType>) -> Self {
        self.deployment_type = Some(deployment_type.into());
        self
    }

    fn violations(&self) -> Vec<Violation> {
        self.reference.as_deref().into_iter().flat_map(reference::violations).collect()
    }
}

management_operation! {
    /// Changes settings of a cloud deployment. Settings that the changes omit keep their values.
    ///
    /// The response is empty: [`GetDeployment`] reads the settings.
    ///
    /// ```
    /// use convex_mgmt::management::UpdateDeployment;
    /// use convex_mgmt::management::deployments::DeploymentUpdate;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation, Patch};
    ///
    /// // Sets the reference and removes the expiry. All other settings keep their values.
    /// let changes = DeploymentUpdate::new().reference("staging/eu").expires_at(Patch::Clear);
    /// let update = UpdateDeployment::new("happy-animal-123", changes);
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let request = update.to_request(&Endpoint::new("https://api.convex.dev", &token)?)?;
    /// assert_eq!(request.body(), r#"{"reference":"staging/eu","expiresAt":null}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct UpdateDeployment {
        /// The name of the deployment.
        pub deployment_name: String,
        /// The changes.
        pub changes: DeploymentUpdate,
    }

    id: "update_deployment",
    request: PATCH "/deployments/{deployment_name}",
    path: [deployment_name],
    body: |it| &it.changes,
    response: empty(),
    idempotency: Idempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    verify_with: GetDeployment,
    codes: [DeploymentNotFound],
    check: |it| Violations::err_if_any(it.changes.violations()),
}

impl UpdateDeployment {
    /// Applies `changes` to the deployment `deployment_name`.
    pub fn new(deployment_name: impl Into<String>, changes: DeploymentUpdate) -> Self {
        Self { deployment_name: deployment_name.into(), changes }
    }

    /// Checks the rules of [`Operation::check`](crate::Operation::check), and that the expiry is at least 30 minutes after `now`.
    ///
    /// # Errors
    /// All violations.
    pub fn check_at(&self, now: UnixMillis) -> Result<(), Violations> {
        expiry::check_at(self, "expiresAt", self.changes.expires_at.value().copied(), now)
    }
}
