//! Holding usage against the limits, as convex-backend's `crates/usage_limits/src/worker.rs` does.

use std::time::Duration;

use serde_json::{Value, json};

use super::limits::LimitType;
use crate::auth::Caller;
use crate::state::Deployment;

/// Holds usage against the limits if that is due.
pub(crate) fn time_passed(deployment: &mut Deployment, time: Duration) {
    deployment.usage.unevaluated += time;
    if deployment.usage.unevaluated >= deployment.knobs.usage_evaluation {
        evaluate(deployment);
    }
}

/// Stops or frees the deployment, and tells of each limit once in each of its windows.
pub(super) fn evaluate(deployment: &mut Deployment) {
    let now = deployment.now();
    let usage = &mut deployment.usage;
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
    let was_stopped = std::mem::replace(&mut deployment.stops.usage_limit, stopped);
    if was_stopped != stopped {
        let name = |stopped| if stopped { "disabled" } else { "none" };
        let change = json!({"old_state": name(was_stopped), "new_state": name(stopped)});
        entries.push(("change_usage_limit_stop_state", change));
    }
    for (action, metadata) in entries {
        deployment.record(&Caller::system(), action, metadata);
    }
}
