//! Reads, changes and the deletion of projects.

use std::cmp::Reverse;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::create::check_name;
use super::slug::check_slug;
use crate::api::{ApiError, JsonBody, Pagination, PathArg, QueryArgs};
use crate::management::api::{Bearer, Caller, OP, OT, P, PageArgs, T, page};
use crate::management::deployments::show_project;
use crate::management::state::{ControlPlane, DeploymentType, Plane, Project, TokenKind};
use crate::state::millis;

/// A project as the API returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProjectResponse {
    id: u64,
    name: String,
    slug: String,
    team_id: u64,
    team_slug: String,
    create_time: u64,
    prod_deployment_name: Option<String>,
    dev_deployment_name: Option<String>,
}

impl ProjectResponse {
    fn new(state: &ControlPlane, caller: &Bearer, project: &Project) -> Self {
        let Project { id, team, name, slug, created, .. } = project.clone();
        let (deployments, member) = (&state.deployments, Some(caller.token.member));
        let prod = deployments.default_of(id, DeploymentType::Prod, None);
        let local = deployments.active_local(id, member).map(|local| local.name.clone());
        let dev = || deployments.default_of(id, DeploymentType::Dev, member).map(|dev| dev.name.clone());
        Self {
            id,
            name,
            slug,
            team_id: team,
            team_slug: state.teams.by_id(team).map(|team| team.slug.clone()).unwrap_or_default(),
            create_time: millis(created),
            prod_deployment_name: prod.map(|prod| prod.name.clone()),
            dev_deployment_name: local.or_else(dev),
        }
    }
}

pub(super) async fn by_id(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(id): PathArg<u64>,
) -> Result<Json<ProjectResponse>, ApiError> {
    let state = plane.state();
    let project = caller.project(&state, id)?;
    Ok(Json(ProjectResponse::new(&state, &caller, &project)))
}

pub(super) async fn by_slug(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg((team, slug)): PathArg<(String, String)>,
) -> Result<Json<ProjectResponse>, ApiError> {
    let state = plane.state();
    let project = caller.project_by_slug(&state, &team, &slug)?;
    Ok(Json(ProjectResponse::new(&state, &caller, &project)))
}

#[derive(Deserialize)]
pub(super) struct List {
    cursor: Option<String>,
    limit: Option<i64>,
    q: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Page {
    items: Vec<ProjectResponse>,
    pagination: Pagination,
}

/// The latest projects come first.
pub(super) async fn list(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg(team): PathArg<u64>,
    QueryArgs(List { cursor, limit, q }): QueryArgs<List>,
) -> Result<Json<Page>, ApiError> {
    let state = plane.state();
    let team = caller.team(&state, team)?;
    let query = q.unwrap_or_default().to_lowercase();
    let matches = |project: &&Project| {
        project.team == team.id
            && [&project.name, &project.slug].iter().any(|text| text.to_lowercase().contains(&query))
    };
    let listed = state.projects.listed(state.listed_since()).rev().filter(matches);
    let items = listed.map(|project| (Reverse(project.id), project));
    let args = PageArgs { limit, cursor };
    let (items, pagination) = page(("projects", team.id, &query), items, args, state.knobs.projects_page_size)?;
    let items = items.into_iter().map(|project| ProjectResponse::new(&state, &caller, project)).collect();
    Ok(Json(Page { items, pagination }))
}

/// The fields to change. Inferred: `null` leaves a field unchanged.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    name: Option<String>,
    slug: Option<String>,
}

pub(super) async fn update(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg(id): PathArg<u64>,
    JsonBody(Update { name, slug }): JsonBody<Update>,
) -> Result<Json<ProjectResponse>, ApiError> {
    let mut state = plane.state();
    let mut project = caller.project(&state, id)?;
    if let Some(name) = name {
        check_name(&name)?;
        project.name = name;
    }
    if let Some(slug) = slug {
        check_slug(&state, project.team, &slug, id)?;
        project.slug = slug;
    }
    if let Some(stored) = state.projects.iter_mut().find(|stored| stored.id == id) {
        *stored = project.clone();
    }
    show_project(&state, id);
    let metadata = json!({"projectId": id, "name": project.name, "slug": project.slug});
    state.record(project.team, &caller.origin, "project:update", metadata);
    Ok(Json(ProjectResponse::new(&state, &caller, &project)))
}

/// Deletes a project with its deployments and keys.
pub(super) async fn delete(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg(id): PathArg<u64>,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let project = caller.project(&state, id)?;
    let now = state.now();
    state.delete_deployments(&caller.origin, |deployment| deployment.project == id);
    state.deployments.local.retain(|local| local.project != id);
    let is_for_project = |kind: &TokenKind| match kind {
        TokenKind::PreviewDeployKey { project } | TokenKind::OAuthProject { project } => *project == id,
        _ => false,
    };
    state.tokens.delete(now, |token| is_for_project(&token.kind));
    state.projects.delete(now, |project| project.id == id);
    state.record(project.team, &caller.origin, "project:delete", json!({"projectId": id, "slug": project.slug}));
    Ok(StatusCode::OK)
}
