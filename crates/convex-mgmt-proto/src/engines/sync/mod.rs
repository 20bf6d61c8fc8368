//! A copy of a deployment's documents that follows every change: the engine of data sync, without IO.
//!
//! [`SyncEngine`] decides which page to request, checks it, and turns it into a [`SyncBatch`]: the changes of the page and the
//! [`Checkpoint`] after it. The copy is a [`Sink`], which stores both in one transaction. The engine moves its cursor only after
//! that, so a copy and its cursor never disagree, wherever a program stops.
//!
//! ```
//! use convex_mgmt::deployment::data_sync::{DataSyncPage, DataSyncStatus, Snapshot};
//! use convex_mgmt::sync::{MemorySink, SyncEngine, SyncOptions};
//! # use convex_mgmt::deployment::DataSync;
//! use convex_mgmt::{DeployKey, Endpoint, UnixMillis, UnixNanos};
//!
//! # let mut calls = 0;
//! # let mut send = |_: &DataSync| -> Result<DataSyncPage, convex_mgmt::ErrorCode> {
//! #     calls += 1;
//! #     Ok(DataSyncPage::new(DataSyncStatus::UpToDate(Snapshot::new(UnixNanos(5))), "s", format!("cursor {calls}")))
//! # };
//! # let (now, jitter, mut sleep, mut turns) = (|| UnixMillis(5), || 0.5, |_| {}, 0..2);
//! let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &DeployKey::parse("prod:happy-animal-123|...")?)?;
//! let mut sink = MemorySink::new();
//! let mut engine = SyncEngine::new(sink.state(), SyncOptions::new(&endpoint))?;
//! # while turns.next().is_some() {
//! match send(engine.request()) {
//!     Ok(page) => {
//!         let batch = engine.accept(page, now())?;
//!         sink.commit(&batch)?;
//!         sleep(engine.confirm(batch, jitter())?);
//!     }
//!     Err(code) if engine.recover(&code) => {} // an expired cursor: the next request begins a new copy
//!     Err(code) => return Err(code.to_string().into()),
//! }
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The loop runs until its program stops. The client has it as a driver: see `SyncDriver` of `convex-mgmt-hyper`.

mod batch;
mod checkpoint;
mod engine;
mod error;
mod memory;
mod options;
mod sink;

pub use self::batch::{SyncBatch, SyncChange};
pub use self::checkpoint::{Checkpoint, CheckpointError};
pub use self::engine::SyncEngine;
pub use self::error::{SyncConflict, SyncError};
pub use self::memory::{MemorySink, Row};
pub use self::options::{OldRows, OnSelectionChange, Pace, SyncOptions};
pub use self::sink::{Sink, SinkState};
