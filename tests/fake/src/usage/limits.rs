//! Usage limits: at most one for each metric, window and type.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Metric;
use crate::auth::Caller;
use crate::error::Refusal;
use crate::extract::{JsonBody, PathValue};
use crate::ids;
use crate::state::{Deployment, Shared};

/// The number of the table that limits are kept in.
const TABLE: u32 = 552;

/// The limits by their ids, which is the order in which they are listed.
pub(super) type Limits = BTreeMap<String, Limit>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum Window {
    Day,
    Month,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum LimitType {
    Warning,
    Disable,
}

/// A limit without its id.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limit {
    metric: Metric,
    window: Window,
    limit_type: LimitType,
    limit: u64,
    enabled: bool,
}

impl Limit {
    fn concerns_the_same(&self, other: &Self) -> bool {
        (self.metric, self.window, self.limit_type) == (other.metric, other.window, other.limit_type)
    }

    /// As the audit log tells it: integers are texts there.
    fn logged(&self) -> Value {
        json!({
            "metric": self.metric,
            "window": self.window,
            "limitType": self.limit_type,
            "limit": self.limit.to_string(),
            "enabled": self.enabled,
        })
    }
}

#[derive(Serialize)]
pub(crate) struct Identified {
    id: String,
    #[serde(flatten)]
    limit: Limit,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct One {
    usage_limit: Identified,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed {
    usage_limits: Vec<Identified>,
}

pub(super) async fn list(State(state): State<Shared>, caller: Caller) -> Result<Json<Listed>, Refusal> {
    caller.require("deployment:usageLimits:view")?;
    let deployment = state.deployment();
    let limits = deployment.usage.limits.iter();
    let usage_limits = limits.map(|(id, limit)| Identified { id: id.clone(), limit: limit.clone() }).collect();
    Ok(Json(Listed { usage_limits }))
}

pub(super) async fn create(
    State(state): State<Shared>,
    caller: Caller,
    JsonBody(limit): JsonBody<Limit>,
) -> Result<Json<One>, Refusal> {
    caller.require("deployment:usageLimits:write")?;
    let mut deployment = state.deployment();
    validate(&deployment, None, &limit)?;
    caller.require_plain()?;
    let id = ids::new(TABLE);
    deployment.usage.limits.insert(id.clone(), limit.clone());
    deployment.record(&caller, "create_usage_limit", json!({"id": id, "config": limit.logged()}));
    Ok(Json(One { usage_limit: Identified { id, limit } }))
}

pub(super) async fn update(
    State(state): State<Shared>,
    caller: Caller,
    PathValue(id): PathValue,
    JsonBody(limit): JsonBody<Limit>,
) -> Result<Json<One>, Refusal> {
    caller.require("deployment:usageLimits:write")?;
    let mut deployment = state.deployment();
    let previous = find(&deployment, &id)?;
    validate(&deployment, Some(&id), &limit)?;
    caller.require_plain()?;
    deployment.usage.limits.insert(id.clone(), limit.clone());
    let metadata = json!({"id": id, "previous": previous.logged(), "current": limit.logged()});
    deployment.record(&caller, "update_usage_limit", metadata);
    Ok(Json(One { usage_limit: Identified { id, limit } }))
}

pub(super) async fn delete(
    State(state): State<Shared>,
    caller: Caller,
    PathValue(id): PathValue,
) -> Result<StatusCode, Refusal> {
    caller.require("deployment:usageLimits:write")?;
    let mut deployment = state.deployment();
    let limit = find(&deployment, &id)?;
    caller.require_plain()?;
    deployment.usage.limits.remove(&id);
    deployment.record(&caller, "delete_usage_limit", json!({"id": id, "config": limit.logged()}));
    Ok(StatusCode::OK)
}

fn find(deployment: &Deployment, id: &str) -> Result<Limit, Refusal> {
    if ids::table_of(id) != Some(TABLE) {
        return Err(Refusal::bad_request("InvalidId", "this is no id of a usage limit"));
    }
    let found = deployment.usage.limits.get(id).cloned();
    found.ok_or_else(|| Refusal::not_found("UsageLimitNotFound", "there is no such usage limit"))
}

/// The checks in the server's order. `id` is the limit that is replaced.
fn validate(deployment: &Deployment, id: Option<&str>, limit: &Limit) -> Result<(), Refusal> {
    if limit.limit == 0 {
        return Err(Refusal::bad_request("InvalidUsageLimit", "a limit is at least 1"));
    }
    let used = deployment.usage.of(limit.metric);
    let used = match limit.window {
        Window::Day => used.current_day,
        Window::Month => used.current_month,
    };
    if limit.enabled && (limit.limit as f64) < used {
        return Err(Refusal::bad_request("UsageLimitBelowCurrentUsage", "more than that was used already"));
    }
    let mut others = deployment.usage.limits.iter().filter(|(other, _)| Some(other.as_str()) != id);
    if others.any(|(_, other)| other.concerns_the_same(limit)) {
        return Err(Refusal::bad_request("DuplicateUsageLimit", "there is such a limit already"));
    }
    let is_dev = deployment.plan.as_ref().is_some_and(|plan| plan.deployment_type == "dev");
    if is_dev && limit.limit_type == LimitType::Warning {
        return Err(Refusal::bad_request("UsageLimitWarningNotSupported", "a dev deployment has no warnings"));
    }
    // The database has no such integers.
    if i64::try_from(limit.limit).is_err() {
        return Err(Refusal::internal("the limit cannot be stored"));
    }
    Ok(())
}
