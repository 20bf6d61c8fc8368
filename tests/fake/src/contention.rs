//! Writes that lose against others at the same time, as convex-backend's `crates/errors/src/lib.rs` has it.

use axum::response::Response;
use http::{Method, StatusCode};

use crate::error::refusal;
use crate::state::Shared;

/// How often the real server tries a write by itself that it knows to be lost. Source: convex-backend `MAX_OCC_FAILURES` in
/// `crates/database/src/database.rs`, which only `crates/application/src/log_streaming.rs` asks for.
const TRIES: u32 = 3;

/// The writes that can lose: a part of their path, what they write to, and how often the real server tries them.
const CONTENDED: [(&str, &str, u32); 6] = [
    ("environment_variables", "environment variables", 1),
    ("canonical_url", "canonical URLs", 1),
    ("usage_limit", "usage limits", 1),
    ("pause_deployment", "deployment state", 1),
    ("log_stream", "log streams", TRIES),
    ("rotate_webhook_secret", "log streams", TRIES),
];

/// Lets the time of a write pass. Gives the refusal, if each time another write to the same was committed meanwhile.
pub(crate) async fn lost(state: &Shared, method: Method, path: &str) -> Option<Response> {
    let (_, target, tries) = CONTENDED.into_iter().find(|(part, ..)| method == Method::POST && path.contains(part))?;
    for _ in 0..tries {
        let (commit_time, seen) = {
            let deployment = state.deployment();
            (deployment.knobs.commit_time, deployment.commits.get(target).copied())
        };
        if commit_time.is_zero() {
            return None;
        }
        tokio::time::sleep(commit_time).await;
        let mut deployment = state.deployment();
        if deployment.commits.get(target).copied() == seen {
            *deployment.commits.entry(target).or_default() += 1;
            return None;
        }
    }
    let code = "OptimisticConcurrencyControlFailure";
    Some(refusal(StatusCode::SERVICE_UNAVAILABLE, code, "another write was faster"))
}
