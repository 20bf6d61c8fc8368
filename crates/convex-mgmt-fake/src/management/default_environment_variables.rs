//! Default environment variables of projects. A new deployment gets a copy of those of its type.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::{Caller, OP, OT, P, T};
use super::state::{CloudDeployment, ControlPlane, DeploymentType, Plane};
use crate::api::{ApiError, JsonBody, PathArg, QueryArgs};
use crate::deployment::{check_not_built_in, check_variable};

const TYPES: [DeploymentType; 4] =
    [DeploymentType::Dev, DeploymentType::Prod, DeploymentType::Preview, DeploymentType::Custom];

/// The variables of all projects: by the id of the project and the name, a value for each type of deployments.
#[derive(Debug, Default)]
struct DefaultVariables(BTreeMap<(u64, String), Vec<(DeploymentType, String)>>);

impl DefaultVariables {
    fn of_project(&self, project: u64) -> impl Iterator<Item = (&String, &Vec<(DeploymentType, String)>)> {
        self.0.iter().filter(move |((of, _), _)| *of == project).map(|((_, name), values)| (name, values))
    }
}

pub(super) fn routes() -> Router<Plane> {
    Router::new()
        .route("/projects/{project_id}/list_default_environment_variables", get(list))
        .route("/projects/{project_id}/update_default_environment_variables", post(update))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    name: Option<String>,
    deployment_type: Option<DeploymentType>,
}

/// A variable as the API returns it: the types of deployments that have this value.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VariableResponse {
    name: String,
    value: String,
    deployment_types: Vec<DeploymentType>,
}

/// One page, sorted by name. The operation has no cursor, so further variables are out of reach.
async fn list(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(project): PathArg<u64>,
    QueryArgs(Filter { name: filter, deployment_type }): QueryArgs<Filter>,
) -> Result<Json<Value>, ApiError> {
    let mut state = plane.state();
    let project = caller.project(&state, project)?;
    let max = state.knobs.max_listed_default_variables;
    let mut items: Vec<VariableResponse> = Vec::new();
    for (name, values) in state.topics.of::<DefaultVariables>().of_project(project.id) {
        if filter.as_ref().is_some_and(|filter| filter != name) {
            continue;
        }
        let from = items.len();
        for (kind, value) in values {
            if deployment_type.is_some_and(|filter| filter != *kind) {
                continue;
            }
            match items[from..].iter_mut().find(|item| item.value == *value) {
                Some(item) => item.deployment_types.push(*kind),
                None => {
                    let (name, value, deployment_types) = (name.clone(), value.clone(), vec![*kind]);
                    items.push(VariableResponse { name, value, deployment_types });
                }
            }
        }
    }
    let has_more = items.len() > max;
    items.truncate(max);
    Ok(Json(json!({"items": items, "pagination": {"hasMore": has_more}})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    changes: Vec<Change>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    name: String,
    deployment_type: DeploymentType,
    /// `None` deletes the variable. Inferred: an absent value is the same as `null`.
    value: Option<String>,
}

/// Inferred: the changes apply in order, all or none, and names and values have the limits of a deployment's variables.
async fn update(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(project): PathArg<u64>,
    JsonBody(Update { changes }): JsonBody<Update>,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let project = caller.project(&state, project)?;
    for Change { name, value, .. } in &changes {
        check_variable(name, value.as_deref(), &state.knobs)?;
        if value.is_some() {
            check_not_built_in(name)?;
        }
    }
    let max = state.knobs.max_env_vars;
    let DefaultVariables(stored) = state.topics.of();
    let mut changed = stored.clone();
    let mut entries = Vec::new();
    for Change { name, deployment_type: kind, value } in changes {
        let metadata = json!({"projectId": project.id, "name": name, "deploymentType": kind});
        let values = changed.entry((project.id, name)).or_default();
        let old = values.iter().position(|(of, _)| *of == kind).map(|position| values.remove(position));
        let action = match (&old, &value) {
            (None, None) => continue,
            (None, Some(_)) => "defaultEnvironmentVariable:create",
            (Some(_), Some(_)) => "defaultEnvironmentVariable:update",
            (Some(_), None) => "defaultEnvironmentVariable:delete",
        };
        values.extend(value.map(|value| (kind, value)));
        values.sort_by_key(|(kind, _)| TYPES.iter().position(|other| other == kind));
        entries.push((action, metadata));
    }
    changed.retain(|_, values| !values.is_empty());
    let changed = DefaultVariables(changed);
    for kind in TYPES {
        let of_kind = changed.of_project(project.id).filter(|(_, values)| values.iter().any(|(of, _)| *of == kind));
        if of_kind.count() > max {
            return Err(ApiError::bad_request("EnvVarLimitMet", format!("at most {max} variables are allowed")));
        }
    }
    *state.topics.of() = changed;
    for (action, metadata) in entries {
        state.record(project.team, &caller.origin, action, metadata);
    }
    Ok(StatusCode::OK)
}

/// Copies the variables of its type into a new deployment.
pub(super) fn copy(state: &mut ControlPlane, deployment: &CloudDeployment) {
    for (name, values) in state.topics.of::<DefaultVariables>().of_project(deployment.project) {
        for (_, value) in values.iter().filter(|(kind, _)| *kind == deployment.kind) {
            deployment.fake.set_variable(name, value);
        }
    }
}
