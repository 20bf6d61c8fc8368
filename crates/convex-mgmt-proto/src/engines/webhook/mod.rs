//! Receiving the events of webhook log streams: verification, events, and metering.

mod event;

pub use self::event::{
    AuditLogEntry, AuditLogMetadata, Batch, Concurrency, ConcurrencyStats, ConsoleLog, CustomAudit, Event,
    EventDeployment, EventError, EventKind, ExecutionStatus, Function, FunctionExecution, FunctionType, LogLevel,
    LogStreamEgress, OccInfo, RunReason, ScheduledJobLag, SchedulerInfo, SchedulerStats, StorageBandwidth,
    StorageUsage, Usage, Verification, read,
};
