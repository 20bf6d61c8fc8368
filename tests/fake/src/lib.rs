//! An in-memory Convex deployment for tests. It responds as the real server does, and injects faults on request.
//!
//! It shares no code with the crates that it tests: it has its own types for requests and responses, so a wrong field name
//! cannot pass on both sides. Status codes and error codes are those of the real server; the texts of messages are not.
//!
//! * In process: [`Fake`] is a tower service from `http::Request<Bytes>` to `http::Response<Bytes>`.
//! * On a loopback port: [`Fake::serve`].
//! * As a program: `convex-mgmt-fake serve`. Requests to `/_fake/...` do over HTTP what the methods of [`Fake`] do.
//!
//! A fake is one deployment. Build one for each deployment that a test needs.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use convex_mgmt_fake::Fake;
//!
//! let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01abcd").build();
//! let server = fake.serve("127.0.0.1:0").await?;
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! Each module uses only the modules above it:
//!
//! | module | content |
//! | --- | --- |
//! | `state` | the deployment, its settings, recorded requests and faults |
//! | `api` | the shared parts of all handlers: callers, arguments, errors, write conflicts |
//! | `deployment` | the Deployment Platform API: one module per topic, with its routes, handlers and state |
//! | `control` | [`Fake`] and its methods, and the routes below `/_fake/` |
//! | `server` | [`FakeBuilder`], the router, the handling of a request, the listener |
//!
//! A new operation is a handler and a line in the `routes` of its topic. A new topic is a module and a line in
//! `deployment::routes`. `Contention::post` declares a write that can lose against overlapping ones.

mod api;
mod control;
mod control_plane;
mod deployment;
mod management;
mod server;
mod state;

pub use control::Fake;
pub use control_plane::{FakeControlPlane, FakeControlPlaneBuilder, LedgerEntry, TokenClass};
pub use deployment::{
    Document, SeedStatus, Stops, StoredTable, Tables, UsageMetric, UsageWindow, Value, webhook_signature,
};
pub use management::{Addressing, TeamAuditEntry};
pub use server::{ConnectionReset, FakeBuilder, FakeServer};
pub use state::{AuditEntry, Fault, Knobs, Plan, RecordedRequest};
