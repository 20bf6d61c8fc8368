//! The creation of projects.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::slug::new_slug;
use crate::api::{ApiError, JsonBody, PathArg};
use crate::management::api::{Caller, OT, P, T};
use crate::management::deployments::{NewDeployment, bind, create as create_deployment};
use crate::management::state::{ControlPlane, DeploymentType, Plane, Project, Region};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewProject {
    project_name: String,
    deployment_type: Option<DeploymentType>,
    deployment_class: Option<String>,
    deployment_region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Created {
    /// The old name of `id`.
    project_id: u64,
    id: u64,
    slug: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment_url: Option<String>,
}

/// Fails if a name is empty. Inferred.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    match name.trim().is_empty() {
        true => Err(ApiError::bad_request("InvalidProjectName", "the name of the project is empty")),
        false => Ok(()),
    }
}

/// Adds a project to a team.
fn add(state: &mut ControlPlane, team: u64, name: String) -> Project {
    let slug = new_slug(state, team, &name);
    let project = Project { id: state.next_id(), team, name, slug, created: state.now(), deleted: None };
    state.projects.push(project.clone());
    project
}

/// Adds a project to a team, without an entry in its audit log. Returns the id of the project.
pub(crate) fn add_project(state: &mut ControlPlane, team: u64, name: &str) -> u64 {
    add(state, team, name.to_owned()).id
}

/// Creates a project, and a deployment in it if the request asks for one. Inferred: without a deployment type, the class and
/// the region have no effect, and a failed deployment leaves no project.
pub(super) async fn create(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg(team): PathArg<u64>,
    JsonBody(new): JsonBody<NewProject>,
) -> Result<Json<Created>, ApiError> {
    let NewProject { project_name: name, deployment_type, deployment_class, deployment_region } = new;
    let listener = match deployment_type {
        Some(_) => bind(&plane).await?,
        None => None,
    };
    let mut state = plane.state();
    let team = caller.team(&state, team)?;
    check_name(&name)?;
    if state.projects.iter().filter(|project| project.team == team.id).count() >= state.knobs.max_projects {
        return Err(ApiError::bad_request("ProjectQuotaReached", "the team has the maximum number of projects"));
    }
    let entries = state.audit.len();
    let project = add(&mut state, team.id, name);
    let metadata = json!({"projectId": project.id, "name": project.name, "slug": project.slug});
    state.record(team.id, &caller.origin, "project:create", metadata);
    let deployment = match deployment_type {
        Some(kind) => {
            let (class, region) = (deployment_class, deployment_region);
            let new = NewDeployment { kind, class, region, reference: None, is_default: None, expires_at: None };
            let created = create_deployment(&plane, &mut state, &caller, &project, new, listener);
            if created.is_err() {
                state.projects.remove(|other| other.id == project.id);
                state.audit.truncate(entries);
            }
            Some(created?)
        }
        None => None,
    };
    let Project { id, slug, .. } = project;
    Ok(Json(Created {
        project_id: id,
        id,
        slug,
        deployment_name: deployment.as_ref().map(|deployment| deployment.name.clone()),
        deployment_url: deployment.as_ref().map(|deployment| state.deployment_url(deployment)),
    }))
}
