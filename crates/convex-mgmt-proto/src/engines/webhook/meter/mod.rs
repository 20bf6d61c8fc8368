//! [`Meter`]: adds up the billing counters of events, exactly.

mod counters;
mod state;
mod storage;
mod stored;
mod usage;

pub use self::counters::{DeploymentUsage, FunctionUsage};
pub use self::state::{DEFAULT_CAPACITY, DEFAULT_HORIZON, Meter};
pub use self::storage::StorageReading;
pub use self::usage::{DeliveryCounts, FunctionId, MeteredUsage};
