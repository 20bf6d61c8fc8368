//! Environment variables. Source: convex-backend's `crates/application/src/lib.rs`.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::{ApiError, Caller, Contention, JsonBody};
use crate::state::{Knobs, Shared};

/// Variables that the server sets. They cannot be written.
const BUILT_IN: [&str; 2] = ["CONVEX_CLOUD_URL", "CONVEX_SITE_URL"];

/// The environment variables of a deployment, and what its app requires of them.
#[derive(Debug, Default)]
pub(crate) struct EnvironmentVariables {
    pub(crate) values: BTreeMap<String, String>,
    /// Variables that the app declares as required.
    pub(crate) required: BTreeSet<String>,
    /// The values that the app accepts for a variable.
    pub(crate) accepted: BTreeMap<String, BTreeSet<String>>,
    /// Variables that the app's auth config reads.
    pub(crate) auth_config: BTreeSet<String>,
}

impl EnvironmentVariables {
    /// Checks that the app permits an update. A required variable must not be deleted, even if the update also sets it.
    fn check_update(&self, deletes: &[String], sets: &[(String, String)]) -> Result<(), ApiError> {
        if let Some(name) = deletes.iter().find(|name| self.required.contains(*name)) {
            return Err(ApiError::bad_request("RequiredEnvironmentVariable", format!("the app requires {name}")));
        }
        let is_accepted = |name: &str, value: &str| self.accepted.get(name).is_none_or(|values| values.contains(value));
        match sets.iter().find(|(name, value)| !is_accepted(name, value)) {
            Some((name, _)) => {
                let message = format!("the app does not accept this value of {name}");
                Err(ApiError::bad_request("InvalidEnvironmentVariable", message))
            }
            None => Ok(()),
        }
    }

    /// Checks that `values` has every variable that the auth config reads. Built-in variables always exist.
    fn check_auth_config_with(&self, values: &BTreeMap<String, String>) -> Result<(), ApiError> {
        let exists = |name: &str| values.contains_key(name) || BUILT_IN.contains(&name);
        match self.auth_config.iter().find(|name| !exists(name)) {
            Some(name) => {
                let message = format!("the auth config reads {name}");
                Err(ApiError::bad_request("AuthConfigMissingEnvironmentVariable", message))
            }
            None => Ok(()),
        }
    }

    /// Checks that every variable exists that the auth config reads.
    pub(super) fn check_auth_config(&self) -> Result<(), ApiError> {
        self.check_auth_config_with(&self.values)
    }
}

const WRITES: Contention = Contention::on("environment variables");

/// The real server registers both methods for both paths, in this order.
pub(super) fn routes() -> Router<Shared> {
    let both = WRITES.post(update).get(list);
    Router::new().route("/list_environment_variables", both.clone()).route("/update_environment_variables", both)
}

/// The paths without a version. Each has one method.
pub(super) fn unversioned_routes() -> Router<Shared> {
    Router::new()
        .route("/list_environment_variables", get(list))
        .route("/update_environment_variables", WRITES.post(update))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    environment_variables: BTreeMap<String, String>,
}

async fn list(State(state): State<Shared>, caller: Caller) -> Result<Json<Listed>, ApiError> {
    caller.require("deployment:env:view")?;
    let environment_variables = state.deployment().topics.of::<EnvironmentVariables>().values.clone();
    Ok(Json(Listed { environment_variables }))
}

#[derive(Deserialize)]
struct Update {
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    name: String,
    value: Option<String>,
}

async fn update(
    State(state): State<Shared>,
    caller: Caller,
    JsonBody(Update { changes }): JsonBody<Update>,
) -> Result<StatusCode, ApiError> {
    caller.require("deployment:env:write")?;
    let knobs = state.deployment().knobs.clone();
    for Change { name, value } in &changes {
        check_variable(name, value.as_deref(), &knobs)?;
    }
    let mut deletes: Vec<String> = Vec::new();
    let mut sets: Vec<(String, String)> = Vec::new();
    for Change { name, value } in changes {
        match value {
            Some(value) => sets.push((name, value)),
            None => deletes.push(name),
        }
    }
    deletes.sort();
    sets.sort();

    let mut entries: Vec<(&'static str, String)> = Vec::new();
    let mut deployment = state.deployment();
    let stored: &mut EnvironmentVariables = deployment.topics.of();
    stored.check_update(&deletes, &sets)?;
    let mut values = stored.values.clone();
    for name in &deletes {
        if values.remove(name).is_some() {
            entries.push(("delete_environment_variable", name.clone()));
        }
    }
    for (name, value) in sets {
        check_not_built_in(&name)?;
        let exists = values.contains_key(&name);
        let action = if exists { "update_environment_variable" } else { "create_environment_variable" };
        entries.push((action, name.clone()));
        values.insert(name, value);
    }
    if values.len() > knobs.max_env_vars {
        return Err(ApiError::bad_request(
            "EnvVarLimitMet",
            format!("at most {} variables are allowed", knobs.max_env_vars),
        ));
    }
    let total: usize = values.iter().map(|(name, value)| name.len() + value.len()).sum();
    if total > knobs.max_env_var_total_bytes {
        let message =
            format!("the variables have {total} bytes, at most {} are allowed", knobs.max_env_var_total_bytes);
        return Err(ApiError::bad_request("EnvVarTotalSizeLimitMet", message));
    }
    stored.check_auth_config_with(&values)?;
    if !entries.is_empty() {
        caller.reject_impersonation()?;
    }
    stored.values = values;
    for (action, name) in entries {
        deployment.record(&caller.origin, action, json!({"variable_name": name}));
    }
    Ok(StatusCode::OK)
}

/// Fails if a variable is one that the server sets.
pub(crate) fn check_not_built_in(name: &str) -> Result<(), ApiError> {
    match BUILT_IN.contains(&name) {
        true => Err(ApiError::bad_request("EnvVarNameForbidden", format!("{name} is a built-in variable"))),
        false => Ok(()),
    }
}

/// Checks the name and the value of a variable.
pub(crate) fn check_variable(name: &str, value: Option<&str>, knobs: &Knobs) -> Result<(), ApiError> {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    if !first || !bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(ApiError::bad_request("EnvironmentVariableNameInvalid", format!("{name} is not a valid name")));
    }
    if name.len() > knobs.max_env_var_name_bytes {
        return Err(ApiError::bad_request("EnvironmentVariableNameTooLong", format!("{name} is too long")));
    }
    match value {
        Some(value) if value.len() > knobs.max_env_var_value_bytes => {
            let message = format!("the value has {} bytes", value.len());
            Err(ApiError::bad_request("EnvironmentVariableValueTooLarge", message))
        }
        _ => Ok(()),
    }
}
