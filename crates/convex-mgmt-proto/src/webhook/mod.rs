//! Receiving the events of webhook log streams: verification, events, and metering.

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
