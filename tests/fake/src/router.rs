//! Which path leads where, and what comes before any handler. As convex-backend's
//! `crates/local_backend/src/router.rs` and `crates/common/src/http/mod.rs` have it.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use http::Method;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::client_version::{Verdict, judge};
use crate::state::Shared;
use crate::{
    audit_log, canonical_urls, data_sync, deployment_info, deployment_state, environment_variables, log_streams, usage,
};

/// The version of the server, as its helper routes tell it.
const SERVER_VERSION: &str = "fake";

pub(crate) fn router(state: Shared) -> Router {
    let v1 = Router::new()
        .merge(environment_variables::routes())
        .merge(canonical_urls::routes())
        .merge(log_streams::routes())
        .merge(deployment_state::routes())
        .merge(usage::routes())
        .merge(audit_log::routes())
        .merge(deployment_info::routes())
        .merge(data_sync::routes());
    let unversioned =
        Router::new().merge(environment_variables::unversioned_routes()).merge(canonical_urls::unversioned_routes());
    let api = unversioned.nest("/v1", v1);
    Router::new()
        .nest("/api", api)
        .route("/", get(async || "An in-memory deployment for tests."))
        .route("/version", get(async || SERVER_VERSION))
        .route("/instance_version", get(async || SERVER_VERSION))
        .route("/instance_name", get(async |State(state): State<Shared>| state.deployment().name.clone()))
        .route_layer(cors())
        .route_layer(from_fn(before_handlers))
        .with_state(state)
}

/// Runs on every path that leads somewhere, whatever the method.
async fn before_handlers(request: Request, next: Next) -> Response {
    match judge(request.headers()) {
        Verdict::Refused(response) => *response,
        Verdict::Supported => next.run(request).await,
        Verdict::UpgradeRequired(notice) => {
            let mut response = next.run(request).await;
            notice.write(response.headers_mut());
            response
        }
    }
}

/// What browsers are told. It answers `OPTIONS` by itself.
fn cors() -> CorsLayer {
    let methods = [Method::GET, Method::POST, Method::OPTIONS, Method::PATCH, Method::DELETE, Method::PUT];
    CorsLayer::new()
        .allow_headers(AllowHeaders::mirror_request())
        .allow_credentials(true)
        .allow_methods(methods)
        .allow_origin(AllowOrigin::mirror_request())
        .max_age(Duration::from_secs(86_400))
}
