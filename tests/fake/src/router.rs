//! Which path leads where, and what comes before any handler. As convex-backend's
//! `crates/local_backend/src/router.rs` and `crates/common/src/http/mod.rs` have it.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use http::header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, VARY};
use http::{HeaderValue, Method, StatusCode};

use crate::client_version::{Verdict, judge};
use crate::environment_variables as env;
use crate::state::Shared;
use crate::{audit_log, canonical_urls, data_sync, deployment_info, deployment_state, log_streams, usage};

/// The version of the server, as its helper routes tell it.
const SERVER_VERSION: &str = "fake";

pub(crate) fn router(state: Shared) -> Router {
    // The real server serves both paths by one table of methods.
    let variables: MethodRouter<Shared> = get(env::list).post(env::update);
    let v1 = Router::new()
        .route("/list_environment_variables", variables.clone())
        .route("/update_environment_variables", variables)
        .merge(canonical_urls::routes())
        .merge(log_streams::routes())
        .merge(deployment_state::routes())
        .merge(usage::routes())
        .merge(audit_log::routes())
        .merge(deployment_info::routes())
        .merge(data_sync::routes());
    // What the command line tool still calls, without the crossed paths.
    let api = Router::new()
        .nest("/v1", v1)
        .route("/list_environment_variables", get(env::list))
        .route("/update_environment_variables", post(env::update))
        .route("/update_canonical_url", post(canonical_urls::update));
    Router::new()
        .nest("/api", api)
        .route("/", get(async || "An in-memory deployment for tests."))
        .route("/version", get(async || SERVER_VERSION))
        .route("/instance_version", get(async || SERVER_VERSION))
        .route("/instance_name", get(async |State(state): State<Shared>| state.deployment().name.clone()))
        .route_layer(from_fn(before_handlers))
        .with_state(state)
}

/// Runs on every path that leads somewhere, whatever the method.
async fn before_handlers(request: Request, next: Next) -> Response {
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::OK.into_response()
    } else {
        match judge(request.headers()) {
            Verdict::Refused(response) => *response,
            Verdict::Supported => next.run(request).await,
            Verdict::UpgradeRequired(notice) => {
                let mut response = next.run(request).await;
                notice.write(response.headers_mut());
                response
            }
        }
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    let vary = "origin, access-control-request-method, access-control-request-headers";
    headers.insert(VARY, HeaderValue::from_static(vary));
    response
}
