//! Receiving the events of webhook log streams: verification, events, and metering.
//!
//! A receiver processes a delivery in this order. No step performs IO or reads a clock.
//!
//! 1. [`Signature::from_headers`] reads the header [`SIGNATURE_HEADER`].
//! 2. [`Verifier::verify`] checks the bytes of the body, or [`Verifier::begin`] does so in chunks. [`VerifyError::status`] is the status
//!    of the response if they fail.
//! 3. [`RecentBatches::contains`] recognises a delivery that was processed already, by [`Verified::digest`]. Respond with 200.
//! 4. [`Verified::read`] reads the events, and [`Window::check`] rejects old ones. Respond with 400 if one of them fails.
//! 5. Process the events, for example with a [`Meter`].
//! 6. [`RecentBatches::insert`]; store it together with the effects of the events. Respond with 500 if that fails, and the server sends
//!    the batch again.
//! 7. Respond with 200.
//!
//! Sources: convex-backend `crates/log_streaming/src/sinks/webhook.rs` and `crates/log_streaming/src/consts.rs` for signature, batches and
//! retries; `crates/common/src/log_streaming.rs` for the events.

mod digest;
mod event;
mod meter;
mod recent;
mod signature;
mod verify;
mod window;

pub use self::digest::{BatchDigest, BatchDigestError};
pub use self::event::{
    AuditLogEntry, AuditLogMetadata, Batch, Concurrency, ConcurrencyStats, ConsoleLog, CustomAudit, Event,
    EventDeployment, EventError, EventKind, ExecutionStatus, Function, FunctionExecution, FunctionType, LogLevel,
    LogStreamEgress, OccInfo, RunReason, ScheduledJobLag, SchedulerInfo, SchedulerStats, StorageBandwidth,
    StorageUsage, Usage, Verification, read,
};
pub use self::meter::{
    DEFAULT_CAPACITY, DEFAULT_HORIZON, DeliveryCounts, DeploymentUsage, FunctionId, FunctionUsage, Meter, MeteredUsage,
    StorageReading,
};
pub use self::recent::RecentBatches;
pub use self::signature::{SIGNATURE_HEADER, Signature, SignatureError};
pub use self::verify::{BodyVerifier, DEFAULT_MAX_BODY, SecretError, Verified, Verifier, VerifyError};
pub use self::window::{Window, WindowError};
