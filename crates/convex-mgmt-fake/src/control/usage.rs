//! The usage of the deployment.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::commands::Commands;
use super::fake::Fake;
use crate::deployment::{SeedStatus, Usage, UsageMetric, UsageWindow, evaluate_limits};

impl Fake {
    /// Adds to the usage of the current day and month, in the unit of the metric.
    pub fn add_usage(&self, metric: UsageMetric, amount: f64) {
        let mut deployment = self.state.deployment();
        let now = deployment.now();
        deployment.topics.of::<Usage>().add(metric, amount, now);
    }

    /// Sets the usage of the current window, in the unit of the metric.
    pub fn set_usage(&self, metric: UsageMetric, window: UsageWindow, amount: f64) {
        let mut deployment = self.state.deployment();
        let now = deployment.now();
        deployment.topics.of::<Usage>().set(metric, window, amount, now);
    }

    /// Sets the state of loading past usage.
    pub fn set_seed_status(&self, status: SeedStatus) {
        self.state.deployment().topics.of::<Usage>().seed_status = status;
    }

    /// Evaluates the usage limits now. Advancing the clock by the evaluation interval does so, too.
    pub fn evaluate_usage_limits(&self) {
        evaluate_limits(&mut self.state.deployment());
    }
}

pub(super) fn routes() -> Router<Fake> {
    Router::new().route("/_fake/usage", post(change))
}

/// A change of usage.
#[derive(Deserialize)]
#[serde(tag = "change", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum UsageChange {
    Add { metric: UsageMetric, amount: f64 },
    Set { metric: UsageMetric, window: UsageWindow, amount: f64 },
    SeedStatus { status: SeedStatus },
    EvaluateLimits {},
}

async fn change(State(fake): State<Fake>, commands: Commands<UsageChange>) -> Json<Value> {
    commands.apply(|change| {
        match change {
            UsageChange::Add { metric, amount } => fake.add_usage(metric, amount),
            UsageChange::Set { metric, window, amount } => fake.set_usage(metric, window, amount),
            UsageChange::SeedStatus { status } => fake.set_seed_status(status),
            UsageChange::EvaluateLimits {} => fake.evaluate_usage_limits(),
        }
        json!({})
    })
}
