//! Limits on usage, as convex-backend's `crates/local_backend/src/usage_limits.rs` and
//! `crates/model/src/usage_limits` have them.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::meter::{UsageMetric, UsageWindow};
use crate::auth::Caller;
use crate::error::Refusal;
use crate::extract::{JsonBody, PathArg};
use crate::ids;
use crate::random::random_bytes;
use crate::state::{Deployment, Shared};

/// The number of the table that the ids of limits name.
const TABLE: u32 = 552;

const WRITE: &str = "deployment:usageLimits:write";

/// A limit. Written and told with the same fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limit {
    pub(super) metric: UsageMetric,
    pub(super) window: UsageWindow,
    pub(super) limit_type: LimitType,
    pub(super) limit: u64,
    pub(super) enabled: bool,
}

impl Limit {
    /// As the audit log tells it, where 64-bit integers are texts.
    pub(super) fn audited(&self) -> Value {
        let Self { metric, window, limit_type, limit, enabled } = self;
        json!({
            "metric": metric, "window": window, "limitType": limit_type, "limit": limit.to_string(), "enabled": enabled,
        })
    }
}

/// What happens when a limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum LimitType {
    Warning,
    Disable,
}

#[derive(Serialize)]
struct WithId {
    id: String,
    #[serde(flatten)]
    limit: Limit,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed {
    usage_limits: Vec<WithId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Written {
    usage_limit: WithId,
}

/// By id, not by age.
pub(crate) async fn list(State(state): State<Shared>, caller: Caller) -> Result<Json<Listed>, Refusal> {
    caller.require("deployment:usageLimits:view")?;
    let limits = state.deployment().usage.limits.clone();
    Ok(Json(Listed { usage_limits: limits.into_iter().map(|(id, limit)| WithId { id, limit }).collect() }))
}

pub(crate) async fn create(
    State(state): State<Shared>,
    caller: Caller,
    JsonBody(limit): JsonBody<Limit>,
) -> Result<Json<Written>, Refusal> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    check(&deployment, &limit, None)?;
    caller.require_plain()?;
    let id = ids::encode(TABLE, random_bytes());
    deployment.usage.limits.insert(id.clone(), limit.clone());
    deployment.record(&caller, "create_usage_limit", json!({"id": id, "config": limit.audited()}));
    Ok(Json(Written { usage_limit: WithId { id, limit } }))
}

/// Replaces the whole limit.
pub(crate) async fn update(
    State(state): State<Shared>,
    caller: Caller,
    PathArg(id): PathArg,
    JsonBody(limit): JsonBody<Limit>,
) -> Result<Json<Written>, Refusal> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    let previous = existing(&deployment, &id)?;
    check(&deployment, &limit, Some(&id))?;
    caller.require_plain()?;
    deployment.usage.limits.insert(id.clone(), limit.clone());
    deployment.record(
        &caller,
        "update_usage_limit",
        json!({"id": id, "previous": previous.audited(), "current": limit.audited()}),
    );
    Ok(Json(Written { usage_limit: WithId { id, limit } }))
}

pub(crate) async fn delete(
    State(state): State<Shared>,
    caller: Caller,
    PathArg(id): PathArg,
) -> Result<StatusCode, Refusal> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    let limit = existing(&deployment, &id)?;
    caller.require_plain()?;
    deployment.usage.limits.remove(&id);
    deployment.record(&caller, "delete_usage_limit", json!({"id": id, "config": limit.audited()}));
    Ok(StatusCode::OK)
}

fn existing(deployment: &Deployment, id: &str) -> Result<Limit, Refusal> {
    if ids::table_of(id) != Some(TABLE) {
        return Err(Refusal::bad_request("InvalidId", "this is no id of a usage limit"));
    }
    let limit = deployment.usage.limits.get(id).cloned();
    limit.ok_or_else(|| Refusal::not_found("UsageLimitNotFound", "there is no such usage limit"))
}

/// Whether a limit may be written, in place of the one with this id.
fn check(deployment: &Deployment, limit: &Limit, replaced: Option<&str>) -> Result<(), Refusal> {
    let Limit { metric, window, limit_type, .. } = *limit;
    if limit.limit == 0 {
        return Err(Refusal::bad_request("InvalidUsageLimit", "a usage limit cannot be 0"));
    }
    let usage = &deployment.usage;
    if limit.enabled && usage.meter.used(metric, window, deployment.now()) > limit.limit as f64 {
        return Err(Refusal::bad_request("UsageLimitBelowCurrentUsage", "more than this is used already"));
    }
    let same = |other: &Limit| other.metric == metric && other.window == window && other.limit_type == limit_type;
    if usage.limits.iter().any(|(id, other)| same(other) && Some(id.as_str()) != replaced) {
        return Err(Refusal::bad_request("DuplicateUsageLimit", "there is such a usage limit already"));
    }
    let develops = deployment.plan.as_ref().is_some_and(|plan| plan.deployment_type == "dev");
    if develops && limit_type == LimitType::Warning {
        return Err(Refusal::bad_request("UsageLimitWarningNotSupported", "a dev deployment warns nobody"));
    }
    // The database has signed integers only.
    match i64::try_from(limit.limit) {
        Ok(_) => Ok(()),
        Err(_) => Err(Refusal::internal("the limit cannot be stored")),
    }
}
