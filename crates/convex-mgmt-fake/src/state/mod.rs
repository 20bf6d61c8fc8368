//! The deployment, its settings, and the state that all requests to a server share.

mod audit;
mod clock;
mod deployment;
mod faults;
mod ids;
mod keys;
mod knobs;
mod plan;
mod requests;
mod shared;
mod topics;

pub use audit::AuditEntry;
pub use faults::Fault;
pub use knobs::{InvalidSetting, Knobs};
pub use plan::Plan;
pub use requests::RecordedRequest;

pub(crate) use audit::Origin;
pub(crate) use clock::{Clock, millis};
pub(crate) use deployment::Deployment;
pub(crate) use ids::{Random, encode_id, hex, random_bytes, table_of_id, uuid};
pub(crate) use keys::{Access, AccessTokens, Keys, secret_of};
pub(crate) use knobs::Settings;
pub(crate) use shared::{Shared, WeakShared};
pub(crate) use topics::TopicStates;
