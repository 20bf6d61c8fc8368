//! The operations of the Deployment Platform API, by topic. Each topic declares its routes and owns its state.

mod audit_log;
mod canonical_urls;
mod data_sync;
mod environment_variables;
mod info;
mod log_streams;
mod pause;
mod usage;

use axum::Router;

use crate::state::{Deployment, Shared};

pub use data_sync::{Document, StoredTable, SyncQuirk, Tables, Value};
pub use log_streams::{DeliveryQuirk, webhook_signature};
pub use pause::Stops;
pub use usage::{SeedStatus, UsageMetric, UsageWindow};

pub(crate) use audit_log::AuditLogItem;
pub(crate) use data_sync::DataSync;
pub(crate) use environment_variables::{EnvironmentVariables, check_not_built_in, check_variable};
pub(crate) use log_streams::{
    add_delivery_quirk, emit_event, flush_log_streams, log_streams_settled, remove_deleted, restart,
};
pub(crate) use usage::{Usage, evaluate_limits};

/// The operations below `/api/v1`.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .merge(environment_variables::routes())
        .merge(canonical_urls::routes())
        .merge(log_streams::routes())
        .merge(pause::routes())
        .merge(usage::routes())
        .merge(audit_log::routes())
        .merge(info::routes())
        .merge(data_sync::routes())
}

/// The operations below `/api`, without a version. The Convex command line tool still calls them.
pub(crate) fn unversioned_routes() -> Router<Shared> {
    Router::new().merge(environment_variables::unversioned_routes()).merge(canonical_urls::unversioned_routes())
}

/// Registers the hooks of topics: functions that run after an event elsewhere in the deployment.
pub(crate) fn register_hooks(deployment: &mut Deployment) {
    deployment.on_record.extend([log_streams::on_record, data_sync::on_record]);
    deployment.on_clock_advance.push(usage::on_clock_advance);
}
