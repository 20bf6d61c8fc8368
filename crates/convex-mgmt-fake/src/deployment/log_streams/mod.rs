//! Log streams. Only webhooks deliver events. Source: convex-backend's `crates/local_backend/src/log_sinks.rs`,
//! `crates/model/src/log_sinks` and `crates/log_streaming/src`.

mod config;
mod delivery;
mod events;
mod exchange;
mod handlers;
mod quirks;
mod signature;
mod state;
mod target;
mod topics;
mod update;

pub use quirks::DeliveryQuirk;
pub use signature::webhook_signature;

pub(crate) use delivery::{flush_log_streams, restart};
pub(crate) use events::emit_event;
pub(crate) use quirks::add_delivery_quirk;
pub(crate) use state::{log_streams_settled, remove_deleted};

pub(super) use events::on_record;
pub(super) use handlers::routes;
