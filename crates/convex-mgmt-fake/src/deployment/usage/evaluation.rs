//! The evaluation of usage limits. Source: convex-backend's `crates/usage_limits/src/worker.rs`.

use std::time::Duration;

use serde_json::{Value, json};

use super::limit::LimitType;
use super::state::Usage;
use crate::deployment::pause::Stops;
use crate::state::{Deployment, Origin};

/// Evaluates the limits if the evaluation interval has passed.
pub(in crate::deployment) fn on_clock_advance(deployment: &mut Deployment, time: Duration) {
    let usage: &mut Usage = deployment.topics.of();
    usage.unevaluated += time;
    if usage.unevaluated >= deployment.knobs.usage_evaluation_interval {
        evaluate_limits(deployment);
    }
}

/// Stops or starts the deployment according to its usage limits. The audit log reports each reached limit once per window.
pub(crate) fn evaluate_limits(deployment: &mut Deployment) {
    let now = deployment.now();
    let usage: &mut Usage = deployment.topics.of();
    usage.unevaluated = Duration::ZERO;
    let mut entries: Vec<(&'static str, Value)> = Vec::new();
    let mut stopped = false;
    for (id, limit) in &usage.limits {
        if limit.enabled && usage.meter.used(limit.metric, limit.window, now) >= limit.limit as f64 {
            stopped |= limit.limit_type == LimitType::Disable;
            let window = limit.window.number(now);
            if usage.reported.insert(id.clone(), window) != Some(window) {
                entries.push(("usage_limit_exceeded", json!({"id": id, "config": limit.audited()})));
            }
        }
    }
    let was_stopped = std::mem::replace(&mut deployment.topics.of::<Stops>().usage_limit, stopped);
    if was_stopped != stopped {
        let name = |stopped| if stopped { "disabled" } else { "none" };
        let change = json!({"old_state": name(was_stopped), "new_state": name(stopped)});
        entries.push(("change_usage_limit_stop_state", change));
    }
    for (action, metadata) in entries {
        deployment.record(&Origin::system(), action, metadata);
    }
}
