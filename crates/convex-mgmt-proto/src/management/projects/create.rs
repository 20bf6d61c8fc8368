//! Creating a project.

use serde::{Deserialize, Deserializer, Serialize, de};

use super::list::ListProjects;
use crate::types::{DeploymentClass, DeploymentType, ProjectId, Region, TeamId, Text};

/// The settings of a project to create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "serde-all", derive(Deserialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewProject {
    /// The name. It may contain spaces and punctuation.
    pub project_name: String,
    /// The type of a deployment to create with the project. `None` creates no deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_type: Option<DeploymentType>,
    /// The class of that deployment. `None` is the default of the team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_class: Option<DeploymentClass>,
    /// The region of that deployment. `None` is the default of the team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_region: Option<Region>,
}

impl NewProject {
    /// Describes a project with the name `project_name` and without a deployment.
    pub fn new(project_name: impl Into<String>) -> Self {
        Self {
            project_name: project_name.into(),
            deployment_type: None,
            deployment_class: None,
            deployment_region: None,
        }
    }

    /// Sets `deployment_type`: the project is created with a deployment of this type.
    pub fn deployment_type(mut self, deployment_type: impl Into<DeploymentType>) -> Self {
        self.deployment_type = Some(deployment_type.into());
        self
    }

    /// Sets `deployment_class`.
    pub fn deployment_class(mut self, class: impl Into<DeploymentClass>) -> Self {
        self.deployment_class = Some(class.into());
        self
    }

    /// Sets `deployment_region`.
    pub fn deployment_region(mut self, region: impl Into<Region>) -> Self {
        self.deployment_region = Some(region.into());
        self
    }
}

/// A project that was created.
///
/// The API sends the id twice, as `id` and under the deprecated name `projectId`. Either is read, and `id` wins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreatedProject {
    /// The id of the project.
    pub id: ProjectId,
    /// The short name in URLs of the dashboard.
    pub slug: Text,
    /// The name of the deployment, if the request asked for one.
    pub deployment_name: Option<Text>,
    /// The URL of the deployment, if the request asked for one.
    pub deployment_url: Option<Text>,
}

impl<'de> Deserialize<'de> for CreatedProject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Fields {
            id: Option<ProjectId>,
            project_id: Option<ProjectId>,
            slug: Text,
            deployment_name: Option<Text>,
            deployment_url: Option<Text>,
        }
        let Fields { id, project_id, slug, deployment_name, deployment_url } = Fields::deserialize(deserializer)?;
        let id = id.or(project_id).ok_or_else(|| de::Error::missing_field("id"))?;
        Ok(Self { id, slug, deployment_name, deployment_url })
    }
}

/// Writes the id under both names.
#[cfg(feature = "serde-all")]
impl Serialize for CreatedProject {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut project = serializer.serialize_struct("CreatedProject", 5)?;
        project.serialize_field("projectId", &self.id)?;
        project.serialize_field("id", &self.id)?;
        project.serialize_field("slug", &self.slug)?;
        project.serialize_field("deploymentName", &self.deployment_name)?;
        project.serialize_field("deploymentUrl", &self.deployment_url)?;
        project.end()
    }
}

management_operation! {
    /// Creates a project in a team, with a deployment if the request asks for one.
    ///
    /// ```
    /// use convex_mgmt::management::CreateProject;
    /// use convex_mgmt::management::projects::NewProject;
    /// use convex_mgmt::{AccessToken, DeploymentType, Endpoint, Operation, Region, TeamId};
    ///
    /// let project = NewProject::new("Web shop").deployment_type(DeploymentType::Dev).deployment_region(Region::AwsEuWest1);
    /// let create = CreateProject::new(TeamId(7), project);
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let request = create.to_request(&Endpoint::new("https://api.convex.dev", &token)?)?;
    /// assert_eq!(
    ///     request.body(),
    ///     r#"{"projectName":"Web shop","deploymentType":"dev","deploymentRegion":"aws-eu-west-1"}"#
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CreateProject {
        /// The team that will own the project.
        pub team_id: TeamId,
        /// The settings of the project.
        pub project: NewProject,
    }

    id: "create_project",
    request: POST "/teams/{team_id}/create_project",
    path: [team_id],
    body: |it| &it.project,
    response: object(CreatedProject),
    idempotency: NonIdempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    verify_with: ListProjects,
    codes: [TeamNotFound, ProjectQuotaReached, DeploymentQuotaReached],
}

impl CreateProject {
    /// Creates `project` in the team `team_id`.
    pub fn new(team_id: TeamId, project: NewProject) -> Self {
        Self { team_id, project }
    }
}
