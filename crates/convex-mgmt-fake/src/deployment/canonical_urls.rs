//! Canonical URLs. Any text is accepted. Source: convex-backend's `crates/local_backend/src/canonical_urls.rs`.

use axum::extract::State;
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::environment_variables::EnvironmentVariables;
use crate::api::{ApiError, Caller, Contention, JsonBody};
use crate::state::Shared;

/// The default URLs of a self-hosted server.
const DEFAULT_CLOUD: &str = "http://127.0.0.1:3210";
const DEFAULT_SITE: &str = "http://127.0.0.1:3211";

const WRITES: Contention = Contention::on("canonical URLs");

/// The URLs that replace the defaults.
#[derive(Debug, Default)]
struct StoredUrls {
    cloud: Option<String>,
    site: Option<String>,
}

pub(super) fn routes() -> Router<Shared> {
    // The real server registers both methods for both paths, in this order.
    let both = WRITES.post(update).get(read);
    Router::new().route("/get_canonical_urls", both.clone()).route("/update_canonical_url", both)
}

/// The path without a version.
pub(super) fn unversioned_routes() -> Router<Shared> {
    Router::new().route("/update_canonical_url", WRITES.post(update))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CanonicalUrls {
    convex_cloud_url: String,
    convex_site_url: String,
}

async fn read(State(state): State<Shared>, caller: Caller) -> Result<Json<CanonicalUrls>, ApiError> {
    caller.require_key()?;
    let mut deployment = state.deployment();
    let default_cloud = deployment.url.clone().unwrap_or_else(|| DEFAULT_CLOUD.to_owned());
    let StoredUrls { cloud, site } = deployment.topics.of();
    Ok(Json(CanonicalUrls {
        convex_cloud_url: cloud.clone().unwrap_or(default_cloud),
        convex_site_url: site.as_deref().unwrap_or(DEFAULT_SITE).to_owned(),
    }))
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Destination {
    ConvexCloud,
    ConvexSite,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    request_destination: Destination,
    /// `None` restores the default.
    url: Option<String>,
}

async fn update(
    State(state): State<Shared>,
    caller: Caller,
    JsonBody(Update { request_destination, url }): JsonBody<Update>,
) -> Result<StatusCode, ApiError> {
    caller.require("deployment:env:write")?;
    let mut deployment = state.deployment();
    deployment.topics.of::<EnvironmentVariables>().check_auth_config()?;
    caller.reject_impersonation()?;
    let urls: &mut StoredUrls = deployment.topics.of();
    let place = match request_destination {
        Destination::ConvexCloud => &mut urls.cloud,
        Destination::ConvexSite => &mut urls.site,
    };
    place.clone_from(&url);
    let (action, metadata) = match url {
        Some(url) => ("update_canonical_url", json!({"request_destination": request_destination, "url": url})),
        None => ("delete_canonical_url", json!({"request_destination": request_destination})),
    };
    // There is an entry even if the URL is the same as before.
    deployment.record(&caller.origin, action, metadata);
    Ok(StatusCode::OK)
}
