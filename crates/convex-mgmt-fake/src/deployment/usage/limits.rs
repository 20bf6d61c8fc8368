//! The operations on usage limits. Source: convex-backend's `crates/local_backend/src/usage_limits.rs` and
//! `crates/model/src/usage_limits`.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::limit::{Limit, LimitType};
use super::state::Usage;
use crate::api::{ApiError, Caller, Contention, JsonBody, PathArg};
use crate::state::{Deployment, Shared, encode_id, random_bytes, table_of_id};

/// The number of the table of usage limits, which their ids contain.
const TABLE: u32 = 552;

const WRITE: &str = "deployment:usageLimits:write";

const WRITES: Contention = Contention::on("usage limits");

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/list_usage_limits", get(list))
        .route("/create_usage_limit", WRITES.post(create))
        .route("/update_usage_limit/{id}", WRITES.post(update))
        .route("/delete_usage_limit/{id}", WRITES.post(delete))
}

#[derive(Serialize)]
struct WithId {
    id: String,
    #[serde(flatten)]
    limit: Limit,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    usage_limits: Vec<WithId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    usage_limit: WithId,
}

/// The list is sorted by id, not by age.
async fn list(State(state): State<Shared>, caller: Caller) -> Result<Json<Listed>, ApiError> {
    caller.require("deployment:usageLimits:view")?;
    let limits = state.deployment().topics.of::<Usage>().limits.clone();
    Ok(Json(Listed { usage_limits: limits.into_iter().map(|(id, limit)| WithId { id, limit }).collect() }))
}

async fn create(
    State(state): State<Shared>,
    caller: Caller,
    JsonBody(limit): JsonBody<Limit>,
) -> Result<Json<Written>, ApiError> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    check(&mut deployment, &limit, None)?;
    caller.reject_impersonation()?;
    let id = encode_id(TABLE, random_bytes());
    deployment.topics.of::<Usage>().limits.insert(id.clone(), limit.clone());
    deployment.record(&caller.origin, "create_usage_limit", json!({"id": id, "config": limit.audited()}));
    Ok(Json(Written { usage_limit: WithId { id, limit } }))
}

/// An update replaces all fields of the limit.
async fn update(
    State(state): State<Shared>,
    caller: Caller,
    PathArg(id): PathArg,
    JsonBody(limit): JsonBody<Limit>,
) -> Result<Json<Written>, ApiError> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    let previous = existing(&mut deployment, &id)?;
    check(&mut deployment, &limit, Some(&id))?;
    caller.reject_impersonation()?;
    deployment.topics.of::<Usage>().limits.insert(id.clone(), limit.clone());
    deployment.record(
        &caller.origin,
        "update_usage_limit",
        json!({"id": id, "previous": previous.audited(), "current": limit.audited()}),
    );
    Ok(Json(Written { usage_limit: WithId { id, limit } }))
}

async fn delete(State(state): State<Shared>, caller: Caller, PathArg(id): PathArg) -> Result<StatusCode, ApiError> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    let limit = existing(&mut deployment, &id)?;
    caller.reject_impersonation()?;
    deployment.topics.of::<Usage>().limits.remove(&id);
    deployment.record(&caller.origin, "delete_usage_limit", json!({"id": id, "config": limit.audited()}));
    Ok(StatusCode::OK)
}

fn existing(deployment: &mut Deployment, id: &str) -> Result<Limit, ApiError> {
    if table_of_id(id) != Some(TABLE) {
        return Err(ApiError::bad_request("InvalidId", "the id is not the id of a usage limit"));
    }
    let limit = deployment.topics.of::<Usage>().limits.get(id).cloned();
    limit.ok_or_else(|| ApiError::not_found("UsageLimitNotFound", "the usage limit does not exist"))
}

/// Checks a limit before it is written. `replaced` is the id of the limit that it replaces.
fn check(deployment: &mut Deployment, limit: &Limit, replaced: Option<&str>) -> Result<(), ApiError> {
    let Limit { metric, window, limit_type, .. } = *limit;
    if limit.limit == 0 {
        return Err(ApiError::bad_request("InvalidUsageLimit", "a usage limit must not be 0"));
    }
    let now = deployment.now();
    let usage: &mut Usage = deployment.topics.of();
    if limit.enabled && usage.meter.used(metric, window, now) > limit.limit as f64 {
        return Err(ApiError::bad_request("UsageLimitBelowCurrentUsage", "the current usage exceeds the limit"));
    }
    let same = |other: &Limit| other.metric == metric && other.window == window && other.limit_type == limit_type;
    if usage.limits.iter().any(|(id, other)| same(other) && Some(id.as_str()) != replaced) {
        return Err(ApiError::bad_request(
            "DuplicateUsageLimit",
            "a usage limit with this metric, window and type exists",
        ));
    }
    let is_dev = deployment.plan.as_ref().is_some_and(|plan| plan.deployment_type == "dev");
    if is_dev && limit_type == LimitType::Warning {
        return Err(ApiError::bad_request("UsageLimitWarningNotSupported", "dev deployments do not support warnings"));
    }
    // The database stores signed integers.
    match i64::try_from(limit.limit) {
        Ok(_) => Ok(()),
        Err(_) => Err(ApiError::internal("the limit cannot be stored")),
    }
}
