//! Environment variables, as convex-backend's `crates/application/src/lib.rs` has them.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::auth::Caller;
use crate::contention::Contention;
use crate::error::Refusal;
use crate::extract::JsonBody;
use crate::knobs::Knobs;
use crate::state::{App, Shared};

const BUILT_IN: [&str; 2] = ["CONVEX_CLOUD_URL", "CONVEX_SITE_URL"];

const WRITES: Contention = Contention::on("environment variables");

/// The real server serves both paths by one table of methods, in this order.
pub(crate) fn routes() -> Router<Shared> {
    let both = WRITES.post(update).get(list);
    Router::new().route("/list_environment_variables", both.clone()).route("/update_environment_variables", both)
}

/// The paths without a version, which the command line tool still uses. Each has one method.
pub(crate) fn unversioned_routes() -> Router<Shared> {
    Router::new()
        .route("/list_environment_variables", get(list))
        .route("/update_environment_variables", WRITES.post(update))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    environment_variables: BTreeMap<String, String>,
}

async fn list(State(state): State<Shared>, caller: Caller) -> Result<Json<Listed>, Refusal> {
    caller.require("deployment:env:view")?;
    Ok(Json(Listed { environment_variables: state.deployment().variables.clone() }))
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
) -> Result<StatusCode, Refusal> {
    caller.require("deployment:env:write")?;
    let knobs = state.deployment().knobs.clone();
    for change in &changes {
        validate(change, &knobs)?;
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
    demanded_by_app(&deployment.app, &deletes, &sets)?;
    let mut variables = deployment.variables.clone();
    for name in &deletes {
        if variables.remove(name).is_some() {
            entries.push(("delete_environment_variable", name.clone()));
        }
    }
    for (name, value) in sets {
        if BUILT_IN.contains(&name.as_str()) {
            return Err(Refusal::bad_request("EnvVarNameForbidden", format!("{name} is built in")));
        }
        let there = variables.contains_key(&name);
        let action = if there { "update_environment_variable" } else { "create_environment_variable" };
        entries.push((action, name.clone()));
        variables.insert(name, value);
    }
    if variables.len() > knobs.env_var_count {
        return Err(Refusal::bad_request(
            "EnvVarLimitMet",
            format!("at most {} variables are allowed", knobs.env_var_count),
        ));
    }
    let total: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    if total > knobs.env_var_total_bytes {
        let message = format!("{total} bytes of variables, at most {} are allowed", knobs.env_var_total_bytes);
        return Err(Refusal::bad_request("EnvVarTotalSizeLimitMet", message));
    }
    check_auth_config(&deployment.app, &variables)?;
    if !entries.is_empty() {
        caller.require_plain()?;
    }
    deployment.variables = variables;
    for (action, name) in entries {
        deployment.record(&caller, action, json!({"variable_name": name}));
    }
    Ok(StatusCode::OK)
}

fn validate(Change { name, value }: &Change, knobs: &Knobs) -> Result<(), Refusal> {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    if !first || !bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(Refusal::bad_request("EnvironmentVariableNameInvalid", format!("{name} is no name")));
    }
    if name.len() > knobs.env_var_name_bytes {
        return Err(Refusal::bad_request("EnvironmentVariableNameTooLong", format!("{name} is too long")));
    }
    match value {
        Some(value) if value.len() > knobs.env_var_value_bytes => {
            let message = format!("the value has {} bytes", value.len());
            Err(Refusal::bad_request("EnvironmentVariableValueTooLarge", message))
        }
        _ => Ok(()),
    }
}

/// What the deployed app demands. Required variables may not even be named in a deletion.
fn demanded_by_app(app: &App, deletes: &[String], sets: &[(String, String)]) -> Result<(), Refusal> {
    if let Some(name) = deletes.iter().find(|name| app.required.contains(*name)) {
        return Err(Refusal::bad_request("RequiredEnvironmentVariable", format!("the app requires {name}")));
    }
    for (name, value) in sets {
        if app.accepted.get(name).is_some_and(|accepted| !accepted.contains(value)) {
            return Err(Refusal::bad_request(
                "InvalidEnvironmentVariable",
                format!("the app does not take this {name}"),
            ));
        }
    }
    Ok(())
}

/// Whether the auth config of the deployed app finds what it reads. What is built in is always there.
pub(crate) fn check_auth_config(app: &App, variables: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let there = |name: &str| variables.contains_key(name) || BUILT_IN.contains(&name);
    match app.auth_config.iter().find(|name| !there(name)) {
        Some(name) => {
            let message = format!("the auth config reads {name}");
            Err(Refusal::bad_request("AuthConfigMissingEnvironmentVariable", message))
        }
        None => Ok(()),
    }
}
