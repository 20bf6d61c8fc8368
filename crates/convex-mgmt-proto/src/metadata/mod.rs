//! The static description of the APIs and their operations.

mod api;
mod operation;

pub(crate) use self::api::prefix;
pub use self::api::{Api, DeploymentApi, ManagementApi};
pub(crate) use self::operation::class_text;
pub use self::operation::{CredentialClass, Idempotency, OperationMeta, Paging};
