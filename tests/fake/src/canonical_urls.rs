//! Canonical URLs, as convex-backend's `crates/local_backend/src/canonical_urls.rs` has them: any text is taken for one.

use axum::extract::State;
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::auth::Caller;
use crate::error::Refusal;
use crate::extract::JsonBody;
use crate::state::Shared;

/// What was set; the defaults are those of a self-hosted server.
#[derive(Debug, Default)]
pub(crate) struct CanonicalUrls {
    cloud: Option<String>,
    site: Option<String>,
}

/// Both paths, under either of which the real server does both.
pub(crate) fn routes() -> Router<Shared> {
    let both: MethodRouter<Shared> = get(read).post(update);
    Router::new().route("/get_canonical_urls", both.clone()).route("/update_canonical_url", both)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Urls {
    convex_cloud_url: String,
    convex_site_url: String,
}

/// Any key may read them, however restricted.
async fn read(State(state): State<Shared>, caller: Caller) -> Result<Json<Urls>, Refusal> {
    caller.require_key()?;
    let CanonicalUrls { cloud, site } = &state.deployment().canonical_urls;
    Ok(Json(Urls {
        convex_cloud_url: cloud.clone().unwrap_or_else(|| "http://127.0.0.1:3210".to_owned()),
        convex_site_url: site.clone().unwrap_or_else(|| "http://127.0.0.1:3211".to_owned()),
    }))
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum Destination {
    ConvexCloud,
    ConvexSite,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Update {
    request_destination: Destination,
    url: Option<String>,
}

pub(crate) async fn update(
    State(state): State<Shared>,
    caller: Caller,
    JsonBody(Update { request_destination, url }): JsonBody<Update>,
) -> Result<StatusCode, Refusal> {
    caller.require("deployment:env:write")?;
    let mut deployment = state.deployment();
    deployment.app.evaluate_auth_config(&deployment.variables)?;
    caller.require_plain()?;
    let (action, metadata) = match &url {
        Some(url) => ("update_canonical_url", json!({"request_destination": request_destination, "url": url})),
        None => ("delete_canonical_url", json!({"request_destination": request_destination})),
    };
    match request_destination {
        Destination::ConvexCloud => deployment.canonical_urls.cloud = url,
        Destination::ConvexSite => deployment.canonical_urls.site = url,
    }
    deployment.record(&caller, action, metadata);
    Ok(StatusCode::OK)
}
