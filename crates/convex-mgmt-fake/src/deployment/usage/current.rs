//! The operation that returns the current usage.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::meter::{SeedStatus, UsageMetric, UsageWindow};
use super::state::Usage;
use crate::api::{ApiError, Caller};
use crate::state::Shared;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/get_current_usage", get(current))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Current {
    metrics: BTreeMap<UsageMetric, MetricUsage>,
    seed_status: SeedStatus,
}

#[derive(Serialize)]
struct MetricUsage {
    unit: &'static str,
    usage: WindowUsage,
}

/// The fields are in snake case on the wire, unlike those around them.
#[derive(Serialize)]
struct WindowUsage {
    current_day: f64,
    current_month: f64,
}

async fn current(State(state): State<Shared>, caller: Caller) -> Result<Json<Current>, ApiError> {
    caller.require("deployment:usage:view")?;
    let mut deployment = state.deployment();
    let now = deployment.now();
    let Usage { meter, seed_status, .. } = deployment.topics.of();
    let usage = |metric: UsageMetric| MetricUsage {
        unit: metric.unit(),
        usage: WindowUsage {
            current_day: meter.used(metric, UsageWindow::Day, now),
            current_month: meter.used(metric, UsageWindow::Month, now),
        },
    };
    let metrics = UsageMetric::ALL.into_iter().map(|metric| (metric, usage(metric))).collect();
    Ok(Json(Current { metrics, seed_status: *seed_status }))
}
