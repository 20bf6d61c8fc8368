//! Control of the fake by a test: the methods of [`Fake`], and the routes below `/_fake/` that do the same over HTTP.
//!
//! Requests to these routes need no credential, are not recorded and receive no faults.

mod clock;
mod commands;
mod fake;
mod faults;
mod keys;
mod log_streams;
mod pause;
mod records;
mod tables;
mod usage;
mod variables;

use axum::Router;
use axum::response::Response;
use http::{Request, StatusCode};
use tower::ServiceExt;

pub use fake::Fake;

/// The prefix of the control routes.
pub(crate) const PREFIX: &str = "/_fake/";

/// Responds to a request to a control route.
pub(crate) async fn respond(fake: &Fake, request: Request<axum::body::Body>) -> Response {
    let routes = Router::new()
        .merge(faults::routes())
        .merge(tables::routes())
        .merge(usage::routes())
        .merge(variables::routes())
        .merge(log_streams::routes())
        .merge(clock::routes())
        .merge(keys::routes())
        .merge(records::routes())
        .fallback(async || {
            let known = "faults, tables, usage, variables, events, clock, keys, requests and audit_log";
            (StatusCode::NOT_FOUND, format!("unknown path below /_fake/; known paths: {known}\n"))
        });
    match routes.with_state(fake.clone()).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
