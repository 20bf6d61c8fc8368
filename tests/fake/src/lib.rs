//! An in-memory Convex for tests: a deployment that answers as the real server does, with faults on demand.
//!
//! It shares no code with the crates that it tests: requests are read and answers written by types of its own, so that a
//! wrong field name cannot pass on both sides. The texts of its messages are its own, too; only status and code count.
//!
//! * In process: [`Fake`] is a tower service from `http::Request<Bytes>` to `http::Response<Bytes>`.
//! * On a loopback port: [`Fake::serve`].
//! * As a program: `convex-mgmt-fake serve`. Requests to `/_fake/...` do over HTTP what the methods of [`Fake`] do.
//!
//! A fake is one deployment. Whoever needs several builds several.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use convex_mgmt_fake::Fake;
//!
//! let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01abcd").build();
//! let running = fake.serve("127.0.0.1:0").await?;
//! assert!(running.url().starts_with("http://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```

mod audit_log;
mod auth;
mod canonical_urls;
mod client_version;
mod contention;
mod control;
mod data_sync;
mod deployment_info;
mod deployment_state;
mod environment_variables;
mod error;
mod extract;
mod fake;
mod faults;
mod ids;
mod knobs;
mod log_streams;
mod plan;
mod random;
mod router;
mod serve;
mod state;
mod usage;

pub use data_sync::{Document, StoredTable, Tables, Value};
pub use deployment_state::Stops;
pub use fake::{ConnectionReset, Fake, FakeBuilder, Recorded};
pub use faults::Fault;
pub use knobs::Knobs;
pub use log_streams::webhook_signature;
pub use plan::Plan;
pub use serve::Running;
pub use state::AuditEntry;
pub use usage::{SeedStatus, UsageMetric, UsageWindow};
