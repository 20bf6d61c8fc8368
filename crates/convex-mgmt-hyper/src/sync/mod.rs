//! Data sync with a client: [`SyncDriver`] keeps a sink in step with a deployment, [`SyncBatches`] is a stream of batches.
//!
//! Both drive the engine of [`convex_mgmt_proto::sync`]: they request pages, pause between them, and keep trying while the deployment
//! cannot be reached. They wait with the timer of the client.

mod active;
mod batches;
mod driver;
mod event;
mod failure;
mod limit;
mod walk;

pub use self::active::find_active_sync;
pub use self::batches::{PendingBatch, SyncBatches};
pub use self::driver::SyncDriver;
pub use self::event::SyncEvent;
pub use self::failure::SyncFailure;
pub use self::limit::SyncLimit;
