//! Data sync, as convex-backend's `crates/local_backend/src/streaming_export.rs` has it.

mod active;
mod page;
mod selection;
mod store;
mod tables;
mod value;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use axum::extract::State as Extension;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::HeaderMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use self::active::{Pagination, Progress};
use self::page::{Entry, Page, Position, Status, Truncate};
use self::selection::Selection;
use self::store::{Store, nanoseconds};
use crate::auth::Caller;
use crate::client_version::client_name;
use crate::error::Refusal;
use crate::extract::JsonBody;
use crate::fake::Fake;
use crate::random;
use crate::state::{Deployment, Shared};

pub use self::tables::{StoredTable, Tables};
pub use self::value::{Document, Value};

/// What a deployment holds of this topic.
#[derive(Debug, Default)]
pub(crate) struct State {
    store: Store,
    /// The progress of syncs, by their ids.
    syncs: BTreeMap<String, Progress>,
    /// What the cursors stand for that pages gave out. Being kept here, they are good for no other deployment.
    cursors: HashMap<String, Position>,
    /// The same for the list of active syncs: the commit of the last sync that was told.
    list_cursors: HashMap<String, i64>,
}

impl Fake {
    /// Does something to the deployment's tables in one transaction, as a function of the app would. Meanwhile, the
    /// deployment answers nobody.
    pub fn commit<T>(&self, change: impl FnOnce(&mut Tables<'_>) -> T) -> T {
        let mut deployment = self.state.deployment();
        let now = deployment.now();
        tables::transaction(&mut deployment.data.store, now, change)
    }

    /// The tables with their documents, in the order in which the tables were created.
    pub fn tables(&self) -> Vec<StoredTable> {
        self.state.deployment().data.store.tables.values().map(StoredTable::of).collect()
    }
}

impl State {
    /// Notes that something else was committed. To a sync, that is news, too.
    pub(crate) fn touch(&mut self, now: Duration) {
        self.store.touch(now);
    }
}

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/data/sync", post(sync)).route("/data/list_active_syncs", get(active::list))
}

#[derive(Deserialize)]
struct Arguments {
    cursor: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    selection: Option<Selection>,
}

/// There may be no selection, but then it has to be left out.
fn not_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Selection>, D::Error> {
    Selection::deserialize(deserializer).map(Some)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status: Status,
    truncates: Vec<Truncate>,
    values: Vec<Entry>,
    sync_id: String,
    pagination: Pagination,
}

async fn sync(
    Extension(state): Extension<Shared>,
    caller: Caller,
    headers: HeaderMap,
    JsonBody(Arguments { cursor, selection }): JsonBody<Arguments>,
) -> Result<Json<Answer>, Refusal> {
    let mut deployment = state.deployment();
    entitled(&deployment)?;
    caller.require("deployment:data:view")?;
    caller.require_plain()?;
    let selection = selection.unwrap_or_default();
    selection.validate()?;

    let (now, knobs) = (deployment.now(), deployment.knobs.clone());
    let is_first = cursor.is_none();
    let mut position = match cursor {
        None => Position::new(sync_id(&headers), &deployment.data.store),
        Some(cursor) => deployment.data.cursors.get(&cursor).cloned().ok_or_else(|| {
            Refusal::bad_request("InvalidDataSyncCursor", "this is no cursor of a sync of this deployment")
        })?,
    };
    if position.synced_ts < nanoseconds(now.saturating_sub(knobs.document_retention)) {
        return Err(Refusal::bad_request("DataSyncCursorExpired", "the history since this cursor is gone"));
    }
    let Page { status, truncates, values } = page::page(&deployment.data.store, &mut position, &selection, &knobs);
    if is_first {
        deployment.record(&caller, "create_data_sync", json!({"sync_id": position.sync_id}));
    }
    let data = &mut deployment.data;
    data.note_progress(&position, &selection, status, now, &knobs);
    // One server's cursors all begin alike.
    let cursor = format!("01{}", random::hex(&random::random_bytes::<88>()));
    let sync_id = position.sync_id.clone();
    data.cursors.insert(cursor.clone(), position);
    let pagination = Pagination { has_more: true, next_cursor: Some(cursor) };
    Ok(Json(Answer { status, truncates, values, sync_id, pagination }))
}

/// Refuses what the plan leaves out. A self-hosted deployment has no plan, and everything.
fn entitled(deployment: &Deployment) -> Result<(), Refusal> {
    match &deployment.plan {
        Some(plan) if !plan.streaming_export_enabled => {
            Err(Refusal::forbidden("StreamingExportNotEnabled", "the plan has no data sync"))
        }
        _ => Ok(()),
    }
}

/// A new id, which tells the connectors of two products from other clients.
fn sync_id(headers: &HeaderMap) -> String {
    let prefix = match client_name(headers).as_deref() {
        Some("fivetran-export" | "fivetran-import") => "fivetran-",
        Some("airbyte-export") => "airbyte-",
        _ => "",
    };
    format!("{prefix}{}", random::uuid())
}
