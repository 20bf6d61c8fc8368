#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

// Each module uses only the modules above it:
//
// * `state`: the deployment, its settings, recorded requests and faults
// * `api`: the shared parts of all handlers, such as callers, arguments, errors and write conflicts
// * `deployment`: the Deployment Platform API; one module per topic, with its routes, handlers and state
// * `control`: `Fake` with its methods, and the routes below `/_fake/`
// * `server`: `FakeBuilder`, the router, the handling of a request, the listener
// * `management`: the Management API; the state of a control plane, and one module per topic
// * `oauth`: the OAuth flow of a control plane; applications, codes, the pages of the dashboard, the token endpoint
// * `control_plane`: `FakeControlPlane`, its builder, its service, its ledger, and its routes below `/_fake/`
// * `conformance`: the conformance run for transports; only this module uses the SDK
//
// A new operation is a handler and a line in the `routes` of its topic. A new topic is a module and a line in
// `deployment::routes` or `management::routes`. `Contention::post` declares a write that can lose against overlapping ones.
// `management::register_hooks` registers what a topic adds to a new deployment.

mod api;
#[cfg(feature = "conformance")]
pub mod conformance;
mod control;
mod control_plane;
mod deployment;
mod management;
mod oauth;
mod server;
mod state;

pub use control::{Fake, FunctionExecution, Import, Writes};
pub use control_plane::{FakeControlPlane, FakeControlPlaneBuilder, LedgerEntry, TokenClass};
pub use deployment::{
    DeliveryQuirk, Document, SeedStatus, Stops, StoredTable, SyncQuirk, Tables, UsageMetric, UsageWindow, Value,
    webhook_signature,
};
pub use management::{Addressing, TeamAuditEntry};
#[cfg(feature = "server")]
pub use server::FakeServer;
pub use server::{ConnectionReset, FakeBuilder};
pub use state::{AuditEntry, Fault, InvalidSetting, Knobs, Plan, RecordedRequest};
