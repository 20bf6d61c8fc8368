//! Usage and usage limits, as convex-backend's `crates/local_backend/src/usage_limits.rs` has them. What was used is what a
//! test says.

mod limits;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::error::Refusal;
use crate::state::Shared;

/// What is metered, in the order of the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum Metric {
    ActionComputeConvexGbHours,
    ActionComputeCpuGbHours,
    ActionComputeNodeJsGbHours,
    DataEgressGb,
    DatabaseIoGb,
    FunctionCalls,
    QueryMutationComputeGbHours,
    SearchQueryGb,
}

const METRICS: [Metric; 8] = [
    Metric::ActionComputeConvexGbHours,
    Metric::ActionComputeCpuGbHours,
    Metric::ActionComputeNodeJsGbHours,
    Metric::DataEgressGb,
    Metric::DatabaseIoGb,
    Metric::FunctionCalls,
    Metric::QueryMutationComputeGbHours,
    Metric::SearchQueryGb,
];

impl Metric {
    fn unit(self) -> &'static str {
        match self {
            Self::FunctionCalls => "calls",
            Self::DatabaseIoGb | Self::DataEgressGb => "GB",
            Self::SearchQueryGb => "Query-GB",
            Self::ActionComputeConvexGbHours
            | Self::ActionComputeCpuGbHours
            | Self::ActionComputeNodeJsGbHours
            | Self::QueryMutationComputeGbHours => "GB-hours",
        }
    }
}

/// How much of a metric was used in the windows that are under way.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Windows {
    current_day: f64,
    current_month: f64,
}

/// What a deployment has used, and its limits.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    used: BTreeMap<Metric, Windows>,
    limits: limits::Limits,
}

impl Usage {
    pub(crate) fn set(&mut self, metric: &str, current_day: f64, current_month: f64) {
        if let Ok(metric) = serde_json::from_value(metric.into()) {
            self.used.insert(metric, Windows { current_day, current_month });
        }
    }

    fn of(&self, metric: Metric) -> Windows {
        self.used.get(&metric).copied().unwrap_or_default()
    }
}

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/get_current_usage", get(current))
        .route("/list_usage_limits", get(limits::list))
        .route("/create_usage_limit", post(limits::create))
        .route("/update_usage_limit/{id}", post(limits::update))
        .route("/delete_usage_limit/{id}", post(limits::delete))
}

#[derive(Serialize)]
struct Metered {
    unit: &'static str,
    usage: Windows,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Current {
    metrics: BTreeMap<Metric, Metered>,
    /// A self-hosted server never gets any further.
    seed_status: &'static str,
}

async fn current(State(state): State<Shared>, caller: Caller) -> Result<Json<Current>, Refusal> {
    caller.require("deployment:usage:view")?;
    let deployment = state.deployment();
    let metered = |metric: Metric| Metered { unit: metric.unit(), usage: deployment.usage.of(metric) };
    let metrics = METRICS.into_iter().map(|metric| (metric, metered(metric))).collect();
    Ok(Json(Current { metrics, seed_status: "pending" }))
}
