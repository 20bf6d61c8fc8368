//! Listing deployments: those of a project, and those of a team.

use super::deployment::Deployment;
use crate::error::Violations;
use crate::operation::paging;
use crate::types::open::open_enum;
use crate::types::{DeploymentType, MemberId, ProjectId, TeamId};

management_operation! {
    /// Lists the deployments of a project.
    ///
    /// ```
    /// use convex_mgmt::management::ListDeployments;
    /// use convex_mgmt::{AccessToken, DeploymentType, Endpoint, Operation, ProjectId};
    ///
    /// let list = ListDeployments::new(ProjectId(42)).deployment_type(DeploymentType::Preview);
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let request = list.to_request(&Endpoint::new("https://api.convex.dev", &token)?)?;
    /// assert_eq!(request.uri().query(), Some("deploymentType=preview"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ListDeployments {
        /// The project.
        pub project_id: ProjectId,
        /// `true` to include local deployments. The document does not name the default.
        pub include_local: Option<bool>,
        /// `true` to list default deployments only, `false` to list the others only.
        pub is_default: Option<bool>,
        /// The type of the deployments to list. `None` is all types.
        pub deployment_type: Option<DeploymentType>,
    }

    id: "list_deployments",
    request: GET "/projects/{project_id}/list_deployments",
    path: [project_id],
    query: [include_local as "includeLocal", is_default as "isDefault", deployment_type as "deploymentType"],
    response: list(Deployment),
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken, OAuthProjectToken],
    codes: [ProjectNotFound],
}

impl ListDeployments {
    /// Lists the deployments of the project `project_id`.
    pub fn new(project_id: ProjectId) -> Self {
        Self { project_id, include_local: None, is_default: None, deployment_type: None }
    }

    /// Sets `include_local`.
    pub fn include_local(mut self, include: bool) -> Self {
        self.include_local = Some(include);
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
}

open_enum! {
    /// The field that orders a list of deployments.
    pub enum DeploymentSort {
        /// The time when the deployment was created.
        CreateTime = "createTime",
        /// The time of the last deploy.
        LastDeployTime = "lastDeployTime",
        /// The reference.
        Reference = "reference",
    }
}

open_enum! {
    /// The direction of an order.
    pub enum SortOrder {
        /// The smallest value first.
        Asc = "asc",
        /// The greatest value first.
        Desc = "desc",
    }
}

management_operation! {
    /// Lists the deployments of a team. The list has pages of at most 100 deployments.
    ///
    /// ```
    /// use convex_mgmt::management::ListDeploymentsForTeam;
    /// use convex_mgmt::management::deployments::{DeploymentSort, SortOrder};
    /// use convex_mgmt::{AccessToken, Endpoint, Operation, TeamId};
    ///
    /// let list = ListDeploymentsForTeam::new(TeamId(7)).sort(DeploymentSort::LastDeployTime, SortOrder::Desc).limit(10);
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let request = list.to_request(&Endpoint::new("https://api.convex.dev", &token)?)?;
    /// assert_eq!(request.uri().query(), Some("limit=10&sortBy=lastDeployTime&sortOrder=desc"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ListDeploymentsForTeam {
        /// The team.
        pub team_id: TeamId,
        /// The cursor of the page. `None` is the first page.
        pub cursor: Option<String>,
        /// The maximum number of deployments in the page, from 1 to 100. `None` is 100.
        pub limit: Option<u32>,
        /// The field that orders the list.
        pub sort_by: Option<DeploymentSort>,
        /// The direction of the order.
        pub sort_order: Option<SortOrder>,
        /// The type of the deployments to list. `None` is all types.
        pub deployment_type: Option<DeploymentType>,
        /// A text to search for. The document does not say in which fields the server searches.
        pub search: Option<String>,
        /// The project of the deployments to list. `None` is all projects.
        pub project_id: Option<ProjectId>,
        /// The member who created the deployments to list. `None` is all members.
        pub creator: Option<MemberId>,
        /// `true` to list default deployments only, `false` to list the others only.
        pub is_default: Option<bool>,
    }

    id: "list_deployments_for_team",
    request: GET "/teams/{team_id}/list_deployments",
    path: [team_id],
    query: [
        cursor, limit, sort_by as "sortBy", sort_order as "sortOrder", deployment_type as "deploymentType",
        search as "q", project_id as "projectId", creator, is_default as "isDefault"
    ],
    response: page("items", Deployment),
    paging: Query,
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    codes: [TeamNotFound, LimitOutOfRange, InvalidCursor],
    check: |it| Violations::err_if_any(paging::violations(it.limit, it.cursor.as_deref()).collect()),
}

impl ListDeploymentsForTeam {
    /// Lists the deployments of the team `team_id`.
    pub fn new(team_id: TeamId) -> Self {
        Self {
            team_id,
            cursor: None,
            limit: None,
            sort_by: None,
            sort_order: None,
            deployment_type: None,
            search: None,
            project_id: None,
            creator: None,
            is_default: None,
        }
    }

    /// Sets `cursor`: requests the page that follows the cursor.
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// Sets `limit`, the maximum number of deployments in the page.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets `sort_by` and `sort_order`.
    pub fn sort(mut self, by: impl Into<DeploymentSort>, order: impl Into<SortOrder>) -> Self {
        self.sort_by = Some(by.into());
        self.sort_order = Some(order.into());
        self
    }

    /// Sets `deployment_type`.
    pub fn deployment_type(mut self, deployment_type: impl Into<DeploymentType>) -> Self {
        self.deployment_type = Some(deployment_type.into());
        self
    }

    /// Sets `search`: lists only the deployments that match a text.
    pub fn search(mut self, text: impl Into<String>) -> Self {
        self.search = Some(text.into());
        self
    }

    /// Sets `project_id`.
    pub fn project_id(mut self, project_id: ProjectId) -> Self {
        self.project_id = Some(project_id);
        self
    }

    /// Sets `creator`.
    pub fn creator(mut self, creator: MemberId) -> Self {
        self.creator = Some(creator);
        self
    }

    /// Sets `is_default`.
    pub fn is_default(mut self, is_default: bool) -> Self {
        self.is_default = Some(is_default);
        self
    }
}

management_operation! {
    /// Lists the local deployments of a team, all at once.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::management::ListLocalDeploymentsForTeam;
    ///
    /// let body = r#"{"items":[{"kind":"local","name":"local-acme-shop","createTime":1700000000000,"deploymentType":"dev",
    ///     "projectId":42,"creator":3,"port":3210,"deviceName":"laptop","isActive":true}]}"#;
    /// let deployments = ListLocalDeploymentsForTeam::decode(&body.into())?;
    /// assert_eq!(deployments[0].as_local().map(|local| local.port), Some(3210));
    /// assert_eq!(deployments[0].deployment_url(), None);
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ListLocalDeploymentsForTeam {
        /// The team.
        pub team_id: TeamId,
    }

    id: "list_local_deployments_for_team",
    request: GET "/teams/{team_id}/list_local_deployments",
    path: [team_id],
    response: field("items", Vec<Deployment>),
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    codes: [TeamNotFound],
}

impl ListLocalDeploymentsForTeam {
    /// Lists the local deployments of the team `team_id`.
    pub fn new(team_id: TeamId) -> Self {
        Self { team_id }
    }
}
