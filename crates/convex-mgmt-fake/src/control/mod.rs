//! Control of the fake by a test: the methods of [`Fake`], and the routes below `/_fake/` that do the same over HTTP.
//!
//! Requests to these routes need no credential, are not recorded and receive no faults.

mod clock;
mod commands;
mod data_sync;
mod fake;
mod faults;
mod keys;
mod log_streams;
mod pause;
mod records;
mod usage;
mod variables;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use tower::ServiceExt;

use crate::state::{Settings, Shared};

pub use data_sync::{Import, Writes};
pub use fake::Fake;
pub use log_streams::FunctionExecution;

pub(crate) use clock::{Clocked, clock_routes};
pub(crate) use commands::{Commands, Rejection, rejection};

/// The prefix of the control routes.
pub(crate) const PREFIX: &str = "/_fake/";

/// Responds to a request to a control route of a deployment.
pub(crate) async fn respond(fake: &Fake, request: Request<Body>) -> Response {
    let routes = Router::new()
        .merge(data_sync::routes())
        .merge(usage::routes())
        .merge(variables::routes())
        .merge(log_streams::routes())
        .merge(clock_routes())
        .merge(keys::routes())
        .merge(records::routes())
        .with_state(fake.clone());
    let known = "faults, tables, hidden_tables, sync_quirks, expire_sync_cursors, usage, variables, events, traffic, \
                 delivery_quirks, clock, keys, requests and audit_log";
    respond_with(&fake.state, routes, known, request).await
}

/// Responds with the control routes of any server, and with further ones. `known` lists the paths of both.
pub(crate) async fn respond_with<S: Settings>(
    server: &Shared<S>,
    further: Router,
    known: &'static str,
    request: Request<Body>,
) -> Response {
    let routes = Router::new()
        .merge(faults::routes())
        .merge(records::request_routes())
        .with_state(server.clone())
        .merge(further)
        .fallback(async move || (StatusCode::NOT_FOUND, format!("unknown path below /_fake/; known paths: {known}\n")));
    match routes.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
