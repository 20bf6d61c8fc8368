//! Environment variables, as convex-backend's `crates/application/src/lib.rs` has them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use http::header::USER_AGENT;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use crate::auth::Identity;
use crate::error::Refusal;
use crate::extract::JsonBody;
use crate::state::{App, AuditEntry, Shared};

const NAME_BYTES: usize = 256;
const VALUE_BYTES: usize = 8192;
const VARIABLES: usize = 512;
const TOTAL_BYTES: usize = 524_288;
const BUILT_IN: [&str; 2] = ["CONVEX_CLOUD_URL", "CONVEX_SITE_URL"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed {
    environment_variables: BTreeMap<String, String>,
}

pub(crate) async fn list(State(state): State<Shared>, identity: Identity) -> Result<Json<Listed>, Refusal> {
    identity.require("deployment:env:view")?;
    Ok(Json(Listed { environment_variables: state.deployment().variables.clone() }))
}

#[derive(Deserialize)]
pub(crate) struct Update {
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    name: String,
    value: Option<String>,
}

pub(crate) async fn update(
    State(state): State<Shared>,
    identity: Identity,
    headers: HeaderMap,
    JsonBody(Update { changes }): JsonBody<Update>,
) -> Result<StatusCode, Refusal> {
    identity.require("deployment:env:write")?;
    for change in &changes {
        validate(change)?;
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

    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut entries = Vec::new();
    let mut audit = |action, subject: &str| {
        entries.push(AuditEntry { action, subject: subject.to_owned(), user_agent: user_agent.clone() });
    };
    let mut deployment = state.deployment();
    demanded_by_app(&deployment.app, &deletes, &sets)?;
    let mut variables = deployment.variables.clone();
    for name in &deletes {
        if variables.remove(name).is_some() {
            audit("delete_environment_variable", name);
        }
    }
    for (name, value) in sets {
        if BUILT_IN.contains(&name.as_str()) {
            return Err(Refusal::bad_request("EnvVarNameForbidden", format!("{name} is built in")));
        }
        let there = variables.contains_key(&name);
        audit(if there { "update_environment_variable" } else { "create_environment_variable" }, &name);
        variables.insert(name, value);
    }
    if variables.len() > VARIABLES {
        return Err(Refusal::bad_request("EnvVarLimitMet", format!("at most {VARIABLES} variables are allowed")));
    }
    let total: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    if total > TOTAL_BYTES {
        let message = format!("{total} bytes of variables, at most {TOTAL_BYTES} are allowed");
        return Err(Refusal::bad_request("EnvVarTotalSizeLimitMet", message));
    }
    if let Some(name) = deployment.app.auth_config.iter().find(|name| !variables.contains_key(*name)) {
        let message = format!("the auth config reads {name}");
        return Err(Refusal::bad_request("AuthConfigMissingEnvironmentVariable", message));
    }
    if !entries.is_empty() {
        identity.require_plain()?;
    }
    deployment.variables = variables;
    deployment.audit.extend(entries);
    Ok(StatusCode::OK)
}

fn validate(Change { name, value }: &Change) -> Result<(), Refusal> {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    if !first || !bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(Refusal::bad_request("EnvironmentVariableNameInvalid", format!("{name} is no name")));
    }
    if name.len() > NAME_BYTES {
        return Err(Refusal::bad_request("EnvironmentVariableNameTooLong", format!("{name} is too long")));
    }
    match value {
        Some(value) if value.len() > VALUE_BYTES => {
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
