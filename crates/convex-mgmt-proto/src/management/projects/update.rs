//! Updating and deleting a project.

use serde::Serialize;

use super::address::slug_violation;
use super::project::{GetProjectById, Project};
use crate::error::{ErrorCode, Violations};
use crate::types::ProjectId;

/// The changes to a project. `None` keeps a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProjectUpdate {
    /// The new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The new slug: 3 to 64 letters, digits, `-` and `_`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
}

impl ProjectUpdate {
    /// Creates an update without changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `name`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets `slug`. URLs with the previous slug no longer name the project.
    pub fn slug(mut self, slug: impl Into<String>) -> Self {
        self.slug = Some(slug.into());
        self
    }
}

management_operation! {
    /// Changes the name or the slug of a project, and returns the project.
    ///
    /// ```
    /// use convex_mgmt::management::UpdateProject;
    /// use convex_mgmt::management::projects::ProjectUpdate;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation, ProjectId};
    ///
    /// let update = UpdateProject::new(ProjectId(42), ProjectUpdate::new().name("Web shop"));
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let request = update.to_request(&Endpoint::new("https://api.convex.dev", &token)?)?;
    /// assert_eq!((request.method().as_str(), request.uri().path()), ("PATCH", "/v1/projects/42"));
    /// assert_eq!(request.body(), r#"{"name":"Web shop"}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct UpdateProject {
        /// The project.
        pub project_id: ProjectId,
        /// The changes.
        pub changes: ProjectUpdate,
    }

    id: "update_project",
    request: PATCH "/projects/{project_id}",
    path: [project_id],
    body: |it| &it.changes,
    response: object(Project),
    idempotency: Idempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    verify_with: GetProjectById,
    codes: [ProjectNotFound, InvalidSlug],
    check: |it| {
        let slug = it.changes.slug.as_deref();
        let violation = slug.and_then(|slug| slug_violation("slug", Some(ErrorCode::InvalidSlug), slug));
        Violations::err_if_any(violation.into_iter().collect())
    },
}

impl UpdateProject {
    /// Applies `changes` to the project `project_id`.
    pub fn new(project_id: ProjectId, changes: ProjectUpdate) -> Self {
        Self { project_id, changes }
    }
}

management_operation! {
    /// Deletes a project and all its deployments.
    ///
    /// ```
    /// use convex_mgmt::management::DeleteProject;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation, ProjectId};
    ///
    /// assert!(DeleteProject::META.destroys.is_some());
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let endpoint = Endpoint::new("https://api.convex.dev", &token)?;
    /// let request = DeleteProject::new(ProjectId(42)).to_request(&endpoint)?;
    /// assert_eq!(request.uri().path(), "/v1/projects/42/delete");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DeleteProject {
        /// The project.
        pub project_id: ProjectId,
    }

    id: "delete_project",
    request: POST "/projects/{project_id}/delete",
    path: [project_id],
    response: empty(),
    idempotency: Idempotent,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    not_found: ProjectNotFound,
    verify_with: GetProjectById,
    destroys: "the project and all its deployments, with their data and files",
    codes: [ProjectNotFound],
}

impl DeleteProject {
    /// Deletes the project `project_id`.
    pub fn new(project_id: ProjectId) -> Self {
        Self { project_id }
    }
}
