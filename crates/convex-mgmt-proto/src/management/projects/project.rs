//! [`Project`], and reading one by its id or by slugs.

use serde::Deserialize;

use super::address::{TeamRef, slug_violation};
use crate::error::Violations;
use crate::types::{ProjectId, TeamId, Text, UnixMillis};

/// A project: a group of deployments of a team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Project {
    /// The id of the project.
    pub id: ProjectId,
    /// The name, with spaces and punctuation.
    pub name: Text,
    /// The short name in URLs of the dashboard.
    pub slug: Text,
    /// The team that owns the project.
    pub team_id: TeamId,
    /// The slug of that team.
    pub team_slug: Text,
    /// The time when the project was created.
    pub create_time: UnixMillis,
    /// The name of the project's default deployment for production, if there is one.
    pub prod_deployment_name: Option<Text>,
    /// The name of the caller's default development deployment, if there is one. It may be a local deployment that is active.
    pub dev_deployment_name: Option<Text>,
}

management_operation! {
    /// Reads a project by its id.
    ///
    /// ```
    /// use convex_mgmt::management::GetProjectById;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation, ProjectId};
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let endpoint = Endpoint::new("https://api.convex.dev", &token)?;
    /// let request = GetProjectById::new(ProjectId(42)).to_request(&endpoint)?;
    /// assert_eq!(request.uri().path(), "/v1/projects/42");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct GetProjectById {
        /// The project.
        pub project_id: ProjectId,
    }

    id: "get_project_by_id",
    request: GET "/projects/{project_id}",
    path: [project_id],
    response: object(Project),
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    codes: [ProjectNotFound],
}

impl GetProjectById {
    /// Reads the project `project_id`.
    pub fn new(project_id: ProjectId) -> Self {
        Self { project_id }
    }
}

management_operation! {
    /// Reads a project by its slug. The team is its id or its slug.
    ///
    /// ```
    /// use convex_mgmt::management::GetProjectBySlug;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation, TeamId};
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let endpoint = Endpoint::new("https://api.convex.dev", &token)?;
    /// let request = GetProjectBySlug::new("acme", "web-shop").to_request(&endpoint)?;
    /// assert_eq!(request.uri().path(), "/v1/teams/acme/projects/web-shop");
    /// let request = GetProjectBySlug::new(TeamId(7), "web-shop").to_request(&endpoint)?;
    /// assert_eq!(request.uri().path(), "/v1/teams/7/projects/web-shop");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct GetProjectBySlug {
        /// The team.
        pub team: TeamRef,
        /// The slug of the project.
        pub project_slug: String,
    }

    id: "get_project_by_slug",
    request: GET "/teams/{team_id_or_slug}/projects/{project_slug}",
    path: [team as "team_id_or_slug", project_slug],
    response: object(Project),
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    codes: [TeamNotFound, ProjectNotFound],
    check: |it| {
        let team = it.team.violation("team_id_or_slug");
        let project = slug_violation("project_slug", None, &it.project_slug);
        Violations::err_if_any(team.into_iter().chain(project).collect())
    },
}

impl GetProjectBySlug {
    /// Reads the project with the slug `project_slug` of a team.
    pub fn new(team: impl Into<TeamRef>, project_slug: impl Into<String>) -> Self {
        Self { team: team.into(), project_slug: project_slug.into() }
    }
}
