//! The conformance run: proves that a transport works with the SDK.
//!
//! A transport decides what retries, deadlines and error texts can rely on. [`conformance`] builds clients over it with a closure,
//! and compares their behaviour with what the SDK documents. Each [`Check`] has a deployment of its own, served on a loopback
//! port by a thread of its own. The run needs no runtime: it works with any executor, also a single-threaded one.
//!
//! A new transport is proven by one call. Put it in the place of `target.fake().clone()`, which is a transport in process:
//!
//! ```no_run
//! use convex_mgmt_fake::conformance::conformance;
//! use convex_mgmt_hyper::Client;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let report = conformance(|target| {
//!     Client::builder(target.endpoint().clone())
//!         .attempt_timeout(target.attempt_timeout())
//!         .total_timeout(target.total_timeout())
//!         .build_on(target.fake().clone())
//!         .expect("the settings are valid")
//! })
//! .await?;
//! println!("{report}");
//! # Ok(())
//! # }
//! ```
//!
//! A client without convex-mgmt-hyper implements [`Caller`]. A blocking one blocks in the future:
//!
//! ```
//! use convex_mgmt_fake::conformance::Caller;
//! use convex_mgmt_proto::{CallError, DeploymentApi, Operation};
//!
//! struct Blocking {
//!     // an HTTP client, the endpoint, the timeouts
//! }
//!
//! impl Blocking {
//!     fn call<O: Operation<Api = DeploymentApi>>(&self, operation: &O) -> Result<O::Output, CallError<std::io::Error>> {
//!         // the loop over `RetryState`
//! #       let _ = operation;
//! #       unreachable!()
//!     }
//! }
//!
//! impl Caller for Blocking {
//!     type Error = CallError<std::io::Error>;
//!
//!     async fn call<O: Operation<Api = DeploymentApi>>(&self, operation: &O) -> Result<O::Output, Self::Error> {
//!         Blocking::call(self, operation)
//!     }
//! }
//! ```

mod caller;
mod check;
mod checks;
mod report;
mod run;
mod server;
mod session;
mod target;

pub use caller::{Caller, Failure};
pub use check::Check;
pub use report::{ConformanceError, FailedCheck, Report};
pub use run::conformance;
pub use target::Target;
