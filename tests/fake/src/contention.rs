//! Writes that lose against others at the same time, as convex-backend's `crates/errors/src/lib.rs` has it.

use axum::response::Response;
use http::{Method, StatusCode};

use crate::error::refusal;
use crate::state::Shared;

/// The writes that the real server does not repeat by itself when others come between.
const CONTENDED: [&str; 4] = ["environment_variables", "canonical_url", "usage_limit", "pause_deployment"];

/// Lets the time of a write pass. Gives the refusal, if another was committed meanwhile.
pub(crate) async fn lost(state: &Shared, method: Method, path: &str) -> Option<Response> {
    let is_contended = method == Method::POST && CONTENDED.iter().any(|part| path.contains(part));
    let (commit_time, seen) = {
        let deployment = state.deployment();
        (deployment.knobs.commit_time, deployment.commits)
    };
    if !is_contended || commit_time.is_zero() {
        return None;
    }
    tokio::time::sleep(commit_time).await;
    let mut deployment = state.deployment();
    if deployment.commits == seen {
        deployment.commits += 1;
        return None;
    }
    let code = "OptimisticConcurrencyControlFailure";
    Some(refusal(StatusCode::SERVICE_UNAVAILABLE, code, "another write was faster"))
}
