//! The operation that returns the next page of a data sync. Source: convex-backend's
//! `crates/local_backend/src/streaming_export.rs`.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http::HeaderMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::page::{Entry, Page, Position, Status, Truncate, page};
use super::selection::Selection;
use super::state::{DataSync, require_data_sync};
use super::store::nanoseconds;
use crate::api::{ApiError, Caller, JsonBody, Pagination, client_name};
use crate::state::{Shared, hex, random_bytes, uuid};

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/data/sync", post(sync))
}

#[derive(Deserialize)]
struct Arguments {
    cursor: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    selection: Option<Selection>,
}

/// Rejects `null`: a missing selection must be absent.
fn not_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Selection>, D::Error> {
    Selection::deserialize(deserializer).map(Some)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    status: Status,
    truncates: Vec<Truncate>,
    values: Vec<Entry>,
    sync_id: String,
    pagination: Pagination,
}

async fn sync(
    State(state): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    JsonBody(Arguments { cursor, selection }): JsonBody<Arguments>,
) -> Result<Json<Reply>, ApiError> {
    let mut deployment = state.deployment();
    require_data_sync(&deployment)?;
    caller.require("deployment:data:view")?;
    caller.reject_impersonation()?;
    let selection = selection.unwrap_or_default();
    selection.validate()?;

    let (now, knobs) = (deployment.now(), deployment.knobs.clone());
    let is_first = cursor.is_none();
    let data: &mut DataSync = deployment.topics.of();
    let mut position = match cursor {
        None => Position::new(sync_id(&headers), &data.store),
        Some(cursor) => data.cursors.get(&cursor).cloned().ok_or_else(|| {
            ApiError::bad_request("InvalidDataSyncCursor", "the cursor is not a sync cursor of this deployment")
        })?,
    };
    if position.synced_ts < nanoseconds(now.saturating_sub(knobs.document_retention)) {
        return Err(ApiError::bad_request(
            "DataSyncCursorExpired",
            "the history since this cursor is no longer available",
        ));
    }
    let Page { status, truncates, values } = page(&data.store, &mut position, &selection, &knobs);
    if is_first {
        deployment.record(&caller.origin, "create_data_sync", json!({"sync_id": position.sync_id}));
    }
    let data: &mut DataSync = deployment.topics.of();
    data.write_progress(&position, &selection, status, now, &knobs);
    // Like the real server's, all cursors have the same prefix.
    let cursor = format!("01{}", hex(&random_bytes::<88>()));
    let sync_id = position.sync_id.clone();
    data.cursors.insert(cursor.clone(), position);
    let pagination = Pagination::new(Some(cursor));
    Ok(Json(Reply { status, truncates, values, sync_id, pagination }))
}

/// Returns a new sync id. Its prefix marks the connectors of Fivetran and Airbyte.
fn sync_id(headers: &HeaderMap) -> String {
    let prefix = match client_name(headers).as_deref() {
        Some("fivetran-export" | "fivetran-import") => "fivetran-",
        Some("airbyte-export") => "airbyte-",
        _ => "",
    };
    format!("{prefix}{}", uuid())
}
