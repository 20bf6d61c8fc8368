//! Lists of deployments: of a project, of a team, and on the devices of members.

use std::cmp::Reverse;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::response::DeploymentResponse;
use crate::api::{ApiError, PathArg, QueryArgs};
use crate::management::api::{Caller, OP, OT, P, PageArgs, T, page};
use crate::management::state::{CloudDeployment, DeploymentType, Plane};
use crate::state::millis;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProjectFilter {
    include_local: Option<bool>,
    is_default: Option<bool>,
    deployment_type: Option<DeploymentType>,
}

/// A bare array, in the order of creation.
pub(super) async fn of_project(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(project): PathArg<u64>,
    QueryArgs(filter): QueryArgs<ProjectFilter>,
) -> Result<Json<Vec<DeploymentResponse>>, ApiError> {
    let ProjectFilter { include_local, is_default, deployment_type } = filter;
    let state = plane.state();
    let project = caller.project(&state, project)?;
    let listed = state.deployments.cloud.listed(state.listed_since());
    let cloud = listed
        .filter(|deployment| deployment.project == project.id)
        .filter(|deployment| is_default.is_none_or(|is_default| deployment.is_default == is_default))
        .filter(|deployment| deployment_type.is_none_or(|kind| deployment.kind == kind))
        .map(|deployment| DeploymentResponse::cloud(&state, deployment));
    // The local deployments of the calling member. Inferred: they are dev deployments and never a default.
    let shows_local = include_local == Some(true)
        && is_default != Some(true)
        && deployment_type.is_none_or(|kind| kind == DeploymentType::Dev);
    let local = state
        .deployments
        .local
        .iter()
        .filter(|local| shows_local && local.project == project.id && local.creator == caller.token.member);
    Ok(Json(cloud.chain(local.map(DeploymentResponse::local)).collect()))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SortBy {
    #[default]
    CreateTime,
    LastDeployTime,
    Reference,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SortOrder {
    Asc,
    #[default]
    Desc,
}

/// The filters of a team's deployments. Inferred: the newest come first, and unknown values are errors.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TeamFilter {
    cursor: Option<String>,
    limit: Option<i64>,
    #[serde(default)]
    sort_by: SortBy,
    #[serde(default)]
    sort_order: SortOrder,
    deployment_type: Option<DeploymentType>,
    q: Option<String>,
    project_id: Option<u64>,
    creator: Option<u64>,
    is_default: Option<bool>,
}

impl TeamFilter {
    fn matches(&self, deployment: &CloudDeployment) -> bool {
        let contains = |query: &String| {
            let query = query.to_lowercase();
            [&deployment.name, &deployment.reference].iter().any(|text| text.to_lowercase().contains(&query))
        };
        self.q.as_ref().is_none_or(contains)
            && self.deployment_type.is_none_or(|kind| deployment.kind == kind)
            && self.project_id.is_none_or(|project| deployment.project == project)
            && self.creator.is_none_or(|creator| deployment.creator == Some(creator))
            && self.is_default.is_none_or(|is_default| deployment.is_default == is_default)
    }

    /// The position of a deployment in the list: a time or a text, and the id.
    fn key(&self, deployment: &CloudDeployment) -> (u64, String, u64) {
        let (time, text) = match self.sort_by {
            SortBy::CreateTime => (millis(deployment.created), String::new()),
            SortBy::LastDeployTime => (deployment.last_deploy.map(millis).unwrap_or_default(), String::new()),
            SortBy::Reference => (0, deployment.reference.clone()),
        };
        (time, text, deployment.id)
    }
}

#[derive(Serialize)]
struct DeploymentPage {
    items: Vec<DeploymentResponse>,
    pagination: crate::api::Pagination,
}

pub(super) async fn of_team(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg(team): PathArg<u64>,
    QueryArgs(mut filter): QueryArgs<TeamFilter>,
) -> Result<Json<Value>, ApiError> {
    let state = plane.state();
    let team = caller.team(&state, team)?;
    let args = PageArgs { limit: filter.limit, cursor: filter.cursor.take() };
    let list = ("deployments", team.id, filter.sort_by, filter.sort_order);
    let sizes = state.knobs.deployments_page_size;
    let listed = state.deployments.cloud.listed(state.listed_since());
    let mut found: Vec<_> = listed
        .filter(|deployment| state.team_of_project(deployment.project) == Some(team.id) && filter.matches(deployment))
        .map(|deployment| (filter.key(deployment), deployment))
        .collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    let (items, pagination) = match filter.sort_order {
        SortOrder::Asc => page(list, found, args, sizes)?,
        SortOrder::Desc => page(list, found.into_iter().rev().map(|(key, item)| (Reverse(key), item)), args, sizes)?,
    };
    let items: Vec<_> = items.into_iter().map(|deployment| DeploymentResponse::cloud(&state, deployment)).collect();
    Ok(Json(json!(DeploymentPage { items, pagination })))
}

pub(super) async fn local(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg(team): PathArg<u64>,
) -> Result<Json<Value>, ApiError> {
    let state = plane.state();
    let team = caller.team(&state, team)?;
    let of_team = state.deployments.local.iter().filter(|local| state.team_of_project(local.project) == Some(team.id));
    let items: Vec<_> = of_team.map(DeploymentResponse::local).collect();
    Ok(Json(json!({"items": items})))
}
