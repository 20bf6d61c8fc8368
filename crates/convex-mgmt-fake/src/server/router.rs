//! The routes of the server, and what runs before their handlers. Source: convex-backend's
//! `crates/local_backend/src/router.rs` and `crates/common/src/http/mod.rs`.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use http::Method;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::api::{ClientSupport, check_client};
use crate::deployment;
use crate::state::Shared;

/// The version that the helper routes return.
const SERVER_VERSION: &str = "fake";

pub(crate) fn router(state: Shared) -> Router {
    let api = deployment::unversioned_routes().nest("/v1", deployment::routes());
    let routes = Router::new()
        .nest("/api", api)
        .route("/", get(async || "An in-memory deployment for tests."))
        .route("/version", get(async || SERVER_VERSION))
        .route("/instance_version", get(async || SERVER_VERSION))
        .route("/instance_name", get(async |State(state): State<Shared>| state.deployment().name.clone()))
        .route_layer(cors());
    with_client_check(routes).with_state(state)
}

/// Adds the check of the `Convex-Client` header to routes.
pub(crate) fn with_client_check<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    routes.route_layer(from_fn(check_client_version))
}

/// Runs for every known path, whatever the method. A request to an unknown path gets an empty 404.
async fn check_client_version(request: Request, next: Next) -> Response {
    match check_client(request.headers()) {
        ClientSupport::Unsupported(response) => *response,
        ClientSupport::Supported => next.run(request).await,
        ClientSupport::UpgradeRequired(notice) => {
            let mut response = next.run(request).await;
            notice.write(response.headers_mut());
            response
        }
    }
}

/// The CORS headers for browsers. The layer responds to `OPTIONS` itself.
fn cors() -> CorsLayer {
    let methods = [Method::GET, Method::POST, Method::OPTIONS, Method::PATCH, Method::DELETE, Method::PUT];
    CorsLayer::new()
        .allow_headers(AllowHeaders::mirror_request())
        .allow_credentials(true)
        .allow_methods(methods)
        .allow_origin(AllowOrigin::mirror_request())
        .max_age(Duration::from_secs(86_400))
}
