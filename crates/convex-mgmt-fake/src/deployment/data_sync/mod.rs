//! Data sync: paged snapshots of tables that follow later changes. Source: convex-backend's
//! `crates/local_backend/src/streaming_export.rs`.

mod imports;
mod list;
mod page;
mod progress;
mod quirks;
mod selection;
mod state;
mod store;
mod sync;
mod tables;
mod value;

use axum::Router;

use crate::state::Shared;

pub use quirks::SyncQuirk;
pub use tables::{StoredTable, Tables};
pub use value::{Document, Value};

pub(crate) use state::DataSync;

pub(super) use state::on_record;

pub(super) fn routes() -> Router<Shared> {
    sync::routes().merge(list::routes())
}
