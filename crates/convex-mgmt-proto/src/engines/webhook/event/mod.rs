//! The events of log streams, version 2: their kinds, and the two framings of a batch.
//!
//! Source: convex-backend `crates/common/src/log_streaming.rs` and `crates/log_streaming/src`.

mod audit;
mod batch;
mod console;
mod decode;
mod deployment;
mod envelope;
mod function;
mod gauges;
mod kind;
mod usage;

use std::fmt;

pub use self::audit::{AuditLogEntry, AuditLogMetadata, CustomAudit};
pub use self::batch::{Batch, EventError, read};
pub use self::console::{ConsoleLog, LogLevel, Verification};
pub use self::deployment::EventDeployment;
pub use self::envelope::Event;
pub use self::function::{
    ExecutionStatus, Function, FunctionExecution, FunctionType, OccInfo, RunReason, SchedulerInfo,
};
pub use self::gauges::{
    Concurrency, ConcurrencyStats, LogStreamEgress, ScheduledJobLag, SchedulerStats, StorageBandwidth, StorageUsage,
};
pub use self::kind::EventKind;
pub use self::usage::Usage;

/// A text that may hold personal data. `Debug` shows its length only.
struct Hidden<'a>(&'a str);

impl fmt::Debug for Hidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

#[cfg(test)]
mod tests;
