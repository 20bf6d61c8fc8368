//! The operation that lists active syncs. Source: convex-backend's `crates/model/src/data_sync_progress/mod.rs`.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::progress::{Progress, ProgressStatus};
use super::state::{DataSync, require_data_sync};
use crate::api::{ApiError, Caller, Pagination, QueryArgs};
use crate::state::{Shared, hex, millis, random_bytes};

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/data/list_active_syncs", get(list))
}

#[derive(Deserialize)]
struct ListArgs {
    limit: Option<u64>,
    cursor: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    syncs: Vec<Listing>,
    pagination: Pagination,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    sync_id: String,
    last_updated: u64,
    status: ProgressStatus,
}

/// The real server reads the query before it authenticates: an invalid query fails with 400 even without a key.
async fn list(
    State(state): State<Shared>,
    QueryArgs(args): QueryArgs<ListArgs>,
    caller: Caller,
) -> Result<Json<Listed>, ApiError> {
    let mut deployment = state.deployment();
    require_data_sync(&deployment)?;
    caller.require("deployment:data:view")?;
    let (default, max) = deployment.knobs.active_syncs_page_size;
    let limit = args.limit.unwrap_or(default);
    if !(1..=max).contains(&limit) {
        return Err(ApiError::bad_request("LimitOutOfRange", format!("the limit must be from 1 to {max}")));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let before = match args.cursor {
        None => i64::MAX,
        Some(cursor) => *deployment
            .topics
            .of::<DataSync>()
            .list_cursors
            .get(&cursor)
            .ok_or_else(|| ApiError::bad_request("InvalidCursor", "the cursor is not valid for this list"))?,
    };
    let (now, window) = (deployment.now(), deployment.knobs.active_sync_window);
    let data: &mut DataSync = deployment.topics.of();
    let active = |progress: &Progress| progress.ts < before && now < progress.last_updated + window;
    let mut page: Vec<_> = data.syncs.iter().filter(|(_, progress)| active(progress)).collect();
    page.sort_by_key(|(_, progress)| std::cmp::Reverse(progress.ts));
    page.truncate(limit);
    // A full page has a cursor even if no sync follows, as on the real server.
    let next = page.last().filter(|_| page.len() == limit).map(|(_, progress)| progress.ts);
    let listing = |(id, progress): (&String, &Progress)| Listing {
        sync_id: id.clone(),
        last_updated: millis(progress.last_updated),
        status: progress.status.clone(),
    };
    let syncs = page.into_iter().map(listing).collect();
    let next_cursor = next.map(|ts| {
        let cursor = hex(&random_bytes::<48>());
        data.list_cursors.insert(cursor.clone(), ts);
        cursor
    });
    Ok(Json(Listed { syncs, pagination: Pagination::new(next_cursor) }))
}
