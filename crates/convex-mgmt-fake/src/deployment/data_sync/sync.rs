//! The operation that returns the next page of a data sync. Source: convex-backend's
//! `crates/local_backend/src/streaming_export.rs`.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http::HeaderMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value as JsonValue, json};

use super::page::{Entry, Page, Position, Status, Truncate, id_only, page};
use super::quirks::SyncQuirk;
use super::selection::Selection;
use super::state::{DataSync, oldest, require_data_sync};
use crate::api::{ApiError, Caller, JsonBody, Pagination, client_name};
use crate::state::{Shared, encode_id, hex, random_bytes, uuid};

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
    status: JsonValue,
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
    let mut selection = selection.unwrap_or_default();
    selection.validate()?;

    let (now, knobs) = (deployment.now(), deployment.knobs.clone());
    let data: &mut DataSync = deployment.topics.of();
    let oldest = oldest(now, &knobs);
    data.store.advance_if_idle(now, knobs.document_retention);
    let position = match &cursor {
        None => Some(Position::new(sync_id(&headers), &data.store)),
        Some(cursor) => data.cursors.get(cursor).cloned().ok_or_else(|| {
            ApiError::bad_request("InvalidDataSyncCursor", "the cursor is not a sync cursor of this deployment")
        })?,
    };
    let mut position = position.filter(|position| position.synced_ts >= oldest).ok_or_else(|| {
        ApiError::bad_request("DataSyncCursorExpired", "the history since this cursor is no longer available")
    })?;
    let quirks = data.quirks.of_page();
    if quirks.contains(&SyncQuirk::IgnoresSelection) {
        selection = Selection::default();
    }
    let Page { status, truncates, values } = page(&data.store, &mut position, &selection, &knobs);
    if cursor.is_none() {
        deployment.record(&caller.origin, "create_data_sync", json!({"sync_id": position.sync_id}));
    }
    let data: &mut DataSync = deployment.topics.of();
    data.write_progress(&position, &selection, status, now, &knobs);
    // Like the real server's, all cursors have the same prefix.
    let next = format!("01{}", hex(&random_bytes::<88>()));
    let (sync_id, synced_ts) = (position.sync_id.clone(), position.synced_ts);
    data.cursors.insert(next.clone(), Some(position));
    data.quirks.count();
    let mut reply =
        Reply { status: json!(status), truncates, values, sync_id, pagination: Pagination::new(Some(next)) };
    for quirk in quirks {
        reply.apply(quirk, status, synced_ts, cursor.as_ref());
    }
    Ok(Json(reply))
}

impl Reply {
    /// Changes the page, which has a status, a timestamp and the cursor of its request.
    fn apply(&mut self, quirk: SyncQuirk, status: Status, ts: i64, cursor: Option<&String>) {
        match quirk {
            SyncQuirk::IgnoresSelection => {}
            SyncQuirk::UnknownStatus { status: name } => {
                self.status = match status.snapshot_ts() {
                    Some(snapshot_ts) => json!({"type": name, "snapshotTs": snapshot_ts}),
                    None => json!({"type": name}),
                };
            }
            SyncQuirk::OtherSyncId => self.sync_id = uuid(),
            SyncQuirk::ForeignDocument { component, table } => {
                let value = id_only(&encode_id(1, random_bytes()));
                self.values.push(Entry { component, table, ts, deleted: false, value });
            }
            SyncQuirk::ForeignTruncate { component, table } => self.truncates.push(Truncate { component, table }),
            SyncQuirk::NoCursor => self.pagination = Pagination::without_cursor(),
            SyncQuirk::SameCursor => {
                if let Some(cursor) = cursor {
                    self.pagination = Pagination::new(Some(cursor.clone()));
                }
            }
        }
    }
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
