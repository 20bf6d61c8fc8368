//! The deployment, its settings, and the state that all requests share.

mod audit;
mod deployment;
mod faults;
mod ids;
mod keys;
mod knobs;
mod plan;
mod random;
mod requests;
mod shared;
mod topics;

pub use audit::AuditEntry;
pub use faults::Fault;
pub use knobs::Knobs;
pub use plan::Plan;
pub use requests::RecordedRequest;

pub(crate) use audit::Origin;
pub(crate) use deployment::{Deployment, millis};
pub(crate) use ids::{encode_id, table_of_id};
pub(crate) use keys::{Keys, secret_of};
pub(crate) use random::{hex, random_bytes, uuid};
pub(crate) use shared::Shared;
