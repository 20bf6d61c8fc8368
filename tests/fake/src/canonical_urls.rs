//! Canonical URLs, as convex-backend's `crates/local_backend/src/canonical_urls.rs` has them. Any text is taken.

use axum::extract::State as Shares;
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::auth::Caller;
use crate::contention::Contention;
use crate::environment_variables::check_auth_config;
use crate::error::Refusal;
use crate::extract::JsonBody;
use crate::state::Shared;

/// Where a self-hosted server says it is unless it is told otherwise.
const DEFAULT_CLOUD: &str = "http://127.0.0.1:3210";
const DEFAULT_SITE: &str = "http://127.0.0.1:3211";

const WRITES: Contention = Contention::on("canonical URLs");

/// The URLs that were set.
#[derive(Debug, Default)]
pub(crate) struct State {
    cloud: Option<String>,
    site: Option<String>,
}

pub(crate) fn routes() -> Router<Shared> {
    // The real server serves both paths by one table of methods, in this order.
    let both = WRITES.post(update).get(read);
    Router::new().route("/get_canonical_urls", both.clone()).route("/update_canonical_url", both)
}

/// The path without a version, which the command line tool still uses.
pub(crate) fn unversioned_routes() -> Router<Shared> {
    Router::new().route("/update_canonical_url", WRITES.post(update))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CanonicalUrls {
    convex_cloud_url: String,
    convex_site_url: String,
}

async fn read(Shares(state): Shares<Shared>, caller: Caller) -> Result<Json<CanonicalUrls>, Refusal> {
    caller.require_key()?;
    let State { cloud, site } = &state.deployment().canonical_urls;
    Ok(Json(CanonicalUrls {
        convex_cloud_url: cloud.as_deref().unwrap_or(DEFAULT_CLOUD).to_owned(),
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
    /// None brings the default back.
    url: Option<String>,
}

async fn update(
    Shares(state): Shares<Shared>,
    caller: Caller,
    JsonBody(Update { request_destination, url }): JsonBody<Update>,
) -> Result<StatusCode, Refusal> {
    caller.require("deployment:env:write")?;
    let mut deployment = state.deployment();
    check_auth_config(&deployment.app, &deployment.variables)?;
    caller.require_plain()?;
    let urls = &mut deployment.canonical_urls;
    let place = match request_destination {
        Destination::ConvexCloud => &mut urls.cloud,
        Destination::ConvexSite => &mut urls.site,
    };
    place.clone_from(&url);
    let (action, metadata) = match url {
        Some(url) => ("update_canonical_url", json!({"request_destination": request_destination, "url": url})),
        None => ("delete_canonical_url", json!({"request_destination": request_destination})),
    };
    // Even if nothing changed.
    deployment.record(&caller, action, metadata);
    Ok(StatusCode::OK)
}
