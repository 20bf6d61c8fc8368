//! Usage: the meter, and reading it. As convex-backend's `crates/usage_limits/src` has it.

mod evaluation;
mod limits;
mod meter;

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State as Shares;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::auth::Caller;
use crate::contention::Contention;
use crate::error::Refusal;
use crate::fake::Fake;
use crate::state::Shared;

pub(crate) use evaluation::time_passed;
pub use meter::{SeedStatus, UsageMetric, UsageWindow};

/// What a deployment holds of this topic.
#[derive(Debug, Default)]
pub(crate) struct State {
    meter: meter::Meter,
    seed_status: SeedStatus,
    limits: BTreeMap<String, limits::Limit>,
    /// In which of its windows each limit was last told as reached.
    reported: BTreeMap<String, i64>,
    /// How much time passed since usage was last held against the limits.
    unevaluated: Duration,
}

impl State {
    /// Counts what was used, in the unit that the API tells.
    pub(crate) fn add(&mut self, metric: UsageMetric, amount: f64, now: Duration) {
        for window in [UsageWindow::Day, UsageWindow::Month] {
            let used = self.meter.used(metric, window, now);
            self.meter.set(metric, window, used + amount, now);
        }
    }
}

impl Fake {
    /// Counts what was used, in the unit that the API tells, for the current day and month.
    pub fn add_usage(&self, metric: UsageMetric, amount: f64) {
        let mut deployment = self.state.deployment();
        let now = deployment.now();
        deployment.usage.add(metric, amount, now);
    }

    /// Sets what was used in the current window, in the unit that the API tells.
    pub fn set_usage(&self, metric: UsageMetric, window: UsageWindow, amount: f64) {
        let mut deployment = self.state.deployment();
        let now = deployment.now();
        deployment.usage.meter.set(metric, window, amount, now);
    }

    /// Sets how far the usage of the past has been loaded.
    pub fn set_seed_status(&self, status: SeedStatus) {
        self.state.deployment().usage.seed_status = status;
    }

    /// Holds usage against the limits now. This also happens when the clock is put forward far enough.
    pub fn evaluate_usage_limits(&self) {
        evaluation::evaluate(&mut self.state.deployment());
    }
}

const LIMIT_WRITES: Contention = Contention::on("usage limits");

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/get_current_usage", get(current))
        .route("/list_usage_limits", get(limits::list))
        .route("/create_usage_limit", LIMIT_WRITES.post(limits::create))
        .route("/update_usage_limit/{id}", LIMIT_WRITES.post(limits::update))
        .route("/delete_usage_limit/{id}", LIMIT_WRITES.post(limits::delete))
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

/// In snake case, other than everything around it.
#[derive(Serialize)]
struct WindowUsage {
    current_day: f64,
    current_month: f64,
}

async fn current(Shares(state): Shares<Shared>, caller: Caller) -> Result<Json<Current>, Refusal> {
    caller.require("deployment:usage:view")?;
    let deployment = state.deployment();
    let (now, State { meter, seed_status, .. }) = (deployment.now(), &deployment.usage);
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
