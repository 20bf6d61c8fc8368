//! Reading one deployment: by its name, or in its project.

use super::deployment::Deployment;
use crate::error::{Violation, Violations};
use crate::management::projects::{TeamRef, slug_violation};
use crate::types::ProjectId;

management_operation! {
    /// Reads a cloud deployment by its name.
    ///
    /// ```
    /// use convex_mgmt::management::GetDeployment;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation};
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let endpoint = Endpoint::new("https://api.convex.dev", &token)?;
    /// let request = GetDeployment::new("happy-animal-123").to_request(&endpoint)?;
    /// assert_eq!(request.uri().path(), "/v1/deployments/happy-animal-123");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct GetDeployment {
        /// The name of the deployment.
        pub deployment_name: String,
    }

    id: "platform_get_deployment",
    request: GET "/deployments/{deployment_name}",
    path: [deployment_name],
    response: object(Deployment),
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    codes: [DeploymentNotFound],
}

impl GetDeployment {
    /// Reads the deployment `deployment_name`.
    pub fn new(deployment_name: impl Into<String>) -> Self {
        Self { deployment_name: deployment_name.into() }
    }
}

/// The selection of one deployment of a project. A text is a reference.
///
/// Inferred: the server needs exactly one of the three.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeploymentSelector {
    /// The deployment with this reference. A preview has its identifier after `preview/`, such as `preview/pr-12`.
    Reference(String),
    /// The default production deployment of the project.
    DefaultProd,
    /// The calling member's default development deployment in the project.
    DefaultDev,
}

impl DeploymentSelector {
    fn reference(&self) -> Option<&str> {
        match self {
            Self::Reference(reference) => Some(reference),
            Self::DefaultProd | Self::DefaultDev => None,
        }
    }

    fn default_prod(&self) -> Option<bool> {
        (*self == Self::DefaultProd).then_some(true)
    }

    fn default_dev(&self) -> Option<bool> {
        (*self == Self::DefaultDev).then_some(true)
    }

    /// Returns the violation of an empty reference. The server chose some references itself, so their grammar is not checked.
    fn violation(&self) -> Option<Violation> {
        let is_empty = self.reference() == Some("");
        is_empty.then(|| Violation::new("reference", None, "must not be empty"))
    }
}

impl From<String> for DeploymentSelector {
    fn from(reference: String) -> Self {
        Self::Reference(reference)
    }
}

impl From<&str> for DeploymentSelector {
    fn from(reference: &str) -> Self {
        Self::Reference(reference.to_owned())
    }
}

management_operation! {
    /// Reads a deployment of a project, which is selected by its id.
    ///
    /// ```
    /// use convex_mgmt::management::GetDeploymentInProjectByProjectId;
    /// use convex_mgmt::management::deployments::DeploymentSelector;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation, ProjectId};
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let endpoint = Endpoint::new("https://api.convex.dev", &token)?;
    /// let get = GetDeploymentInProjectByProjectId::new(ProjectId(42), "preview/pr-12");
    /// assert_eq!(get.to_request(&endpoint)?.uri().query(), Some("reference=preview%2Fpr-12"));
    /// let get = GetDeploymentInProjectByProjectId::new(ProjectId(42), DeploymentSelector::DefaultProd);
    /// assert_eq!(get.to_request(&endpoint)?.uri().query(), Some("defaultProd=true"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct GetDeploymentInProjectByProjectId {
        /// The project.
        pub project_id: ProjectId,
        /// The deployment.
        pub selector: DeploymentSelector,
    }

    id: "get_deployment_in_project_by_project_id",
    request: GET "/projects/{project_id}/deployment",
    path: [project_id],
    query: [
        selector.reference() as "reference", selector.default_prod() as "defaultProd",
        selector.default_dev() as "defaultDev"
    ],
    response: object(Deployment),
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    codes: [ProjectNotFound, DeploymentNotFound],
    check: |it| Violations::err_if_any(it.selector.violation().into_iter().collect()),
}

impl GetDeploymentInProjectByProjectId {
    /// Reads the selected deployment of the project `project_id`. A text selects by reference.
    pub fn new(project_id: ProjectId, selector: impl Into<DeploymentSelector>) -> Self {
        Self { project_id, selector: selector.into() }
    }
}

management_operation! {
    /// Reads a deployment of a project, which is selected by its slug. The team is its id or its slug.
    ///
    /// ```
    /// use convex_mgmt::management::GetDeploymentInProjectByProjectSlug;
    /// use convex_mgmt::management::deployments::DeploymentSelector;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation};
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let endpoint = Endpoint::new("https://api.convex.dev", &token)?;
    /// let get = GetDeploymentInProjectByProjectSlug::new("acme", "web-shop", DeploymentSelector::DefaultDev);
    /// let request = get.to_request(&endpoint)?;
    /// assert_eq!(
    ///     request.uri(),
    ///     "https://api.convex.dev/v1/teams/acme/projects/web-shop/deployment?defaultDev=true"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct GetDeploymentInProjectByProjectSlug {
        /// The team.
        pub team: TeamRef,
        /// The slug of the project.
        pub project_slug: String,
        /// The deployment.
        pub selector: DeploymentSelector,
    }

    id: "get_deployment_in_project_by_project_slug",
    request: GET "/teams/{team_id_or_slug}/projects/{project_slug}/deployment",
    path: [team as "team_id_or_slug", project_slug],
    query: [
        selector.reference() as "reference", selector.default_prod() as "defaultProd",
        selector.default_dev() as "defaultDev"
    ],
    response: object(Deployment),
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    codes: [TeamNotFound, ProjectNotFound, DeploymentNotFound],
    check: |it| {
        let team = it.team.violation("team_id_or_slug");
        let project = slug_violation("project_slug", None, &it.project_slug);
        Violations::err_if_any(team.into_iter().chain(project).chain(it.selector.violation()).collect())
    },
}

impl GetDeploymentInProjectByProjectSlug {
    /// Reads the selected deployment of the project with the slug `project_slug`. A text selects by reference.
    pub fn new(
        team: impl Into<TeamRef>,
        project_slug: impl Into<String>,
        selector: impl Into<DeploymentSelector>,
    ) -> Self {
        Self { team: team.into(), project_slug: project_slug.into(), selector: selector.into() }
    }
}
